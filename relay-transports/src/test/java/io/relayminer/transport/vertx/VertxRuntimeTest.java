package io.relayminer.transport.vertx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.netty.channel.EventLoop;
import io.vertx.core.Vertx;
import io.vertx.core.internal.VertxInternal;

import org.junit.jupiter.api.Test;

import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;

class VertxRuntimeTest {

    @Test
    void theFirstUserDecidesHowManyEventLoopsThereAre() throws Exception {
        Vertx first = VertxRuntime.acquire(3);
        try {
            Set<EventLoop> loops = new HashSet<>();
            for (int i = 0; i < 30; i++) {
                loops.add(((VertxInternal) first).createEventLoopContext().nettyEventLoop());
            }
            assertEquals(3, loops.size());
            Vertx second = VertxRuntime.acquire(7);
            try {
                assertSame(first, second);
            } finally {
                VertxRuntime.release();
            }
        } finally {
            VertxRuntime.release()
                    .toCompletionStage()
                    .toCompletableFuture()
                    .get(30, TimeUnit.SECONDS);
        }
    }
}
