package io.relayminer.testkit.chain.internal.query;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;

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
import io.relayminer.core.wire.cosmos.query.PageRequest;
import io.relayminer.core.wire.cosmos.secp256k1.PubKey;
import io.relayminer.testkit.chain.internal.bank.Bank;
import io.relayminer.testkit.chain.internal.encoding.Bech32Text;
import io.relayminer.testkit.chain.internal.query.QueryRouter.QueryContext;
import io.relayminer.testkit.chain.internal.state.ChainAccount;
import io.relayminer.testkit.chain.internal.state.Keys;
import io.relayminer.testkit.chain.internal.tx.Messages;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** Queries for accounts: their numbers, sequences and public keys. */
public final class AccountQueries {
    private AccountQueries() {}

    private static final String PREFIX = "pokt";

    static void register(QueryRouter router) {
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
            throw QueryException.invalid("Address cannot be empty");
        }
        try {
            Bech32Text.decodeAccount(address);
        } catch (Bech32Text.AddressException e) {
            throw QueryException.plain(e.text());
        }
        ChainAccount account = Bank.account(context.state(), address);
        if (account == null) {
            throw QueryException.notFound("account " + address + " not found");
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

    /** All accounts, in the order of their address bytes. */
    public static QueryAccountsResponse accounts(QueryContext context, PageRequest pagination)
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
}
