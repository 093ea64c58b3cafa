package io.relayminer.leader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;

class LeaseTest {

    private static final Duration TTL = Duration.ofSeconds(30);

    private final FakeClock clock = new FakeClock();

    private Lease lease(Duration trusted) {
        return new Lease(
                "sup", MinerLeases.keys("sup"), "me", 5, clock, clock.nanos() + trusted.toNanos());
    }

    @Test
    void isTrustedForAFifthLessThanItLives() {
        LeaseSettings settings = new LeaseSettings(TTL, Duration.ofSeconds(5), TTL);
        Lease lease = lease(Duration.ofNanos(settings.trustedNanos()));
        clock.advance(Duration.ofSeconds(24).minusNanos(1));
        assertTrue(lease.isValid());
        lease.requireValid();
        clock.advance(Duration.ofNanos(1));
        assertFalse(lease.isValid());
        assertFalse(lease.isLost());
        LeaseLostException e = assertThrows(LeaseLostException.class, lease::requireValid);
        assertTrue(e.getMessage().contains("not renewed in time"));
    }

    @Test
    void becomesValidAgainWhenRenewedButNotWhenLost() {
        Lease lease = lease(Duration.ofSeconds(1));
        clock.advance(Duration.ofSeconds(2));
        assertFalse(lease.isValid());
        lease.trustUntil(clock.nanos() + 1);
        assertTrue(lease.isValid());
        lease.lose();
        lease.trustUntil(clock.nanos() + TTL.toNanos());
        assertFalse(lease.isValid());
        assertTrue(lease.isLost());
        assertThrows(LeaseLostException.class, lease::requireValid);
        assertEquals("sup", lease.resource());
        assertEquals("me", lease.owner());
        assertEquals(5, lease.epoch());
        assertTrue(lease.toString().contains("lost"));
    }

    @Test
    void settingsFitTogether() {
        assertThrows(
                IllegalArgumentException.class,
                () -> new LeaseSettings(Duration.ofSeconds(30), Duration.ofSeconds(11), TTL));
        assertThrows(
                IllegalArgumentException.class, () -> new LeaseSettings(TTL, Duration.ZERO, TTL));
        assertThrows(
                IllegalArgumentException.class,
                () -> new LeaseSettings(Duration.ofMillis(99), Duration.ofMillis(1), TTL));
        assertThrows(
                IllegalArgumentException.class,
                () -> new LeaseSettings(TTL, Duration.ofSeconds(1), Duration.ofNanos(-1)));
        assertEquals(TTL, LeaseSettings.DEFAULT.timeToLive());
    }

    @Test
    void instanceIdsAreUniqueToAStartAndShowTheHost() {
        Random random = new Random(1);
        Set<String> ids = new HashSet<>();
        for (int i = 0; i < 100; i++) {
            ids.add(InstanceId.create("miner-pod-0", 1, random));
        }
        assertEquals(100, ids.size());
        for (String id : ids) {
            assertTrue(id.matches("miner-pod-0-1x[0-9a-f]{8}"), id);
            assertEquals("miner-pod-0", id.substring(0, id.lastIndexOf('-')));
        }
        assertTrue(InstanceId.create("a:b|c", 7, random).startsWith("a-b-c-7x"));
        assertTrue(InstanceId.create(" ", 7, random).startsWith("host-7x"));
        assertNotEquals(
                InstanceId.create("h", 1, new Random(1)), InstanceId.create("h", 1, new Random(2)));
    }
}
