package io.relayminer.core.meter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.math.BigDecimal;
import java.math.MathContext;

/** Worked examples of the meter's arithmetic. */
class RelayPriceTest {

    /** 21.69, where a price below one upokt is not rounded to nothing. */
    @ParameterizedTest
    @CsvSource({
        "1000, 42, 1000000, 21, 500",
        "1000, 42000000, 1000000, 42000, 1",
        "1000, 100, 1, 100000, 1",
        "1, 145990, 1000000, 14599, 100000",
        "6, 145990, 1000000, 43797, 50000",
        "7, 145990, 1000000, 102193, 100000",
        "100, 145990, 1000000, 14599, 1000",
        "0, 145990, 1000000, 0, 1"
    })
    void thePriceIsExact(long units, long multiplier, long granularity, long parts, long per) {
        assertEquals(new RelayPrice(parts, per), RelayPrice.of(units, multiplier, granularity));
    }

    @ParameterizedTest
    @CsvSource({
        "922337203685477580, 1000003, 1000000",
        "1, 1, 9223372036854775807",
        "3, 5, -1",
        "123456789012345678, 7, 9876543210987654"
    })
    void whatHasNoExactPriceIsRoundedUp(long units, long multiplier, long granularity) {
        RelayPrice price = RelayPrice.of(units, multiplier, granularity);
        BigDecimal exact =
                decimal(units)
                        .multiply(decimal(multiplier))
                        .divide(decimal(granularity), MathContext.DECIMAL128);
        BigDecimal ours =
                BigDecimal.valueOf(price.parts())
                        .divide(BigDecimal.valueOf(price.partsPerUpokt()), MathContext.DECIMAL128);
        BigDecimal error = ours.divide(exact, MathContext.DECIMAL128).subtract(BigDecimal.ONE);
        assertTrue(error.abs().doubleValue() < 1e-8 || price.parts() == 1, error + " off");
        assertTrue(price.parts() > 0);
    }

    private static BigDecimal decimal(long unsigned) {
        return new BigDecimal(Long.toUnsignedString(unsigned));
    }

    @Test
    void aPriceBeyondSixtyFourBitsIsTheHighestThereIs() {
        assertEquals(new RelayPrice(Long.MAX_VALUE, 1), RelayPrice.of(-1L, -1L, 1));
        assertEquals(Long.MAX_VALUE, RelayPrice.of(-1L, -1L, 1).upoktFor(1));
    }

    @Test
    void aGranularityOfZeroIsAnError() {
        assertThrows(ArithmeticException.class, () -> RelayPrice.of(1, 1, 0));
    }

    @Test
    void upoktAreRoundedUpAndSaturated() {
        RelayPrice price = RelayPrice.of(1, 145_990, 1_000_000);
        assertEquals(0, price.upoktFor(0));
        assertEquals(1, price.upoktFor(1));
        assertEquals(1, price.upoktFor(6));
        assertEquals(2, price.upoktFor(7));
        assertEquals(14_599, price.upoktFor(100_000));
        assertTrue(price.upoktFor(Long.MAX_VALUE) > 0);
    }

    /** 21.67. */
    @Test
    void theLimitIsTheStakeSharedBySuppliersAndPendingSessions() {
        assertEquals(600_000_000, MeterTerms.baseLimit(60_000_000_000L, 50, 9, 10));
        assertEquals(400_000_000, MeterTerms.baseLimit(60_000_000_000L, 50, 11, 10));
    }

    @Test
    void zeroParametersCountAsOne() {
        assertEquals(500, MeterTerms.baseLimit(1_000, 0, 0, 0));
    }

    /** 21.68. */
    @Test
    void aFactorAppliesToTheWholeStake() {
        MeteredSession session =
                new MeteredSession(
                        "s",
                        "sup",
                        "app",
                        "eth",
                        10,
                        new RelayPrice(1, 1),
                        60_000_000_000L,
                        600_000_000);
        assertEquals(600_000_000, session.terms(0).limit());
        assertEquals(30_000_000_000L, session.terms(0.5).limit());
    }
}
