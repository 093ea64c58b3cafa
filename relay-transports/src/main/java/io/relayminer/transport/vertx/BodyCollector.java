package io.relayminer.transport.vertx;

import io.netty.buffer.ByteBuf;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.buffer.BufferInternal;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;

/**
 * Gathers the chunks of a body in one array, up to a limit of its own and within a space that it
 * may share with other bodies.
 *
 * <p>An announced length is trusted only as far as bytes arrive: the array starts small and
 * doubles, but never beyond the announced length, so that an honest body ends in an array of
 * exactly its size, while a client that announces much and sends little costs little. What is taken
 * of the shared space is the length of the array: what is really held, at most twice what arrived.
 */
final class BodyCollector {

    /** As much as a connection costs without any body. */
    private static final int INITIAL = 4 * 1024;

    private static final byte[] NOTHING = {};

    /** What became of a chunk. */
    enum Outcome {
        ADDED,
        /** The body is longer than a body may be. */
        TOO_LONG,
        /** Other bodies hold the space. */
        NO_SPACE
    }

    private final BodySpace space;
    private final long limit;
    private final long announced;
    private byte[] bytes = NOTHING;
    private int size;

    /** A collector that shares its space with no other. */
    BodyCollector(long limit, long announced) {
        this(new BodySpace(limit), limit, announced);
    }

    /**
     * A collector for at most {@code limit} bytes.
     *
     * @param space shared with other bodies; {@link #discard} gives back what was taken
     * @param announced value of {@code Content-Length}, or -1
     */
    BodyCollector(BodySpace space, long limit, long announced) {
        this.space = space;
        this.limit = limit;
        this.announced = announced;
    }

    /** The announced length from a header value; -1 if absent or not a number. */
    static long announced(@Nullable String contentLength) {
        if (contentLength == null) {
            return -1;
        }
        try {
            return Long.parseLong(contentLength.trim());
        } catch (NumberFormatException e) {
            return -1;
        }
    }

    /** Appends a chunk, if it fits. */
    Outcome add(Buffer chunk) {
        ByteBuf buf = ((BufferInternal) chunk).getByteBuf();
        int length = chunk.length();
        if (size + (long) length > limit) {
            return Outcome.TOO_LONG;
        }
        int needed = size + length;
        if (needed > bytes.length) {
            int capacity = capacity(needed);
            if (!space.tryTake(capacity - bytes.length)) {
                return Outcome.NO_SPACE;
            }
            bytes = Arrays.copyOf(bytes, capacity);
        }
        buf.getBytes(buf.readerIndex(), bytes, size, length);
        size = needed;
        return Outcome.ADDED;
    }

    private int capacity(int needed) {
        long grown = Math.max(INITIAL, bytes.length * 2L);
        if (announced >= needed) {
            grown = Math.min(grown, announced);
        } else if (bytes.length == 0) {
            grown = needed;
        }
        return (int) Math.min(Math.max(grown, needed), limit);
    }

    /** The collected body, which keeps its space until it is discarded; nothing may be added. */
    byte[] finish() {
        int excess = bytes.length - size;
        if (excess > 0) {
            bytes = Arrays.copyOf(bytes, size);
            space.giveBack(excess);
        }
        return bytes;
    }

    /** Lets go of what has been collected and gives its space back. */
    void discard() {
        space.giveBack(bytes.length);
        bytes = NOTHING;
        size = 0;
    }
}
