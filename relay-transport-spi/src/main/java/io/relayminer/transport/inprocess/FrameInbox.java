package io.relayminer.transport.inprocess;

import io.relayminer.transport.Closing;
import io.relayminer.transport.Frame;
import io.relayminer.transport.FrameReceiver;

import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The receiving end of a conversation for sequential code: messages wait until they are taken. It
 * is ready for the next message when the one before has been taken, so the taker sets the pace.
 */
public final class FrameInbox implements FrameReceiver {

    private record Waiting(Frame frame, CompletableFuture<Void> taken) {}

    private final BlockingQueue<Waiting> waiting = new LinkedBlockingQueue<>();
    private final AtomicInteger received = new AtomicInteger();
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private final CompletableFuture<Closing> closed = new CompletableFuture<>();

    /** An empty one. */
    public FrameInbox() {}

    /**
     * Takes the oldest message, waiting for it if need be.
     *
     * @throws IllegalStateException if none comes in that time
     */
    public Frame take(Duration patience) {
        try {
            Waiting oldest = waiting.poll(patience.toNanos(), TimeUnit.NANOSECONDS);
            if (oldest == null) {
                throw new IllegalStateException("no message within " + patience);
            }
            oldest.taken.complete(null);
            return oldest.frame;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for a message", e);
        }
    }

    /** How many messages have come so far, taken or not. */
    public int received() {
        return received.get();
    }

    /** Completes when the other side ends its direction; what waits can still be taken. */
    public CompletableFuture<Void> ended() {
        return ended;
    }

    /** Completes with the reason when the conversation is closed. */
    public CompletableFuture<Closing> closed() {
        return closed;
    }

    @Override
    public CompletionStage<Void> receive(Frame frame) {
        Waiting next = new Waiting(frame, new CompletableFuture<>());
        received.incrementAndGet();
        waiting.add(next);
        return next.taken;
    }

    @Override
    public void end() {
        ended.complete(null);
    }

    @Override
    public void close(Closing closing) {
        closed.complete(closing);
    }
}
