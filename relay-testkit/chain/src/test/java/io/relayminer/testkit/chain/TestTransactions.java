package io.relayminer.testkit.chain;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.Message;

import io.relayminer.core.wire.cosmos.bank.MsgSend;
import io.relayminer.core.wire.cosmos.secp256k1.PubKey;
import io.relayminer.core.wire.cosmos.signing.SignMode;
import io.relayminer.core.wire.cosmos.tx.AuthInfo;
import io.relayminer.core.wire.cosmos.tx.Fee;
import io.relayminer.core.wire.cosmos.tx.ModeInfo;
import io.relayminer.core.wire.cosmos.tx.SignDoc;
import io.relayminer.core.wire.cosmos.tx.SignerInfo;
import io.relayminer.core.wire.cosmos.tx.TxBody;
import io.relayminer.core.wire.cosmos.tx.TxRaw;
import io.relayminer.ring.PrivateKey;
import io.relayminer.testkit.chain.genesis.LocalnetAccounts;
import io.relayminer.testkit.chain.internal.bank.Bank;
import io.relayminer.testkit.chain.internal.block.CometHashes;

import java.time.Instant;
import java.util.List;

/** Signs unordered transactions for tests. */
final class TestTransactions {
    private TestTransactions() {}

    /** A transfer of 1 upokt to oneself. */
    static ByteString send(LocalnetAccounts.Entry account, long accountNumber, Instant timeout) {
        return sign(
                account,
                accountNumber,
                timeout,
                List.of(
                        MsgSend.newBuilder()
                                .setFromAddress(account.address())
                                .setToAddress(account.address())
                                .addAmount(Bank.coin(1))
                                .build()));
    }

    static ByteString sign(
            LocalnetAccounts.Entry account,
            long accountNumber,
            Instant timeout,
            List<Message> messages) {
        TxBody.Builder body =
                TxBody.newBuilder()
                        .setUnordered(true)
                        .setTimeoutTimestamp(CometHashes.timestamp(timeout));
        for (Message message : messages) {
            body.addMessages(
                    Any.newBuilder()
                            .setTypeUrl("/" + message.getDescriptorForType().getFullName())
                            .setValue(message.toByteString()));
        }
        AuthInfo auth =
                AuthInfo.newBuilder()
                        .addSignerInfos(
                                SignerInfo.newBuilder()
                                        .setPublicKey(
                                                Any.newBuilder()
                                                        .setTypeUrl(
                                                                "/cosmos.crypto.secp256k1.PubKey")
                                                        .setValue(
                                                                PubKey.newBuilder()
                                                                        .setKey(account.publicKey())
                                                                        .build()
                                                                        .toByteString()))
                                        .setModeInfo(
                                                ModeInfo.newBuilder()
                                                        .setSingle(
                                                                ModeInfo.Single.newBuilder()
                                                                        .setMode(
                                                                                SignMode
                                                                                        .SIGN_MODE_DIRECT))))
                        .setFee(Fee.newBuilder().setGasLimit(1_000_000).addAmount(Bank.coin(1)))
                        .build();
        SignDoc document =
                SignDoc.newBuilder()
                        .setBodyBytes(body.build().toByteString())
                        .setAuthInfoBytes(auth.toByteString())
                        .setChainId("pocket")
                        .setAccountNumber(accountNumber)
                        .build();
        try (PrivateKey key = PrivateKey.of(account.privateKey().toByteArray())) {
            return TxRaw.newBuilder()
                    .setBodyBytes(document.getBodyBytes())
                    .setAuthInfoBytes(document.getAuthInfoBytes())
                    .addSignatures(ByteString.copyFrom(key.sign(document.toByteArray())))
                    .build()
                    .toByteString();
        }
    }
}
