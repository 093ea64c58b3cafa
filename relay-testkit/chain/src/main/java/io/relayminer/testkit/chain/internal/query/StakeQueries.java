package io.relayminer.testkit.chain.internal.query;

import com.google.protobuf.MessageLite;

import io.relayminer.core.wire.application.Application;
import io.relayminer.core.wire.application.QueryAllApplicationsRequest;
import io.relayminer.core.wire.application.QueryAllApplicationsResponse;
import io.relayminer.core.wire.application.QueryGetApplicationRequest;
import io.relayminer.core.wire.application.QueryGetApplicationResponse;
import io.relayminer.core.wire.gateway.Gateway;
import io.relayminer.core.wire.gateway.QueryAllGatewaysRequest;
import io.relayminer.core.wire.gateway.QueryAllGatewaysResponse;
import io.relayminer.core.wire.gateway.QueryGetGatewayRequest;
import io.relayminer.core.wire.gateway.QueryGetGatewayResponse;
import io.relayminer.core.wire.shared.Supplier;
import io.relayminer.core.wire.supplier.QueryAllSuppliersRequest;
import io.relayminer.core.wire.supplier.QueryAllSuppliersResponse;
import io.relayminer.core.wire.supplier.QueryGetSupplierRequest;
import io.relayminer.core.wire.supplier.QueryGetSupplierResponse;
import io.relayminer.testkit.chain.internal.encoding.Bech32Text;
import io.relayminer.testkit.chain.internal.query.QueryRouter.QueryContext;
import io.relayminer.testkit.chain.internal.stake.SupplierRegistry;
import io.relayminer.testkit.chain.internal.state.Keys;

import java.util.ArrayList;
import java.util.List;

/** Queries for what is staked: applications, gateways and suppliers. */
final class StakeQueries {
    private StakeQueries() {}

    static void register(QueryRouter router) {
        router.add(
                "pocket.application.Query/Application",
                QueryGetApplicationRequest.getDefaultInstance(),
                (context, request) -> {
                    Application app =
                            context.state()
                                    .get(
                                            Keys.APPLICATIONS + request.getAddress(),
                                            Application.class);
                    if (app == null || request.getAddress().isEmpty()) {
                        throw QueryException.notFound(
                                "app address: " + request.getAddress() + ": application not found");
                    }
                    return QueryGetApplicationResponse.newBuilder().setApplication(app).build();
                });
        router.add(
                "pocket.application.Query/AllApplications",
                QueryAllApplicationsRequest.getDefaultInstance(),
                StakeQueries::allApplications);
        router.add(
                "pocket.gateway.Query/Gateway",
                QueryGetGatewayRequest.getDefaultInstance(),
                (context, request) -> {
                    Gateway gateway =
                            context.state()
                                    .get(Keys.GATEWAYS + request.getAddress(), Gateway.class);
                    if (gateway == null || request.getAddress().isEmpty()) {
                        throw QueryException.notFound(
                                "gateway not found: address " + request.getAddress());
                    }
                    return QueryGetGatewayResponse.newBuilder().setGateway(gateway).build();
                });
        router.add(
                "pocket.gateway.Query/AllGateways",
                QueryAllGatewaysRequest.getDefaultInstance(),
                (context, request) -> {
                    Pages.Page<Gateway> page =
                            Pages.of(
                                    Pages.under(context.state(), Keys.GATEWAYS, Gateway.class),
                                    request.getPagination());
                    return QueryAllGatewaysResponse.newBuilder()
                            .addAllGateways(page.values())
                            .setPagination(page.response())
                            .build();
                });
        router.add(
                "pocket.supplier.Query/Supplier",
                QueryGetSupplierRequest.getDefaultInstance(),
                (context, request) -> {
                    Supplier supplier =
                            context.state()
                                    .get(
                                            Keys.SUPPLIERS + request.getOperatorAddress(),
                                            Supplier.class);
                    if (supplier == null || request.getOperatorAddress().isEmpty()) {
                        throw QueryException.notFound(
                                "supplier with operator address: \""
                                        + request.getOperatorAddress()
                                        + "\": supplier not found");
                    }
                    return QueryGetSupplierResponse.newBuilder()
                            .setSupplier(
                                    SupplierRegistry.hydrate(
                                            context.state(),
                                            supplier,
                                            context.height(),
                                            request.getDehydrated()))
                            .build();
                });
        router.add(
                "pocket.supplier.Query/AllSuppliers",
                QueryAllSuppliersRequest.getDefaultInstance(),
                StakeQueries::allSuppliers);
    }

    private static MessageLite allApplications(
            QueryContext context, QueryAllApplicationsRequest request) throws QueryException {
        String gateway = request.getDelegateeGatewayAddress();
        if (!gateway.isEmpty()) {
            try {
                Bech32Text.decodeAccount(gateway);
            } catch (Bech32Text.AddressException e) {
                throw QueryException.invalid(
                        "\""
                                + gateway
                                + "\"; ("
                                + e.text()
                                + "): invalid gateway address querying for apps with delegatee"
                                + " gateway address");
            }
        }
        List<Pages.Entry<Application>> entries =
                Pages.under(context.state(), Keys.APPLICATIONS, Application.class);
        if (!gateway.isEmpty()) {
            entries.removeIf(
                    entry -> !entry.value().getDelegateeGatewayAddressesList().contains(gateway));
        }
        Pages.Page<Application> page = Pages.of(entries, request.getPagination());
        return QueryAllApplicationsResponse.newBuilder()
                .addAllApplications(page.values())
                .setPagination(page.response())
                .build();
    }

    private static MessageLite allSuppliers(QueryContext context, QueryAllSuppliersRequest request)
            throws QueryException {
        List<Pages.Entry<Supplier>> entries = new ArrayList<>();
        for (Pages.Entry<Supplier> entry :
                Pages.under(context.state(), Keys.SUPPLIERS, Supplier.class)) {
            Supplier supplier =
                    SupplierRegistry.hydrate(
                            context.state(),
                            entry.value(),
                            context.height(),
                            request.getDehydrated());
            if (matches(supplier, request)) {
                entries.add(new Pages.Entry<>(entry.key(), supplier));
            }
        }
        boolean onlyOperator =
                !request.getOperatorAddress().isEmpty()
                        && request.getServiceId().isEmpty()
                        && request.getOwnerAddress().isEmpty();
        if (onlyOperator) {
            return QueryAllSuppliersResponse.newBuilder()
                    .addAllSupplier(entries.stream().map(Pages.Entry::value).toList())
                    .build();
        }
        Pages.Page<Supplier> page = Pages.of(entries, request.getPagination());
        return QueryAllSuppliersResponse.newBuilder()
                .addAllSupplier(page.values())
                .setPagination(page.response())
                .build();
    }

    private static boolean matches(Supplier supplier, QueryAllSuppliersRequest request) {
        return (request.getOperatorAddress().isEmpty()
                        || request.getOperatorAddress().equals(supplier.getOperatorAddress()))
                && (request.getOwnerAddress().isEmpty()
                        || request.getOwnerAddress().equals(supplier.getOwnerAddress()))
                && (request.getServiceId().isEmpty()
                        || supplier.getServicesList().stream()
                                .anyMatch(
                                        config ->
                                                config.getServiceId()
                                                        .equals(request.getServiceId())));
    }
}
