package io.relayminer.testkit.chain;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;

import io.grpc.Status;
import io.relayminer.core.wire.application.Application;
import io.relayminer.core.wire.application.QueryAllApplicationsRequest;
import io.relayminer.core.wire.application.QueryAllApplicationsResponse;
import io.relayminer.core.wire.application.QueryGetApplicationRequest;
import io.relayminer.core.wire.application.QueryGetApplicationResponse;
import io.relayminer.core.wire.cosmos.auth.BaseAccount;
import io.relayminer.core.wire.cosmos.auth.Bech32PrefixRequest;
import io.relayminer.core.wire.cosmos.auth.Bech32PrefixResponse;
import io.relayminer.core.wire.cosmos.auth.ModuleAccount;
import io.relayminer.core.wire.cosmos.auth.QueryAccountInfoRequest;
import io.relayminer.core.wire.cosmos.auth.QueryAccountInfoResponse;
import io.relayminer.core.wire.cosmos.auth.QueryAccountRequest;
import io.relayminer.core.wire.cosmos.auth.QueryAccountResponse;
import io.relayminer.core.wire.cosmos.auth.QueryAccountsRequest;
import io.relayminer.core.wire.cosmos.auth.QueryAccountsResponse;
import io.relayminer.core.wire.cosmos.bank.QueryAllBalancesRequest;
import io.relayminer.core.wire.cosmos.bank.QueryAllBalancesResponse;
import io.relayminer.core.wire.cosmos.bank.QueryBalanceRequest;
import io.relayminer.core.wire.cosmos.bank.QueryBalanceResponse;
import io.relayminer.core.wire.cosmos.bank.QueryDenomMetadataByQueryStringRequest;
import io.relayminer.core.wire.cosmos.bank.QueryDenomMetadataRequest;
import io.relayminer.core.wire.cosmos.bank.QueryDenomsMetadataRequest;
import io.relayminer.core.wire.cosmos.bank.QueryDenomsMetadataResponse;
import io.relayminer.core.wire.cosmos.bank.QuerySpendableBalanceByDenomRequest;
import io.relayminer.core.wire.cosmos.bank.QuerySpendableBalanceByDenomResponse;
import io.relayminer.core.wire.cosmos.bank.QuerySpendableBalancesRequest;
import io.relayminer.core.wire.cosmos.bank.QuerySpendableBalancesResponse;
import io.relayminer.core.wire.cosmos.bank.QuerySupplyOfRequest;
import io.relayminer.core.wire.cosmos.bank.QuerySupplyOfResponse;
import io.relayminer.core.wire.cosmos.bank.QueryTotalSupplyRequest;
import io.relayminer.core.wire.cosmos.bank.QueryTotalSupplyResponse;
import io.relayminer.core.wire.cosmos.base.Coin;
import io.relayminer.core.wire.cosmos.node.ConfigRequest;
import io.relayminer.core.wire.cosmos.node.ConfigResponse;
import io.relayminer.core.wire.cosmos.query.PageRequest;
import io.relayminer.core.wire.cosmos.secp256k1.PubKey;
import io.relayminer.core.wire.gateway.Gateway;
import io.relayminer.core.wire.gateway.QueryAllGatewaysRequest;
import io.relayminer.core.wire.gateway.QueryAllGatewaysResponse;
import io.relayminer.core.wire.gateway.QueryGetGatewayRequest;
import io.relayminer.core.wire.gateway.QueryGetGatewayResponse;
import io.relayminer.core.wire.proof.Claim;
import io.relayminer.core.wire.proof.Proof;
import io.relayminer.core.wire.proof.QueryAllClaimsRequest;
import io.relayminer.core.wire.proof.QueryAllClaimsResponse;
import io.relayminer.core.wire.proof.QueryAllProofsRequest;
import io.relayminer.core.wire.proof.QueryAllProofsResponse;
import io.relayminer.core.wire.proof.QueryGetClaimRequest;
import io.relayminer.core.wire.proof.QueryGetClaimResponse;
import io.relayminer.core.wire.proof.QueryGetProofRequest;
import io.relayminer.core.wire.proof.QueryGetProofResponse;
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
import io.relayminer.core.wire.session.QueryGetSessionRequest;
import io.relayminer.core.wire.session.QueryGetSessionResponse;
import io.relayminer.core.wire.shared.QueryParamsAtHeightRequest;
import io.relayminer.core.wire.shared.QueryParamsAtHeightResponse;
import io.relayminer.core.wire.shared.Service;
import io.relayminer.core.wire.shared.Supplier;
import io.relayminer.core.wire.supplier.QueryAllSuppliersRequest;
import io.relayminer.core.wire.supplier.QueryAllSuppliersResponse;
import io.relayminer.core.wire.supplier.QueryGetSupplierRequest;
import io.relayminer.core.wire.supplier.QueryGetSupplierResponse;
import io.relayminer.testkit.chain.QueryRouter.QueryContext;

