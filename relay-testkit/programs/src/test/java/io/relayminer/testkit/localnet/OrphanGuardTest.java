package io.relayminer.testkit.localnet;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.concurrent.TimeUnit;

class OrphanGuardTest {

    private static Process sleeper() throws Exception {
        return new ProcessBuilder("sleep", "600").start();
    }

    @Test
    void whatIsOnTheListEndsWithTheGuard() throws Exception {
        Process watched = sleeper();
        Process forgotten = sleeper();
        try (OrphanGuard guard = OrphanGuard.start()) {
            guard.watch(forgotten.pid());
            guard.watch(watched.pid());
            guard.forget(forgotten.pid());
        }
        assertTrue(watched.waitFor(30, TimeUnit.SECONDS));
        assertTrue(forgotten.isAlive(), "its id may be another's by now");
        forgotten.destroyForcibly().waitFor();
    }
}
