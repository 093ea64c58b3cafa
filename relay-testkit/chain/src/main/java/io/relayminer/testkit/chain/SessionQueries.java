package io.relayminer.testkit.chain;

import com.google.protobuf.MessageLite;

import io.grpc.Status;
import io.relayminer.core.wire.session.QueryGetSessionRequest;
import io.relayminer.core.wire.session.QueryGetSessionResponse;
import io.relayminer.testkit.chain.QueryRouter.QueryContext;

/** The query for a session. */
final class SessionQueries {
    private SessionQueries() {}

    static void register(QueryRouter router) {
        router.add(
                "pocket.session.Query/GetSession",
                QueryGetSessionRequest.getDefaultInstance(),
                SessionQueries::session);
    }

    private static MessageLite session(QueryContext context, QueryGetSessionRequest request)
            throws QueryException {
        try {
            Bech32Text.decodeAccount(request.getApplicationAddress());
        } catch (Bech32Text.AddressException e) {
            throw QueryException.invalid(e.text() + ": invalid application address for session");
        }
        String badServiceId = SessionHydration.serviceIdProblem(request.getServiceId());
        if (!badServiceId.isEmpty()) {
            throw QueryException.invalid(badServiceId);
        }
        if (request.getBlockHeight() < 0) {
            throw QueryException.invalid(
                    "invalid block height for session being retrieved "
                            + request.getBlockHeight()
                            + ";: invalid block height for session");
        }
        long height = request.getBlockHeight() == 0 ? context.height() : request.getBlockHeight();
        try {
            return QueryGetSessionResponse.newBuilder()
                    .setSession(
                            SessionHydration.hydrate(
                                    context.state(),
                                    context.height(),
                                    request.getApplicationAddress(),
                                    request.getServiceId(),
                                    height))
                    .build();
        } catch (SessionHydration.HydrationException e) {
            throw new QueryException(Status.Code.INTERNAL, e.text());
        }
    }
}
