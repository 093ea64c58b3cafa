package io.relayminer.testkit.chain.internal.query;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;

import io.relayminer.core.wire.service.QueryAllRelayMiningDifficultyRequest;
import io.relayminer.core.wire.service.QueryAllRelayMiningDifficultyResponse;
import io.relayminer.core.wire.service.QueryAllServicesRequest;
import io.relayminer.core.wire.service.QueryAllServicesResponse;
import io.relayminer.core.wire.service.QueryComputeUnitsPerRelayAtHeightRequest;
import io.relayminer.core.wire.service.QueryComputeUnitsPerRelayAtHeightResponse;
import io.relayminer.core.wire.service.QueryComputeUnitsPerRelayHistoryRequest;
import io.relayminer.core.wire.service.QueryComputeUnitsPerRelayHistoryResponse;
import io.relayminer.core.wire.service.QueryGetRelayMiningDifficultyAtHeightRequest;
import io.relayminer.core.wire.service.QueryGetRelayMiningDifficultyAtHeightResponse;
import io.relayminer.core.wire.service.QueryGetRelayMiningDifficultyRequest;
import io.relayminer.core.wire.service.QueryGetRelayMiningDifficultyResponse;
import io.relayminer.core.wire.service.QueryGetServiceRequest;
import io.relayminer.core.wire.service.QueryGetServiceResponse;
import io.relayminer.core.wire.service.QueryRelayMiningDifficultyHistoryRequest;
import io.relayminer.core.wire.service.QueryRelayMiningDifficultyHistoryResponse;
import io.relayminer.core.wire.service.RelayMiningDifficulty;
import io.relayminer.core.wire.service.RelayMiningDifficultyUpdate;
import io.relayminer.core.wire.service.ServiceComputeUnitsPerRelayUpdate;
import io.relayminer.core.wire.shared.Service;
import io.relayminer.testkit.chain.internal.query.QueryRouter.QueryContext;
import io.relayminer.testkit.chain.internal.stake.ServiceRegistry;
import io.relayminer.testkit.chain.internal.state.Keys;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Queries for services: what a relay costs and how hard it is to mine one, now and at a height. */
final class ServiceQueries {
    private ServiceQueries() {}

    static void register(QueryRouter router) {
        router.add(
                "pocket.service.Query/Service",
                QueryGetServiceRequest.getDefaultInstance(),
                (context, request) -> {
                    Service service = ServiceRegistry.service(context.state(), request.getId());
                    if (service == null || request.getId().isEmpty()) {
                        throw QueryException.notFound(
                                "service ID not found: \"" + request.getId() + "\"");
                    }
                    return QueryGetServiceResponse.newBuilder()
                            .setService(dehydrated(service, request.getDehydrated()))
                            .build();
                });
        router.add(
                "pocket.service.Query/AllServices",
                QueryAllServicesRequest.getDefaultInstance(),
                (context, request) -> {
                    Pages.Page<Service> page =
                            Pages.of(
                                    Pages.under(context.state(), Keys.SERVICES, Service.class),
                                    request.getPagination());
                    return QueryAllServicesResponse.newBuilder()
                            .addAllService(
                                    page.values().stream()
                                            .map(
                                                    service ->
                                                            dehydrated(
                                                                    service,
                                                                    request.getDehydrated()))
                                            .toList())
                            .setPagination(page.response())
                            .build();
                });
        router.add(
                "pocket.service.Query/RelayMiningDifficulty",
                QueryGetRelayMiningDifficultyRequest.getDefaultInstance(),
                (context, request) -> {
                    requireService(context, request.getServiceId());
                    return QueryGetRelayMiningDifficultyResponse.newBuilder()
                            .setRelayMiningDifficulty(
                                    ServiceRegistry.currentDifficulty(
                                            context.state(),
                                            request.getServiceId(),
                                            context.height()))
                            .build();
                });
        router.add(
                "pocket.service.Query/RelayMiningDifficultyAll",
                QueryAllRelayMiningDifficultyRequest.getDefaultInstance(),
                (context, request) -> {
                    Pages.Page<RelayMiningDifficulty> page =
                            Pages.of(
                                    Pages.under(
                                            context.state(),
                                            Keys.DIFFICULTY,
                                            RelayMiningDifficulty.class),
                                    request.getPagination());
                    return QueryAllRelayMiningDifficultyResponse.newBuilder()
                            .addAllRelayMiningDifficulty(page.values())
                            .setPagination(page.response())
                            .build();
                });
        router.add(
                "pocket.service.Query/RelayMiningDifficultyAtHeight",
                QueryGetRelayMiningDifficultyAtHeightRequest.getDefaultInstance(),
                (context, request) -> {
                    requireAtHeight(context, request.getServiceId(), request.getBlockHeight());
                    return QueryGetRelayMiningDifficultyAtHeightResponse.newBuilder()
                            .setRelayMiningDifficulty(
                                    ServiceRegistry.difficulty(
                                            context.state(),
                                            request.getServiceId(),
                                            request.getBlockHeight()))
                            .build();
                });
        router.add(
                "pocket.service.Query/RelayMiningDifficultyHistory",
                QueryRelayMiningDifficultyHistoryRequest.getDefaultInstance(),
                ServiceQueries::difficultyHistory);
        router.add(
                "pocket.service.Query/ComputeUnitsPerRelayAtHeight",
                QueryComputeUnitsPerRelayAtHeightRequest.getDefaultInstance(),
                (context, request) -> {
                    Service service =
                            requireAtHeight(
                                    context, request.getServiceId(), request.getBlockHeight());
                    return QueryComputeUnitsPerRelayAtHeightResponse.newBuilder()
                            .setComputeUnitsPerRelay(
                                    ServiceRegistry.computeUnitsPerRelay(
                                            context.state(), service, request.getBlockHeight()))
                            .build();
                });
        router.add(
                "pocket.service.Query/ComputeUnitsPerRelayHistory",
                QueryComputeUnitsPerRelayHistoryRequest.getDefaultInstance(),
                ServiceQueries::computeUnitsHistory);
    }

