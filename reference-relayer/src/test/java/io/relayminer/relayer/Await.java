package io.relayminer.relayer;

import org.awaitility.Awaitility;

import java.time.Duration;

/** Waits for conditions, generously. */
final class Await {

    private Await() {}

    static void until(java.util.concurrent.Callable<Boolean> condition) {
        Awaitility.await()
                .atMost(Duration.ofMinutes(2))
                .pollInterval(Duration.ofMillis(10))
                .until(condition);
    }
}
