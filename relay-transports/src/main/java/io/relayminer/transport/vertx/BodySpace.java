package io.relayminer.transport.vertx;

import java.util.concurrent.atomic.AtomicLong;

/**
 * The memory that a transport may spend on request bodies, shared by its event loops: without it a
 * limit per body would be a limit per connection, and connections cost a stranger nothing.
 */
final class BodySpace {

    private final AtomicLong free;

    /** Room for the given number of bytes. */
    BodySpace(long bytes) {
        free = new AtomicLong(bytes);
    }

    /** Takes space; {@code false}, and nothing taken, if there is less. */
    boolean tryTake(long bytes) {
        long before = free.get();
        while (before >= bytes) {
            long now = free.compareAndExchange(before, before - bytes);
            if (now == before) {
                return true;
            }
            before = now;
        }
        return false;
    }

    /** Bytes that nobody has taken. */
    long free() {
        return free.get();
    }

    /** Returns space that was taken. */
    void giveBack(long bytes) {
        free.addAndGet(bytes);
    }
}
