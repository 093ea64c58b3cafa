package io.relayminer.core.tx;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;

import io.relayminer.core.wire.CanonicalForm;
import io.relayminer.core.wire.TypeUrls;
import io.relayminer.core.wire.cosmos.base.Coin;
import io.relayminer.core.wire.cosmos.secp256k1.PubKey;
import io.relayminer.core.wire.cosmos.signing.SignMode;
import io.relayminer.core.wire.cosmos.tx.AuthInfo;
import io.relayminer.core.wire.cosmos.tx.Fee;
import io.relayminer.core.wire.cosmos.tx.ModeInfo;
import io.relayminer.core.wire.cosmos.tx.SignDoc;
import io.relayminer.core.wire.cosmos.tx.SignerInfo;
import io.relayminer.core.wire.cosmos.tx.TxBody;
import io.relayminer.core.wire.cosmos.tx.TxRaw;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * Everything a transaction with one signer says, and its bytes. The same content gives the same
 * bytes, and with a deterministic signature the same hash.
 *
 * @param messages in order
 * @param memo text of at most 256 bytes
 * @param lastHeight height after which no block may include it; 0 for none
 * @param unordered whether it stands outside the account's sequence. It then needs an expiry, which
 *     serves as its nonce, and the sequence 0
 * @param expiry time after which no block may include it
 * @param gasLimit gas limit
 * @param fee coins paid, in the order they are to be written; none for a simulation
 * @param publicKey key of the signer, 33 bytes compressed
 * @param sequence sequence of the account; 0 if unordered
 * @param chainId chain the signature is for
 * @param accountNumber number of the signing account
 */
public record TxContent(
        List<Any> messages,
        String memo,
        long lastHeight,
        boolean unordered,
        Optional<Instant> expiry,
        long gasLimit,
        List<Coin> fee,
        ByteString publicKey,
        long sequence,
        String chainId,
        long accountNumber) {

    public TxContent {
        messages = List.copyOf(messages);
        fee = List.copyOf(fee);
    }

    /** Messages as typed values. */
    public static List<Any> typed(List<? extends Message> messages) {
        return messages.stream().map(TypeUrls::pack).toList();
    }

    /** This content with other gas and fee. */
    public TxContent withFee(long gas, List<Coin> coins) {
        return new TxContent(
                messages,
                memo,
                lastHeight,
                unordered,
                expiry,
                gas,
                coins,
                publicKey,
                sequence,
                chainId,
                accountNumber);
    }

    /** The encoded body. */
    public ByteString bodyBytes() {
        TxBody.Builder body =
                TxBody.newBuilder()
                        .addAllMessages(messages)
                        .setMemo(memo)
                        .setTimeoutHeight(lastHeight)
                        .setUnordered(unordered);
        expiry.ifPresent(
                time ->
                        body.setTimeoutTimestamp(
                                Timestamp.newBuilder()
                                        .setSeconds(time.getEpochSecond())
                                        .setNanos(time.getNano())));
        return CanonicalForm.encodeToByteString(body.build());
    }

    /** The encoded signer, sequence and fee. */
    public ByteString authInfoBytes() {
        AuthInfo authInfo =
                AuthInfo.newBuilder()
                        .addSignerInfos(
                                SignerInfo.newBuilder()
                                        .setPublicKey(
                                                TypeUrls.pack(
                                                        PubKey.newBuilder()
                                                                .setKey(publicKey)
                                                                .build()))
                                        .setModeInfo(
                                                ModeInfo.newBuilder()
                                                        .setSingle(
                                                                ModeInfo.Single.newBuilder()
                                                                        .setMode(
                                                                                SignMode
                                                                                        .SIGN_MODE_DIRECT)))
                                        .setSequence(sequence))
                        // Present even when it is empty.
                        .setFee(Fee.newBuilder().addAllAmount(fee).setGasLimit(gasLimit))
                        .build();
        return CanonicalForm.encodeToByteString(CanonicalForm.of(authInfo));
    }

    /** What is signed. */
    public ByteString signDoc() {
        return signDoc(bodyBytes(), authInfoBytes());
    }

    private ByteString signDoc(ByteString body, ByteString authInfo) {
        return SignDoc.newBuilder()
                .setBodyBytes(body)
                .setAuthInfoBytes(authInfo)
                .setChainId(chainId)
                .setAccountNumber(accountNumber)
                .build()
                .toByteString();
    }

    /**
     * Signs.
     *
     * @throws IllegalArgumentException if the signer's key is not the one in the content
     */
    public ByteString sign(TxSigner signer) {
        if (!ByteString.copyFrom(signer.publicKey()).equals(publicKey)) {
            throw new IllegalArgumentException("the signer has another key than the transaction");
        }
        ByteString body = bodyBytes();
        ByteString authInfo = authInfoBytes();
        byte[] signature = signer.sign(signDoc(body, authInfo).toByteArray());
        return raw(body, authInfo, ByteString.copyFrom(signature));
    }

    /** The transaction with an empty signature, which nodes accept for simulation only. */
    public ByteString unsigned() {
        return raw(bodyBytes(), authInfoBytes(), ByteString.EMPTY);
    }

    private static ByteString raw(ByteString body, ByteString authInfo, ByteString signature) {
        return TxRaw.newBuilder()
                .setBodyBytes(body)
                .setAuthInfoBytes(authInfo)
                .addSignatures(signature)
                .build()
                .toByteString();
    }

    /**
     * The hash by which nodes know a transaction: SHA-256 of its bytes, 64 upper-case hex
     * characters.
     */
    public static String hash(ByteString tx) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(tx.asReadOnlyByteBuffer());
            return HexFormat.of().withUpperCase().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this Java runtime has no SHA-256", e);
        }
    }
}
