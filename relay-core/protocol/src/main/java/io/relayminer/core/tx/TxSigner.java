package io.relayminer.core.tx;

/**
 * The key of an account, as far as transactions need it. Implementations are thread-safe and never
 * reveal the key in {@code toString}.
 */
public interface TxSigner {

    /** Bech32 address of the account. */
    String address();

    /** Public key, 33 bytes compressed. */
    byte[] publicKey();

    /**
     * Signs a message: ECDSA over its SHA-256, nonce by RFC 6979, low S.
     *
     * @return R and S, 32 bytes big endian each
     */
    byte[] sign(byte[] message);
}
