package io.relayminer.core.key;

import io.relayminer.core.tx.TxSigner;
import io.relayminer.ring.PrivateKey;

/**
 * The key of a supplier: it signs the supplier's relay responses and its transactions. Immutable,
 * thread-safe; prints its address only.
 */
public final class SupplierKey implements TxSigner {

    private final PrivateKey key;
    private final String address;

    public SupplierKey(PrivateKey key) {
        this.key = key;
        this.address = key.publicKey().address().toString();
    }

    /**
     * Reads a key of 64 hex characters, with or without {@code 0x} and surrounding blanks.
     *
     * @throws InvalidKeyException if it is anything else, zero, or not below the group order
     */
    public static SupplierKey fromHex(String text) {
        byte[] bytes = HexKeys.decode(text);
        try {
            return new SupplierKey(PrivateKey.of(bytes));
        } catch (io.relayminer.ring.RingException e) {
            throw new InvalidKeyException("not a private key: zero or not below the group order");
        } finally {
            java.util.Arrays.fill(bytes, (byte) 0);
        }
    }

    /** Bech32 operator address. */
    @Override
    public String address() {
        return address;
    }

    @Override
    public byte[] publicKey() {
        return key.publicKey().encoded();
    }

    /** Signs the SHA-256 of a message; for a relay response the message is its signable hash. */
    @Override
    public byte[] sign(byte[] message) {
        return key.sign(message);
    }

    @Override
    public String toString() {
        return "SupplierKey[" + address + "]";
    }
}
