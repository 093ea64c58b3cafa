package io.relayminer.testkit.chain.internal.query;

import io.relayminer.core.wire.shared.QueryParamsAtHeightRequest;
import io.relayminer.core.wire.shared.QueryParamsAtHeightResponse;
import io.relayminer.testkit.chain.internal.params.ChainParams;

/** Queries for the parameters of the modules. */
final class ParameterQueries {
    private ParameterQueries() {}

    static void register(QueryRouter router) {
        router.add(
                "pocket.shared.Query/Params",
                io.relayminer.core.wire.shared.QueryParamsRequest.getDefaultInstance(),
                (context, request) ->
                        io.relayminer.core.wire.shared.QueryParamsResponse.newBuilder()
                                .setParams(ChainParams.shared(context.state()))
                                .build());
        router.add(
                "pocket.shared.Query/ParamsAtHeight",
                QueryParamsAtHeightRequest.getDefaultInstance(),
                (context, request) -> {
                    if (request.getHeight() < 0) {
                        throw QueryException.invalid("height must be non-negative");
                    }
                    return QueryParamsAtHeightResponse.newBuilder()
                            .setParams(ChainParams.sharedAt(context.state(), request.getHeight()))
                            .build();
                });
        router.add(
                "pocket.session.Query/Params",
                io.relayminer.core.wire.session.QueryParamsRequest.getDefaultInstance(),
                (context, request) ->
                        io.relayminer.core.wire.session.QueryParamsResponse.newBuilder()
                                .setParams(ChainParams.session(context.state()))
                                .build());
        router.add(
                "pocket.proof.Query/Params",
                io.relayminer.core.wire.proof.QueryParamsRequest.getDefaultInstance(),
                (context, request) ->
                        io.relayminer.core.wire.proof.QueryParamsResponse.newBuilder()
                                .setParams(ChainParams.proof(context.state()))
                                .build());
        router.add(
                "pocket.service.Query/Params",
                io.relayminer.core.wire.service.QueryParamsRequest.getDefaultInstance(),
                (context, request) ->
                        io.relayminer.core.wire.service.QueryParamsResponse.newBuilder()
                                .setParams(ChainParams.service(context.state()))
                                .build());
        router.add(
                "pocket.application.Query/Params",
                io.relayminer.core.wire.application.QueryParamsRequest.getDefaultInstance(),
                (context, request) ->
                        io.relayminer.core.wire.application.QueryParamsResponse.newBuilder()
                                .setParams(ChainParams.application(context.state()))
                                .build());
        router.add(
                "pocket.supplier.Query/Params",
                io.relayminer.core.wire.supplier.QueryParamsRequest.getDefaultInstance(),
                (context, request) ->
                        io.relayminer.core.wire.supplier.QueryParamsResponse.newBuilder()
                                .setParams(ChainParams.supplier(context.state()))
                                .build());
        router.add(
                "pocket.gateway.Query/Params",
                io.relayminer.core.wire.gateway.QueryParamsRequest.getDefaultInstance(),
                (context, request) ->
                        io.relayminer.core.wire.gateway.QueryParamsResponse.newBuilder()
                                .setParams(ChainParams.gateway(context.state()))
                                .build());
        router.add(
                "pocket.tokenomics.Query/Params",
                io.relayminer.core.wire.tokenomics.QueryParamsRequest.getDefaultInstance(),
                (context, request) ->
                        io.relayminer.core.wire.tokenomics.QueryParamsResponse.newBuilder()
                                .setParams(ChainParams.tokenomics(context.state()))
                                .build());
        router.add(
                "cosmos.bank.v1beta1.Query/Params",
                io.relayminer.core.wire.cosmos.bank.QueryParamsRequest.getDefaultInstance(),
                (context, request) ->
                        io.relayminer.core.wire.cosmos.bank.QueryParamsResponse.newBuilder()
                                .setParams(ChainParams.bank())
                                .build());
        router.add(
                "cosmos.auth.v1beta1.Query/Params",
                io.relayminer.core.wire.cosmos.auth.QueryParamsRequest.getDefaultInstance(),
                (context, request) ->
                        io.relayminer.core.wire.cosmos.auth.QueryParamsResponse.newBuilder()
                                .setParams(ChainParams.auth(context.state()))
                                .build());
    }
}