    private static Service dehydrated(Service service, boolean dehydrated) {
        return dehydrated ? service.toBuilder().clearMetadata().build() : service;
    }

    private static Service requireService(QueryContext context, String serviceId)
            throws QueryException {
        Service service =
                serviceId.isEmpty() ? null : ServiceRegistry.service(context.state(), serviceId);
        if (service == null) {
            throw QueryException.notFound("serviceID: " + serviceId + ": service not found");
        }
        return service;
    }

    private static Service requireAtHeight(QueryContext context, String serviceId, long height)
            throws QueryException {
        if (serviceId.isEmpty()) {
            throw QueryException.invalid("service ID is required");
        }
        if (height < 0) {
            throw QueryException.invalid("block height must be non-negative");
        }
        return requireService(context, serviceId);
    }

    private static ByteString heightKey(long height) {
        return ByteString.copyFrom(ByteBuffer.allocate(Long.BYTES).putLong(height).array());
    }

    private static MessageLite difficultyHistory(
            QueryContext context, QueryRelayMiningDifficultyHistoryRequest request)
            throws QueryException {
        requireAtHeight(context, request.getServiceId(), 0);
        List<Pages.Entry<RelayMiningDifficultyUpdate>> entries = new ArrayList<>();
        for (Map.Entry<String, Object> entry :
                context.state().scan(Keys.DIFFICULTY_HISTORY + request.getServiceId() + "/")) {
            long height = Keys.heightAtEnd(entry.getKey());
            entries.add(
                    new Pages.Entry<>(
                            heightKey(height),
                            RelayMiningDifficultyUpdate.newBuilder()
                                    .setEffectiveHeight(height)
                                    .setDifficulty((RelayMiningDifficulty) entry.getValue())
                                    .build()));
        }
        Pages.Page<RelayMiningDifficultyUpdate> page = Pages.of(entries, request.getPagination());
        return QueryRelayMiningDifficultyHistoryResponse.newBuilder()
                .addAllRelayMiningDifficultyHistory(page.values())
                .setPagination(page.response())
                .build();
    }

    private static MessageLite computeUnitsHistory(
            QueryContext context, QueryComputeUnitsPerRelayHistoryRequest request)
            throws QueryException {
        requireAtHeight(context, request.getServiceId(), 0);
        List<Pages.Entry<ServiceComputeUnitsPerRelayUpdate>> entries = new ArrayList<>();
        for (Map.Entry<String, Object> entry :
                context.state().scan(Keys.COMPUTE_UNITS + request.getServiceId() + "/")) {
            long height = Keys.heightAtEnd(entry.getKey());
            entries.add(
                    new Pages.Entry<>(
                            heightKey(height),
                            ServiceComputeUnitsPerRelayUpdate.newBuilder()
                                    .setEffectiveHeight(height)
                                    .setServiceId(request.getServiceId())
                                    .setComputeUnitsPerRelay((Long) entry.getValue())
                                    .build()));
        }
        Pages.Page<ServiceComputeUnitsPerRelayUpdate> page =
                Pages.of(entries, request.getPagination());
        return QueryComputeUnitsPerRelayHistoryResponse.newBuilder()
                .addAllComputeUnitsPerRelayHistory(page.values())
                .setPagination(page.response())
                .build();
    }
}
