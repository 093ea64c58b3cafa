package io.relayminer.core.wire;

import io.relayminer.core.wire.cosmos.base.Coin;

import java.math.BigInteger;

/**
 * Integer amounts of money inside messages.
 *
 * <p>A chain node reads an amount with the rules of an integer literal: an optional sign, a prefix
 * ({@code 0x}, {@code 0o}, {@code 0b}, or a bare {@code 0} for octal), digits that single
 * underscores may separate. It accepts up to 256 bits and writes plain decimal. Nobody sends
 * anything but plain decimal, but reading the same input differently would mean encoding it
 * differently.
 */
public final class CoinAmount {

    /** The only denomination of the chain, 10<sup>-6</sup> POKT. */
    public static final String UPOKT = "upokt";

    private static final int MAX_BITS = 256;

    // 18 decimals (at most 60 bits) more than an integer amount.
    private static final int MAX_DECIMAL_BITS = 315;

    /** No legal amount is longer; checked before any arithmetic because parsing is quadratic. */
    private static final int MAX_LENGTH = 640;

    private CoinAmount() {}

    /** A coin of the chain's denomination. */
    public static Coin upokt(BigInteger amount) {
        return Coin.newBuilder().setDenom(UPOKT).setAmount(amount.toString()).build();
    }

    /** A coin of the chain's denomination. */
    public static Coin upokt(long amount) {
        return Coin.newBuilder().setDenom(UPOKT).setAmount(Long.toString(amount)).build();
    }

    /**
     * The amount of a coin; zero if it carries none.
     *
     * @throws MalformedMessageException if the text is not an integer of at most 256 bits
     */
    public static BigInteger of(Coin coin) {
        return parse(coin.getAmount(), MAX_BITS);
    }

    static String normalise(String text) {
        return parse(text, MAX_BITS).toString();
    }

    static String normaliseDecimal(String text) {
        return parse(text, MAX_DECIMAL_BITS).toString();
    }

    private static BigInteger parse(String text, int maxBits) {
        if (text.isEmpty()) {
            return BigInteger.ZERO;
        }
        if (text.length() > MAX_LENGTH) {
            throw new MalformedMessageException(
                    "amount has " + text.length() + " characters, more than an amount can have");
        }
        int i = 0;
        boolean negative = false;
        if (text.charAt(0) == '-' || text.charAt(0) == '+') {
            negative = text.charAt(0) == '-';
            i = 1;
        }
        int radix = 10;
        boolean prefixed = i + 1 < text.length() && text.charAt(i) == '0';
        if (prefixed) {
            radix = radixOf(text.charAt(i + 1));
            i += "xXoObB".indexOf(text.charAt(i + 1)) >= 0 ? 2 : 1;
        }
        StringBuilder digits = new StringBuilder(text.length());
        // An underscore may follow a prefix or a digit and has to be followed by a digit.
        boolean mayUnderscore = prefixed;
        for (; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '_' && mayUnderscore) {
                mayUnderscore = false;
            } else if (c < 0x80 && Character.digit(c, radix) >= 0) {
                digits.append(c);
                mayUnderscore = true;
            } else {
                throw notAnInteger();
            }
        }
        if (digits.isEmpty() || text.charAt(text.length() - 1) == '_') {
            throw notAnInteger();
        }
        BigInteger value = new BigInteger(digits.toString(), radix);
        if (value.bitLength() > maxBits) {
            throw new MalformedMessageException(
                    "amount has " + value.bitLength() + " bits, more than " + maxBits);
        }
        return negative ? value.negate() : value;
    }

    private static int radixOf(char prefix) {
        return switch (prefix) {
            case 'x', 'X' -> 16;
            case 'b', 'B' -> 2;
            default -> 8;
        };
    }

    private static MalformedMessageException notAnInteger() {
        return new MalformedMessageException("amount is not an integer");
    }
}
