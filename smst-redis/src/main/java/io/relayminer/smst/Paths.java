package io.relayminer.smst;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Bit arithmetic on 256-bit paths. Bit 0 is the most significant bit of byte 0, so numeric order of
 * bit strings is unsigned byte order.
 */
final class Paths {

    static final int BYTES = 32;
    static final int BITS = 256;

    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    private Paths() {}

    static int bit(byte[] path, int index) {
        return bit(path, 0, index);
    }

    static int bit(byte[] bytes, int offset, int index) {
        return (bytes[offset + (index >> 3)] >> (7 - (index & 7))) & 1;
    }

    static void flip(byte[] path, int index) {
        path[index >> 3] ^= (byte) (1 << (7 - (index & 7)));
    }

    static long word(byte[] bytes, int offset) {
        return (long) LONG.get(bytes, offset);
    }

    static void putWord(byte[] bytes, int offset, long value) {
        LONG.set(bytes, offset, value);
    }

    /**
     * Number of leading bits that the 32 bytes at {@code a} and at {@code b} share: 256 if they are
     * equal.
     */
    static int commonPrefix(byte[] bytes, int a, byte[] other, int b) {
        for (int i = 0; i < BYTES; i += 8) {
            long difference = word(bytes, a + i) ^ word(other, b + i);
            if (difference != 0) {
                return i * 8 + Long.numberOfLeadingZeros(difference);
            }
        }
        return BITS;
    }

    /** Unsigned order of two paths inside flat arrays. */
    static int compare(byte[] bytes, int a, byte[] other, int b) {
        for (int i = 0; i < BYTES; i += 8) {
            int order = Long.compareUnsigned(word(bytes, a + i), word(other, b + i));
            if (order != 0) {
                return order;
            }
        }
        return 0;
    }
}
