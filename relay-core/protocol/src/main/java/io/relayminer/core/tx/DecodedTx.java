package io.relayminer.core.tx;

import com.google.protobuf.ByteString;

import io.relayminer.core.wire.CanonicalForm;
import io.relayminer.core.wire.MalformedMessageException;
import io.relayminer.core.wire.WireLimits;
import io.relayminer.core.wire.cosmos.tx.AuthInfo;
import io.relayminer.core.wire.cosmos.tx.TxBody;
import io.relayminer.core.wire.cosmos.tx.TxRaw;

import java.util.List;

/**
 * A transaction read from its bytes.
 *
 * @param body messages, memo and timeouts
 * @param authInfo signers and fee
 * @param signatures one per signer
 */
public record DecodedTx(TxBody body, AuthInfo authInfo, List<ByteString> signatures) {

    /** Bounds for transactions: as large as nodes accept. */
    public static final WireLimits LIMITS = new WireLimits(4 << 20, 16, 100_000);

    public DecodedTx {
        signatures = List.copyOf(signatures);
    }

    /**
     * Reads a transaction.
     *
     * @throws MalformedMessageException if the bytes are not a transaction
     * @throws io.relayminer.core.wire.MessageLimitException if it exceeds {@link #LIMITS}
     */
    public static DecodedTx of(ByteString bytes) {
        TxRaw raw = CanonicalForm.decode(bytes.toByteArray(), TxRaw.getDefaultInstance(), LIMITS);
        return new DecodedTx(
                CanonicalForm.decodeKeepingUnknown(
                        raw.getBodyBytes().toByteArray(), TxBody.getDefaultInstance(), LIMITS),
                CanonicalForm.decode(
                        raw.getAuthInfoBytes().toByteArray(),
                        AuthInfo.getDefaultInstance(),
                        LIMITS),
                raw.getSignaturesList());
    }

    /** The bytes of this transaction. Equal to those it was read from if they were canonical. */
    public ByteString encode() {
        return TxRaw.newBuilder()
                .setBodyBytes(CanonicalForm.encodeToByteString(body))
                .setAuthInfoBytes(CanonicalForm.encodeToByteString(authInfo))
                .addAllSignatures(signatures)
                .build()
                .toByteString();
    }
}
