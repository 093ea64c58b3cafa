package io.relayminer.ring.secp256k1;

import java.util.Arrays;

/**
 * A public scalar in the two forms that multi-multiplication consumes: halves of ±1 digits for
 * combs, and, made only when a base without a comb asks for it, width-5 non-adjacent forms of the
 * plain halves. Scratch space, not thread-safe.
 */
public final class RecodedScalar {
    /** Digits of a non-adjacent form of a half: 128 bits and a carry. */
    static final int WINDOW_DIGITS = 130;

    private final SplitScalar comb = new SplitScalar();
    private final SplitScalar plain = new SplitScalar();
    private final Scalar value = new Scalar();
    private final byte[] digits1 = new byte[WINDOW_DIGITS];
    private final byte[] digits2 = new byte[WINDOW_DIGITS];
    private int windowLength;
    private boolean windowed;

    /** Creates an unset scalar. */
    public RecodedScalar() {}

    /** Recodes a public scalar. */
    public void set(Scalar scalar) {
        value.set(scalar);
        comb.splitForComb(scalar);
        windowed = false;
    }

    /** Returns the halves to be read with {@link CombTable#pattern}. */
    SplitScalar comb() {
        return comb;
    }

    /** Returns the non-adjacent form of the first half, lowest digit first. */
    byte[] window1() {
        window();
        return digits1;
    }

    /** Returns the non-adjacent form of the second half, lowest digit first. */
    byte[] window2() {
        window();
        return digits2;
    }

    /** Returns how many digits the longer of the two non-adjacent forms has. */
    int windowLength() {
        window();
        return windowLength;
    }

    private void window() {
        if (windowed) {
            return;
        }
        plain.split(value);
        windowLength =
                Math.max(
                        nonAdjacentForm(plain.low1, plain.middle1, plain.sign1, digits1),
                        nonAdjacentForm(plain.low2, plain.middle2, plain.sign2, digits2));
        windowed = true;
    }

    /** Returns the position after the highest digit that is not zero. */
    private static int nonAdjacentForm(long lowWord, long highWord, long sign, byte[] digits) {
        Arrays.fill(digits, (byte) 0);
        // Absolute value; the digits get the sign.
        long low = (lowWord ^ sign) - sign;
        long high = (highWord ^ sign) + (sign != 0 && low == 0 ? 1 : 0);
        int unit = sign == 0 ? 1 : -1;
        int mask = (1 << OddMultiples.WIDTH) - 1;
        int carry = 0;
        int length = 0;
        int position = 0;
        while (position < WINDOW_DIGITS) {
            int bit = bit(low, high, position);
            if (bit == carry) {
                position++;
                continue;
            }
            int window = window(low, high, position) + carry & mask;
            carry = window >>> (OddMultiples.WIDTH - 1);
            digits[position] = (byte) (unit * (window - (carry << OddMultiples.WIDTH)));
            length = position + 1;
            position += OddMultiples.WIDTH;
        }
        return length;
    }

    private static int bit(long low, long high, int position) {
        return position >= 128 ? 0 : (int) ((position < 64 ? low : high) >>> position) & 1;
    }

    private static int window(long low, long high, int position) {
        if (position >= 128) {
            return 0;
        }
        long bits = position < 64 ? low >>> position : high >>> position;
        if (position > 64 - OddMultiples.WIDTH && position < 64) {
            bits |= high << (64 - position);
        }
        return (int) bits & (1 << OddMultiples.WIDTH) - 1;
    }
}
