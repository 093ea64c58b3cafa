package io.relayminer.core.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GoLegacyRandomTest {

    /** First draws, from Go's own generator. */
    @ParameterizedTest
    @CsvSource({
        "0, 0.9451961492941164",
        "1, 0.6046602879796196",
        "2, 0.16729663442585624",
        "-1, 0.3951876009960174",
        "-64, 0.3230774144220207",
        "63, 0.15556579556915917",
        "12345, 0.8487305991992138",
        "-987654321987, 0.2971286714610359",
        "-69766194, 0.25352049889175265",
        "18884069, 0.3499896343139782",
        "7709, 0.35727663082120725",
        "49, 0.34600930630578897"
    })
    void firstFloat(long seed, double expected) {
        assertEquals(expected, new GoLegacyRandom(seed).nextFloat64());
    }

    @ParameterizedTest
    @CsvSource({"1, 5577006791947779410", "0, 8717895732742165505", "-1, 3644962268338389676"})
    void firstInt63(long seed, long expected) {
        assertEquals(expected, new GoLegacyRandom(seed).nextInt63());
    }

    @Test
    void seedsAreReducedModuloTheMersennePrime() {
        long modulus = Integer.MAX_VALUE;
        assertEquals(
                new GoLegacyRandom(5).nextInt63(), new GoLegacyRandom(5 + modulus).nextInt63());
        assertEquals(new GoLegacyRandom(0).nextInt63(), new GoLegacyRandom(modulus).nextInt63());
        assertEquals(new GoLegacyRandom(0).nextInt63(), new GoLegacyRandom(89482311).nextInt63());
        assertEquals(
                new GoLegacyRandom(Math.floorMod(Long.MIN_VALUE, modulus)).nextInt63(),
                new GoLegacyRandom(Long.MIN_VALUE).nextInt63());
    }

    @Test
    void theRegisterRunsRoundWithoutLeavingTheRange() {
        GoLegacyRandom random = new GoLegacyRandom(1);
        for (int i = 0; i < 2000; i++) {
            double drawn = random.nextFloat64();
            assertTrue(drawn >= 0 && drawn < 1);
        }
    }
}
