package io.relayminer.core.tx;

import io.relayminer.core.wire.CoinAmount;
import io.relayminer.core.wire.cosmos.base.Coin;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.List;

/**
 * Price of a unit of gas in upokt, with at most 18 decimals.
 *
 * @param upokt the price; not negative
 */
public record GasPrice(BigDecimal upokt) {

    private static final int DECIMALS = 18;

    /** Bound on the text, so that a hostile exponent costs nothing. */
    private static final int MAX_LENGTH = 64;

    public GasPrice {
        if (upokt.signum() < 0) {
            throw new IllegalArgumentException("gas price is negative");
        }
        if (upokt.stripTrailingZeros().scale() > DECIMALS) {
            throw new IllegalArgumentException("gas price has more than 18 decimals");
        }
    }

    /**
     * Reads a price such as {@code 0.000001upokt}.
     *
     * @throws IllegalArgumentException if the text is anything but plain decimals and the
     *     denomination
     */
    public static GasPrice parse(String text) {
        String trimmed = text.strip();
        if (trimmed.length() > MAX_LENGTH || !trimmed.endsWith(CoinAmount.UPOKT)) {
            throw notAPrice();
        }
        String number = trimmed.substring(0, trimmed.length() - CoinAmount.UPOKT.length());
        boolean digits = false;
        boolean point = false;
        for (int i = 0; i < number.length(); i++) {
            char c = number.charAt(i);
            if (c >= '0' && c <= '9') {
                digits = true;
            } else if (c == '.' && !point && digits) {
                point = true;
            } else {
                throw notAPrice();
            }
        }
        if (!digits || number.endsWith(".")) {
            throw notAPrice();
        }
        return new GasPrice(new BigDecimal(number));
    }

    private static IllegalArgumentException notAPrice() {
        return new IllegalArgumentException(
                "gas price is not a decimal number followed by " + CoinAmount.UPOKT);
    }

    /** The fee for an amount of gas (unsigned): price times gas, rounded up to whole upokt. */
    public BigInteger fee(long gas) {
        return upokt.multiply(new BigDecimal(new BigInteger(Long.toUnsignedString(gas))))
                .setScale(0, RoundingMode.CEILING)
                .toBigIntegerExact();
    }

    /** The fee as the coins of a transaction: none if it is zero. */
    public List<Coin> feeCoins(long gas) {
        BigInteger fee = fee(gas);
        return fee.signum() == 0 ? List.of() : List.of(CoinAmount.upokt(fee));
    }

    /**
     * The gas limit for simulated gas: times a safety factor in double arithmetic, fraction cut
     * off.
     *
     * @param simulatedGas gas used in simulation; unsigned
     * @param adjustment factor, at least 1
     */
    public static long gasLimit(long simulatedGas, double adjustment) {
        double product =
                new BigInteger(Long.toUnsignedString(simulatedGas)).doubleValue() * adjustment;
        return product < 0x1p63
                ? (long) product
                : new BigDecimal(product).toBigInteger().longValue();
    }

    @Override
    public String toString() {
        return upokt.toPlainString() + CoinAmount.UPOKT;
    }
}
