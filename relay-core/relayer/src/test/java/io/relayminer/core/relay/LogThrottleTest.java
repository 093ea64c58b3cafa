package io.relayminer.core.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

class LogThrottleTest {

    @Test
    void oneLinePerSecondThatTellsOfTheOthers() {
        AtomicLong now = new AtomicLong(Long.MAX_VALUE - 5);
        LogThrottle throttle = new LogThrottle(now::get);
        assertEquals(0, throttle.permit());
        assertEquals(-1, throttle.permit());
        assertEquals(-1, throttle.permit());
        now.addAndGet(TimeUnit.SECONDS.toNanos(1));
        assertEquals(2, throttle.permit());
        now.addAndGet(TimeUnit.SECONDS.toNanos(1));
        assertEquals(0, throttle.permit());
    }
}
