package io.relayminer.core.meter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

/** Worked examples of the meter's arithmetic. */
class MeterPriceTest {

    @Test
    void theCostOfARelayIsTruncated() {
        assertEquals(0, MeterPrice.ofRelay(1_000, 42, 1_000_000));
        assertEquals(42_000, MeterPrice.ofRelay(1_000, 42_000_000, 1_000_000));
        assertEquals(100_000, MeterPrice.ofRelay(1_000, 100, 1));
    }

    @Test
    void theProductMayExceedSixtyFourBits() {
        assertEquals(
                Long.MAX_VALUE / 2, MeterPrice.ofRelay(Long.MAX_VALUE / 2, 1_000_000, 1_000_000));
        assertEquals(Long.MAX_VALUE, MeterPrice.ofRelay(-1L, -1L, 1));
    }

    @Test
    void aGranularityOfZeroIsAnError() {
        assertThrows(ArithmeticException.class, () -> MeterPrice.ofRelay(1, 1, 0));
    }

    @Test
    void theLimitIsTheStakeSharedBySuppliersAndPendingSessions() {
        assertEquals(600_000_000, MeterPrice.baseLimit(60_000_000_000L, 50, 9, 10));
        assertEquals(400_000_000, MeterPrice.baseLimit(60_000_000_000L, 50, 11, 10));
    }

    @Test
    void zeroParametersCountAsOne() {
        assertEquals(500, MeterPrice.baseLimit(1_000, 0, 0, 0));
    }

    @Test
    void aFactorAppliesToTheWholeStake() {
        MeteredSession session =
                new MeteredSession("s", "sup", "app", "eth", 10, 1, 60_000_000_000L, 600_000_000);
        assertEquals(600_000_000, session.terms(0).limit());
        assertEquals(30_000_000_000L, session.terms(0.5).limit());
    }
}
