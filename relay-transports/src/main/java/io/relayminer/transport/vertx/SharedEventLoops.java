package io.relayminer.transport.vertx;

import io.netty.channel.EventLoop;
import io.vertx.core.internal.VertxInternal;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The event loops that relays are handled on, for others that want to do their I/O there: a
 * connection that lives on the loop of the relay costs no switch of threads.
 *
 * <p>Every transport and backend of this package in the process uses the same loops. They run until
 * the last user, of which an instance of this class is one, is closed. Whoever uses them must never
 * block them.
 */
public final class SharedEventLoops implements AutoCloseable {

    private static final long CLOSE_SECONDS = 10;

    private final List<EventLoop> loops;
    private final AtomicBoolean closed = new AtomicBoolean();

    private SharedEventLoops(List<EventLoop> loops) {
        this.loops = loops;
    }

    /**
     * Uses the loops, and starts them if nobody did before.
     *
     * @param eventLoops how many to start if none run yet; 0 means one per processor
     */
    public static SharedEventLoops acquire(int eventLoops) {
        VertxInternal vertx = (VertxInternal) VertxRuntime.acquire(eventLoops);
        List<EventLoop> loops = new ArrayList<>();
        vertx.nettyEventLoopGroup().forEach(loop -> loops.add((EventLoop) loop));
        return new SharedEventLoops(List.copyOf(loops));
    }

    /** All loops. */
    public List<EventLoop> loops() {
        return loops;
    }

    /** Gives the loops back and, as the last user, waits until they have stopped. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            VertxRuntime.release()
                    .toCompletionStage()
                    .toCompletableFuture()
                    .completeOnTimeout(null, CLOSE_SECONDS, TimeUnit.SECONDS)
                    .join();
        }
    }
}
