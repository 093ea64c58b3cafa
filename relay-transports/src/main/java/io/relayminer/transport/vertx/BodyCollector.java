package io.relayminer.transport.vertx;

import io.netty.buffer.ByteBuf;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.buffer.BufferInternal;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;

/**
 * Gathers the chunks of a body in one array, up to a limit.
 *
 * <p>An announced length is trusted only as far as bytes arrive: the array starts small and
 * doubles, but never beyond the announced length, so that an honest body is copied once and ends in
 * an array of exactly its size, while a client that announces much and sends little costs little.
 */
final class BodyCollector {

    private static final int INITIAL = 64 * 1024;
    private static final byte[] NOTHING = {};

    private final long limit;
    private final long announced;
    private byte[] bytes = NOTHING;
    private int size;

    /**
     * A collector for at most {@code limit} bytes.
     *
     * @param announced value of {@code Content-Length}, or -1
     */
    BodyCollector(long limit, long announced) {
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

    /** Appends a chunk; {@code false}, and nothing appended, if that would exceed the limit. */
    boolean add(Buffer chunk) {
        ByteBuf buf = ((BufferInternal) chunk).getByteBuf();
        int length = chunk.length();
        if (size + (long) length > limit) {
            return false;
        }
        int needed = size + length;
        if (needed > bytes.length) {
            bytes = Arrays.copyOf(bytes, capacity(needed));
        }
        buf.getBytes(buf.readerIndex(), bytes, size, length);
        size = needed;
        return true;
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

    /** The collected body; the collector must not be used afterwards. */
    byte[] finish() {
        return size == bytes.length ? bytes : Arrays.copyOf(bytes, size);
    }

    /** Lets go of what has been collected. */
    void discard() {
        bytes = NOTHING;
        size = 0;
    }
}
