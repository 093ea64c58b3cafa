package io.relayminer.ring;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The 33 bytes of a compressed point as a map key: a byte and four words, compared without touching
 * an array.
 *
 * <p>A probe is mutable ({@link #read}) so that looking up the bytes of a signature allocates
 * nothing; a probe is never stored. {@link Comparable}, because attackers can grind keys with
 * colliding hash codes and a {@code ConcurrentHashMap} keeps crowded bins as trees of comparable
 * keys.
 */
final class CompressedKey implements Comparable<CompressedKey> {
    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    private byte prefix;
    private long w0;
    private long w1;
    private long w2;
    private long w3;

    CompressedKey() {}

    static CompressedKey of(byte[] bytes, int offset) {
        CompressedKey key = new CompressedKey();
        key.read(bytes, offset);
        return key;
    }

    /** Returns a copy that can be stored. */
    CompressedKey copy() {
        CompressedKey key = new CompressedKey();
        key.prefix = prefix;
        key.w0 = w0;
        key.w1 = w1;
        key.w2 = w2;
        key.w3 = w3;
        return key;
    }

    void read(byte[] bytes, int offset) {
        prefix = bytes[offset];
        w0 = (long) LONG.get(bytes, offset + 1);
        w1 = (long) LONG.get(bytes, offset + 9);
        w2 = (long) LONG.get(bytes, offset + 17);
        w3 = (long) LONG.get(bytes, offset + 25);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof CompressedKey key
                && w0 == key.w0
                && w1 == key.w1
                && w2 == key.w2
                && w3 == key.w3
                && prefix == key.prefix;
    }

    @Override
    public int hashCode() {
        return Long.hashCode(w3 * 0x9E3779B97F4A7C15L + (w0 ^ prefix));
    }

    @Override
    public int compareTo(CompressedKey key) {
        int order = Byte.compare(prefix, key.prefix);
        if (order == 0) {
            order = Long.compareUnsigned(w0, key.w0);
        }
        if (order == 0) {
            order = Long.compareUnsigned(w1, key.w1);
        }
        if (order == 0) {
            order = Long.compareUnsigned(w2, key.w2);
        }
        return order != 0 ? order : Long.compareUnsigned(w3, key.w3);
    }
}
