package io.relayminer.testkit.chain.internal.query;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;

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
import io.relayminer.core.wire.cosmos.query.PageRequest;
import io.relayminer.testkit.chain.internal.bank.Bank;
import io.relayminer.testkit.chain.internal.encoding.Bech32Text;
import io.relayminer.testkit.chain.internal.query.QueryRouter.QueryContext;
import io.relayminer.testkit.chain.internal.state.Keys;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Queries for balances and supply. */
final class BalanceQueries {
    private BalanceQueries() {}

    static void register(QueryRouter router) {
        router.add(
                "cosmos.bank.v1beta1.Query/Balance",
                QueryBalanceRequest.getDefaultInstance(),
                BalanceQueries::balance);
        router.add(
                "cosmos.bank.v1beta1.Query/AllBalances",
                QueryAllBalancesRequest.getDefaultInstance(),
                BalanceQueries::allBalances);
        router.add(
                "cosmos.bank.v1beta1.Query/SpendableBalances",
                QuerySpendableBalancesRequest.getDefaultInstance(),
                BalanceQueries::spendableBalances);
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
                BalanceQueries::totalSupply);
        router.add(
                "cosmos.bank.v1beta1.Query/SupplyOf",
                QuerySupplyOfRequest.getDefaultInstance(),
                BalanceQueries::supplyOf);
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
    }

    private static void checkAddress(String address) throws QueryException {
        try {
            Bech32Text.decodeAccount(address);
        } catch (Bech32Text.AddressException e) {
            throw QueryException.invalid("invalid address: " + e.text());
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
        return coin(denom, Bank.balance(context.state(), address, denom));
    }

    private static void checkDenom(String denom) throws QueryException {
        if (!Bank.isDenom(denom)) {
            throw QueryException.invalid("invalid denom: " + denom);
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
                        coin(request.getDenom(), Bank.supply(context.state(), request.getDenom())))
                .build();
    }

    /** The network describes no denomination. */
    private static QueryException noMetadata(String denom) throws QueryException {
        checkDenom(denom);
        return QueryException.notFound("client metadata for denom " + denom);
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
}
