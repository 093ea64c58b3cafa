package io.relayminer.core.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.relayminer.core.chain.ChainQueries;
import io.relayminer.core.chain.ChainUnavailableException;
import io.relayminer.core.wire.shared.Params;

import org.junit.jupiter.api.Test;

import java.lang.reflect.Proxy;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

class ChainReachabilityTest {

    private final ArrayDeque<Runnable> waiting = new ArrayDeque<>();
    private final ScheduledThreadPoolExecutor timer =
            new ScheduledThreadPoolExecutor(0) {
                @Override
                public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
                    waiting.add(task);
                    return null;
                }
            };
    private boolean up;
    private int asked;

    private final ChainQueries chain =
            (ChainQueries)
                    Proxy.newProxyInstance(
                            ChainQueries.class.getClassLoader(),
                            new Class<?>[] {ChainQueries.class},
                            (self, method, arguments) -> {
                                assertEquals("sharedParams", method.getName());
                                asked++;
                                return up
                                        ? CompletableFuture.completedFuture(
                                                Params.getDefaultInstance())
                                        : CompletableFuture.failedFuture(
                                                new ChainUnavailableException("down", null));
                            });

    @Test
    void theChainIsAskedUntilItHasAnsweredOnce() {
        ChainReachability reachability = new ChainReachability(chain, timer);
        reachability.start();
        for (int i = 0; i < 3; i++) {
            assertFalse(reachability.answered());
            waiting.remove().run();
        }
        up = true;
        waiting.remove().run();
        assertTrue(reachability.answered());
        assertEquals(5, asked);
        assertTrue(waiting.isEmpty(), "not asked any more");
        up = false;
        assertTrue(reachability.answered(), "an outage that comes later is another matter");
    }
}
