package io.relayminer.transport.inprocess;

import io.relayminer.transport.Closing;
import io.relayminer.transport.Conversation;
import io.relayminer.transport.Frame;
import io.relayminer.transport.FrameReceiver;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/**
 * A conversation with its contract kept from both sides: nothing is delivered after its end, a
 * close reaches each side once, a message that is too long or a side that fails ends it.
 */
final class Link implements Conversation {

    private final Conversation inner;
    private final Consumer<Throwable> defects;
    private final Consumer<Link> over;
    private final AtomicReference<@Nullable Closing> closing = new AtomicReference<>();
    private final Direction out;
    private final Direction in;

    /**
     * Wraps the side that is called.
     *
     * @param inner that side
     * @param maxInBytes longest message to it
     * @param maxOutBytes longest message from it
     * @param defects told of what that side throws
     * @param over run once, when the conversation is over
     */
    Link(
            Conversation inner,
            long maxInBytes,
            long maxOutBytes,
            Consumer<Throwable> defects,
            Consumer<Link> over) {
        this.inner = inner;
        this.defects = defects;
        this.over = over;
        this.in = new Direction(maxInBytes);
        this.out = new Direction(maxOutBytes);
    }

    @Override
    public FrameReceiver begin(FrameReceiver outlet) {
        out.receiver = outlet;
        Closing before = closing.get();
        if (before != null) {
            outlet.close(before);
            return in;
        }
        try {
            FrameReceiver receiver = inner.begin(out);
            in.receiver = receiver;
            Closing meanwhile = closing.get();
            if (meanwhile != null) {
                receiver.close(meanwhile);
            }
        } catch (RuntimeException e) {
            failed(e);
        }
        return in;
    }

    /** Ends it from outside, for both sides. */
    void close(Closing reason) {
        if (closing.compareAndSet(null, reason)) {
            out.tell(reason);
            in.tell(reason);
            over.accept(Link.this);
        }
    }

    /** Tells the wrapped side that no message follows. */
    void end() {
        in.end();
    }

    private void failed(Throwable cause) {
        if (closing.get() == null) {
            defects.accept(cause);
            close(Closing.FAILED);
        }
    }

    /** What is said in one direction. */
    private final class Direction implements FrameReceiver {

        private final long longest;
        private volatile @Nullable FrameReceiver receiver;
        private volatile boolean ended;

        Direction(long longest) {
            this.longest = longest;
        }

        @Override
        public CompletionStage<Void> receive(Frame frame) {
            FrameReceiver to = receiver;
            if (to == null || ended || closing.get() != null) {
                return CompletableFuture.failedStage(
                        new IllegalStateException("the conversation is over"));
            }
            if (frame.bytes().length > longest) {
                Link.this.close(Closing.TOO_LARGE);
                return CompletableFuture.failedStage(
                        new IllegalArgumentException(
                                "the message is longer than " + longest + " bytes"));
            }
            try {
                CompletionStage<Void> received = to.receive(frame);
                return received.whenComplete(
                        (done, failure) -> {
                            if (failure != null) {
                                failed(failure);
                            }
                        });
            } catch (RuntimeException e) {
                failed(e);
                return CompletableFuture.failedStage(e);
            }
        }

        @Override
        public void end() {
            FrameReceiver to = receiver;
            if (ended || closing.get() != null) {
                return;
            }
            ended = true;
            if (to != null) {
                to.end();
            }
            if (in.ended && out.ended && closing.compareAndSet(null, Closing.NORMAL)) {
                over.accept(Link.this);
            }
        }

        /** From the side that talks in this direction: the other one is told. */
        @Override
        public void close(Closing reason) {
            if (closing.compareAndSet(null, reason)) {
                tell(reason);
                over.accept(Link.this);
            }
        }

        private void tell(Closing reason) {
            FrameReceiver to = receiver;
            if (to != null) {
                to.close(reason);
            }
        }
    }
}