import org.jspecify.annotations.Nullable;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** The queries that are answered from state. */
final class Queries {
    private Queries() {}

    private static final String PREFIX = "pokt";

    static void register(QueryRouter router) {
        registerParams(router);
        registerAccounts(router);
        registerStakes(router);
        registerServices(router);
        registerClaims(router);
        router.add(
                "pocket.session.Query/GetSession",
                QueryGetSessionRequest.getDefaultInstance(),
                Queries::session);
        router.add(
                "cosmos.base.node.v1beta1.Service/Config",
                ConfigRequest.getDefaultInstance(),
                (context, request) ->
                        ConfigResponse.newBuilder()
                                .setPruningKeepRecent("0")
                                .setPruningInterval("0")
                                .build());
    }

    private static QueryException notFound(String text) {
        return new QueryException(Status.Code.NOT_FOUND, text);
    }

    private static QueryException invalid(String text) {
        return new QueryException(Status.Code.INVALID_ARGUMENT, text);
    }

    // ---------------------------------------------------------------------------------------------------------- params

    private static void registerParams(QueryRouter router) {
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
                        throw invalid("height must be non-negative");
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

    // -------------------------------------------------------------------------------------------------------- accounts

    private static void registerAccounts(QueryRouter router) {
        router.add(
                "cosmos.auth.v1beta1.Query/Account",
                QueryAccountRequest.getDefaultInstance(),
                (context, request) ->
                        QueryAccountResponse.newBuilder()
                                .setAccount(packed(account(context, request.getAddress())))
                                .build());
        router.add(
                "cosmos.auth.v1beta1.Query/AccountInfo",
                QueryAccountInfoRequest.getDefaultInstance(),
                (context, request) ->
                        QueryAccountInfoResponse.newBuilder()
                                .setInfo(base(account(context, request.getAddress())))
                                .build());
        router.add(
                "cosmos.bank.v1beta1.Query/Balance",
                QueryBalanceRequest.getDefaultInstance(),
                Queries::balance);
        router.add(
                "cosmos.bank.v1beta1.Query/AllBalances",
                QueryAllBalancesRequest.getDefaultInstance(),
                Queries::allBalances);
        router.add(
                "cosmos.bank.v1beta1.Query/SpendableBalances",
                QuerySpendableBalancesRequest.getDefaultInstance(),
                Queries::spendableBalances);
        router.add(
                "cosmos.bank.v1beta1.Query/SpendableBalanceByDenom",
                QuerySpendableBalanceByDenomRequest.getDefaultInstance(),
                (context, request) ->
                        QuerySpendableBalanceByDenomResponse.newBuilder()
                                .setBalance(
                                        balanceOf(
                                                context, request.getAddress(), request.getDenom()))
                                .build());
        router.add(
                "cosmos.bank.v1beta1.Query/TotalSupply",
                QueryTotalSupplyRequest.getDefaultInstance(),
                Queries::totalSupply);
        router.add(
                "cosmos.bank.v1beta1.Query/SupplyOf",
                QuerySupplyOfRequest.getDefaultInstance(),
                Queries::supplyOf);
        router.add(
                "cosmos.bank.v1beta1.Query/DenomMetadata",
                QueryDenomMetadataRequest.getDefaultInstance(),
                (context, request) -> {
                    throw noMetadata(request.getDenom());
                });
        router.add(
                "cosmos.bank.v1beta1.Query/DenomMetadataByQueryString",
                QueryDenomMetadataByQueryStringRequest.getDefaultInstance(),
                (context, request) -> {
                    throw noMetadata(request.getDenom());
                });
        router.add(
                "cosmos.bank.v1beta1.Query/DenomsMetadata",
                QueryDenomsMetadataRequest.getDefaultInstance(),
                (context, request) ->
                        QueryDenomsMetadataResponse.newBuilder()
                                .setPagination(
                                        Pages.of(List.of(), request.getPagination()).response())
                                .build());
        router.add(
                "cosmos.auth.v1beta1.Query/Accounts",
                QueryAccountsRequest.getDefaultInstance(),
                (context, request) -> accounts(context, request.getPagination()));
        router.add(
                "cosmos.auth.v1beta1.Query/Bech32Prefix",
                Bech32PrefixRequest.getDefaultInstance(),
                (context, request) ->
                        Bech32PrefixResponse.newBuilder().setBech32Prefix(PREFIX).build());
    }

    private static ChainAccount account(QueryContext context, String address)
            throws QueryException {
        if (address.isEmpty()) {
            throw invalid("Address cannot be empty");
        }
        try {
            Bech32Text.decodeAccount(address);
        } catch (Bech32Text.AddressException e) {
            throw QueryException.plain(e.text());
        }
        ChainAccount account = Ledger.account(context.state(), address);
        if (account == null) {
            throw notFound("account " + address + " not found");
        }
        return account;
    }

    private static BaseAccount base(ChainAccount account) {
        BaseAccount.Builder base =
                BaseAccount.newBuilder()
                        .setAddress(account.address())
                        .setAccountNumber(account.number())
                        .setSequence(account.sequence());
        if (!account.publicKey().isEmpty()) {
            base.setPubKey(
                    Any.newBuilder()
                            .setTypeUrl(Messages.typeUrl(PubKey.getDescriptor()))
                            .setValue(
                                    PubKey.newBuilder()
                                            .setKey(account.publicKey())
                                            .build()
                                            .toByteString()));
        }
        return base.build();
    }

    private static Any packed(ChainAccount account) {
        if (account.isModule()) {
            return Any.newBuilder()
                    .setTypeUrl(Messages.typeUrl(ModuleAccount.getDescriptor()))
                    .setValue(
                            ModuleAccount.newBuilder()
                                    .setBaseAccount(base(account))
                                    .setName(account.moduleName())
                                    .addAllPermissions(account.permissions())
                                    .build()
                                    .toByteString())
                    .build();
        }
        return Any.newBuilder()
                .setTypeUrl(Messages.typeUrl(BaseAccount.getDescriptor()))
                .setValue(base(account).toByteString())
                .build();
    }

    private static void checkAddress(String address) throws QueryException {
        try {
            Bech32Text.decodeAccount(address);
        } catch (Bech32Text.AddressException e) {
            throw invalid("invalid address: " + e.text());
        }
    }

    private static MessageLite balance(QueryContext context, QueryBalanceRequest request)
            throws QueryException {
        return QueryBalanceResponse.newBuilder()
                .setBalance(balanceOf(context, request.getAddress(), request.getDenom()))
                .build();
    }

    private static Coin balanceOf(QueryContext context, String address, String denom)
            throws QueryException {
        checkDenom(denom);
        checkAddress(address);
        return coin(denom, Ledger.balance(context.state(), address, denom));
    }

    private static void checkDenom(String denom) throws QueryException {
        if (!Ledger.isDenom(denom)) {
            throw invalid("invalid denom: " + denom);
        }
    }

    private static Coin coin(String denom, BigInteger amount) {
        return Coin.newBuilder().setDenom(denom).setAmount(amount.toString()).build();
    }

    private static MessageLite totalSupply(QueryContext context, QueryTotalSupplyRequest request)
            throws QueryException {
        Pages.Page<Coin> page = Pages.of(coinsUnder(context, Keys.SUPPLY), request.getPagination());
        return QueryTotalSupplyResponse.newBuilder()
                .addAllSupply(page.values())
                .setPagination(page.response())
                .build();
    }

    private static MessageLite supplyOf(QueryContext context, QuerySupplyOfRequest request)
            throws QueryException {
        checkDenom(request.getDenom());
        return QuerySupplyOfResponse.newBuilder()
                .setAmount(
                        coin(
                                request.getDenom(),
                                Ledger.supply(context.state(), request.getDenom())))
                .build();
    }

    /** The network describes no denomination. */
    private static QueryException noMetadata(String denom) throws QueryException {
        checkDenom(denom);
        return notFound("client metadata for denom " + denom);
    }

    private static MessageLite allBalances(QueryContext context, QueryAllBalancesRequest request)
            throws QueryException {
        Pages.Page<Coin> page = coins(context, request.getAddress(), request.getPagination());
        return QueryAllBalancesResponse.newBuilder()
                .addAllBalances(page.values())
                .setPagination(page.response())
                .build();
    }

    /** No account of this chain is vesting, so all it has can be spent. */
    private static MessageLite spendableBalances(
            QueryContext context, QuerySpendableBalancesRequest request) throws QueryException {
        Pages.Page<Coin> page = coins(context, request.getAddress(), request.getPagination());
        return QuerySpendableBalancesResponse.newBuilder()
                .addAllBalances(page.values())
                .setPagination(page.response())
                .build();
    }

    /** All accounts, in the order of their address bytes. */
    static QueryAccountsResponse accounts(QueryContext context, PageRequest pagination)
            throws QueryException {
        List<Pages.Entry<Any>> entries = new ArrayList<>();
        for (Map.Entry<String, Object> entry : context.state().scan(Keys.ACCOUNTS)) {
            ChainAccount account = (ChainAccount) entry.getValue();
            entries.add(new Pages.Entry<>(addressBytes(account.address()), packed(account)));
        }
        entries.sort(
                Comparator.comparing(
                        Pages.Entry::key, ByteString.unsignedLexicographicalComparator()));
        Pages.Page<Any> page = Pages.of(entries, pagination);
        return QueryAccountsResponse.newBuilder()
                .addAllAccounts(page.values())
                .setPagination(page.response())
                .build();
    }

    private static ByteString addressBytes(String address) {
        try {
            return Bech32Text.decodeAccount(address);
        } catch (Bech32Text.AddressException e) {
            throw new IllegalStateException("the state holds an account that has no address", e);
        }
    }

    private static Pages.Page<Coin> coins(QueryContext context, String address, PageRequest request)
            throws QueryException {
        checkAddress(address);
        return Pages.of(coinsUnder(context, Keys.BALANCES + address + "/"), request);
    }

    /** The amounts that state keeps under {@code prefix}, by denomination. */
    private static List<Pages.Entry<Coin>> coinsUnder(QueryContext context, String prefix) {
        List<Pages.Entry<Coin>> coins = new ArrayList<>();
        for (Map.Entry<String, Object> entry : context.state().scan(prefix)) {
            String denom = entry.getKey().substring(prefix.length());
            coins.add(
                    new Pages.Entry<>(
                            ByteString.copyFromUtf8(denom),
                            coin(denom, (BigInteger) entry.getValue())));
        }
        return coins;
    }

    // ---------------------------------------------------------------------------------------------------------- stakes

    private static void registerStakes(QueryRouter router) {
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
                        throw notFound(
                                "app address: " + request.getAddress() + ": application not found");
                    }
                    return QueryGetApplicationResponse.newBuilder().setApplication(app).build();
                });
        router.add(
                "pocket.application.Query/AllApplications",
                QueryAllApplicationsRequest.getDefaultInstance(),
                Queries::allApplications);
        router.add(
                "pocket.gateway.Query/Gateway",
                QueryGetGatewayRequest.getDefaultInstance(),
                (context, request) -> {
                    Gateway gateway =
                            context.state()
                                    .get(Keys.GATEWAYS + request.getAddress(), Gateway.class);
                    if (gateway == null || request.getAddress().isEmpty()) {
                        throw notFound("gateway not found: address " + request.getAddress());
                    }
                    return QueryGetGatewayResponse.newBuilder().setGateway(gateway).build();
                });
        router.add(
                "pocket.gateway.Query/AllGateways",
                QueryAllGatewaysRequest.getDefaultInstance(),
                (context, request) -> {
                    Pages.Page<Gateway> page =
                            Pages.of(
                                    entries(context, Keys.GATEWAYS, Gateway.class),
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
                        throw notFound(
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
                Queries::allSuppliers);
    }

    /** All values under a prefix; page keys are what follows the prefix, with a slash. */
    private static <T> List<Pages.Entry<T>> entries(
            QueryContext context, String prefix, Class<T> type) {
        List<Pages.Entry<T>> entries = new ArrayList<>();
        for (Map.Entry<String, Object> entry : context.state().scan(prefix)) {
            entries.add(
                    new Pages.Entry<>(
                            ByteString.copyFromUtf8(
                                    entry.getKey().substring(prefix.length()) + "/"),
                            type.cast(entry.getValue())));
        }
        return entries;
    }

    private static MessageLite allApplications(
            QueryContext context, QueryAllApplicationsRequest request) throws QueryException {
        String gateway = request.getDelegateeGatewayAddress();
        if (!gateway.isEmpty()) {
            try {
                Bech32Text.decodeAccount(gateway);
            } catch (Bech32Text.AddressException e) {
                throw invalid(
                        "\""
                                + gateway
                                + "\"; ("
                                + e.text()
                                + "): invalid gateway address querying for apps with delegatee"
                                + " gateway address");
            }
        }
        List<Pages.Entry<Application>> entries =
                entries(context, Keys.APPLICATIONS, Application.class);
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
        for (Pages.Entry<Supplier> entry : entries(context, Keys.SUPPLIERS, Supplier.class)) {
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

    // -------------------------------------------------------------------------------------------------------- services

    private static void registerServices(QueryRouter router) {
        router.add(
                "pocket.service.Query/Service",
                QueryGetServiceRequest.getDefaultInstance(),
                (context, request) -> {
                    Service service = ServiceRegistry.service(context.state(), request.getId());
                    if (service == null || request.getId().isEmpty()) {
                        throw notFound("service ID not found: \"" + request.getId() + "\"");
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
                                    entries(context, Keys.SERVICES, Service.class),
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
                                    entries(context, Keys.DIFFICULTY, RelayMiningDifficulty.class),
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
                Queries::difficultyHistory);
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
                Queries::computeUnitsHistory);
    }

    private static Service dehydrated(Service service, boolean dehydrated) {
        return dehydrated ? service.toBuilder().clearMetadata().build() : service;
    }

    private static Service requireService(QueryContext context, String serviceId)
            throws QueryException {
        Service service =
                serviceId.isEmpty() ? null : ServiceRegistry.service(context.state(), serviceId);
        if (service == null) {
            throw notFound("serviceID: " + serviceId + ": service not found");
        }
        return service;
    }

    private static Service requireAtHeight(QueryContext context, String serviceId, long height)
            throws QueryException {
        if (serviceId.isEmpty()) {
            throw invalid("service ID is required");
        }
        if (height < 0) {
            throw invalid("block height must be non-negative");
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

    // ---------------------------------------------------------------------------------------------------------- claims

    private static void registerClaims(QueryRouter router) {
        router.add(
                "pocket.proof.Query/Claim",
                QueryGetClaimRequest.getDefaultInstance(),
                (context, request) -> {
                    requireClaimKey(
                            "claim", request.getSessionId(), request.getSupplierOperatorAddress());
                    Claim claim =
                            context.state()
                                    .get(
                                            Keys.claim(
                                                    request.getSessionId(),
                                                    request.getSupplierOperatorAddress()),
                                            Claim.class);
                    if (claim == null) {
                        throw notFound(
                                absent(
                                        request.getSessionId(),
                                        request.getSupplierOperatorAddress(),
                                        ProofErrors.CLAIM_NOT_FOUND));
                    }
                    return QueryGetClaimResponse.newBuilder().setClaim(claim).build();
                });
        router.add(
                "pocket.proof.Query/Proof",
                QueryGetProofRequest.getDefaultInstance(),
                (context, request) -> {
                    requireClaimKey(
                            "proof", request.getSessionId(), request.getSupplierOperatorAddress());
                    Proof proof =
                            context.state()
                                    .get(
                                            Keys.proof(
                                                    request.getSessionId(),
                                                    request.getSupplierOperatorAddress()),
                                            Proof.class);
                    if (proof == null) {
                        throw notFound(
                                absent(
                                        request.getSessionId(),
                                        request.getSupplierOperatorAddress(),
                                        ProofErrors.PROOF_NOT_FOUND));
                    }
                    return QueryGetProofResponse.newBuilder().setProof(proof).build();
                });
        router.add(
                "pocket.proof.Query/AllClaims",
                QueryAllClaimsRequest.getDefaultInstance(),
                Queries::allClaims);
        router.add(
                "pocket.proof.Query/AllProofs",
                QueryAllProofsRequest.getDefaultInstance(),
                (context, request) -> {
                    Pages.Page<Proof> page =
                            pageOf(
                                    entries(context, Keys.PROOFS, Proof.class),
                                    request.getPagination());
                    return QueryAllProofsResponse.newBuilder()
                            .addAllProofs(page.values())
                            .setPagination(page.response())
                            .build();
                });
    }

    private static String absent(String sessionId, String supplier, String what) {
        return "session ID \"" + sessionId + "\" and supplier \"" + supplier + "\": " + what;
    }

    private static void requireClaimKey(String what, String sessionId, String supplier)
            throws QueryException {
        try {
            Bech32Text.decodeAccount(supplier);
        } catch (Bech32Text.AddressException e) {
            throw invalid(
                    "invalid supplier operator address for "
                            + what
                            + " being retrieved "
                            + supplier
                            + "; ("
                            + e.text()
                            + "): "
                            + ProofErrors.INVALID_ADDRESS);
        }
        if (sessionId.isEmpty()) {
            throw invalid(
                    "invalid empty session ID for "
                            + what
                            + " being retrieved: "
                            + ProofErrors.INVALID_SESSION_ID);
        }
    }

    private static <T> Pages.Page<T> pageOf(List<Pages.Entry<T>> entries, PageRequest request)
            throws QueryException {
        try {
            return Pages.of(entries, request);
        } catch (QueryException e) {
            throw new QueryException(Status.Code.INTERNAL, e.text());
        }
    }

    private static MessageLite allClaims(QueryContext context, QueryAllClaimsRequest request)
            throws QueryException {
        List<Pages.Entry<Claim>> entries =
                switch (request.getFilterCase()) {
                    case SUPPLIER_OPERATOR_ADDRESS ->
                            indexed(
                                    context,
                                    Keys.CLAIMS_BY_SUPPLIER
                                            + request.getSupplierOperatorAddress()
                                            + "/",
                                    request.getSupplierOperatorAddress());
                    case SESSION_END_HEIGHT ->
                            indexed(
                                    context,
                                    Keys.claimsEnding(Math.max(0, request.getSessionEndHeight())),
                                    null);
                    case SESSION_ID ->
                            request.getSessionId().isEmpty()
                                    ? primary(context, Keys.CLAIMS, "")
                                    : primary(
                                            context,
                                            Keys.CLAIMS + request.getSessionId() + "/",
                                            "/");
                    default -> primary(context, Keys.CLAIMS, "");
                };
        Pages.Page<Claim> page = pageOf(entries, request.getPagination());
        return QueryAllClaimsResponse.newBuilder()
                .addAllClaims(page.values())
                .setPagination(page.response())
                .build();
    }

    private static List<Pages.Entry<Claim>> primary(
            QueryContext context, String prefix, String keyPrefix) {
        List<Pages.Entry<Claim>> entries = new ArrayList<>();
        for (Map.Entry<String, Object> entry : context.state().scan(prefix)) {
            entries.add(
                    new Pages.Entry<>(
                            ByteString.copyFromUtf8(
                                    keyPrefix + entry.getKey().substring(prefix.length())),
                            (Claim) entry.getValue()));
        }
        return entries;
    }

    /**
     * Claims behind an index whose entries end with the session id, and with the supplier unless it
     * is given.
     */
    private static List<Pages.Entry<Claim>> indexed(
            QueryContext context, String prefix, @Nullable String supplier) {
        List<Pages.Entry<Claim>> entries = new ArrayList<>();
        for (Map.Entry<String, Object> entry : context.state().scan(prefix)) {
            String rest = entry.getKey().substring(prefix.length());
            String key = supplier == null ? rest : rest + "/" + supplier;
            Claim claim = context.state().get(Keys.CLAIMS + key, Claim.class);
            if (claim != null) {
                entries.add(new Pages.Entry<>(ByteString.copyFromUtf8("/" + key), claim));
            }
        }
        return entries;
    }

    // --------------------------------------------------------------------------------------------------------- session

    private static MessageLite session(QueryContext context, QueryGetSessionRequest request)
            throws QueryException {
        try {
            Bech32Text.decodeAccount(request.getApplicationAddress());
        } catch (Bech32Text.AddressException e) {
            throw invalid(e.text() + ": invalid application address for session");
        }
        String badServiceId = SessionHydration.serviceIdProblem(request.getServiceId());
        if (!badServiceId.isEmpty()) {
            throw invalid(badServiceId);
        }
        if (request.getBlockHeight() < 0) {
            throw invalid(
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
