package io.relayminer.core.redis;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Decides when commands that wait in a connection's buffer are written.
 *
 * <p>Every command is in one of two counts: {@code buffered}, put into the buffer and not known to
 * be written, or {@code outstanding}, written and not answered. The rule is that <i>whenever a
 * command is buffered, either a written one is outstanding, whose answer will write it, or somebody
 * is about to write it</i>. It holds because both sides publish before they look: an appender
 * counts its command, which is in the buffer already, and then looks whether an answer is
 * outstanding; an answer takes itself off {@code outstanding} and then looks whether something is
 * buffered. At least one of the two sees the other. Counting a command as a reason to wait before
 * it is in the buffer would break the rule: two appenders that begin together would each leave the
 * write to the other.
 *
 * <p>A write takes all of {@code buffered} into {@code outstanding} before it happens. A command
 * may be written by somebody who did not count it yet and be answered before it is counted; {@code
 * outstanding} is then one too low for a moment, which costs a write and never saves one.
 *
 * <p>Safe for use by any thread; nothing blocks.
 */
final class GroupCommit {

    private final Runnable write;
    private final int longest;
    private final AtomicInteger buffered = new AtomicInteger();
    private final AtomicInteger outstanding = new AtomicInteger();

    /**
     * @param write writes everything that is in the buffer
     * @param longest so many buffered commands are written without waiting for an answer, so that
     *     the server is never idle
     */
    GroupCommit(Runnable write, int longest) {
        this.write = write;
        this.longest = longest;
    }

    /** A command was put into the buffer. */
    void buffered() {
        int waiting = buffered.incrementAndGet();
        if (outstanding.get() <= 0 || waiting >= longest) {
            writeAll();
        }
    }

    /** A command that {@link #buffered} announced was answered, or will not be. */
    void answered() {
        outstanding.decrementAndGet();
        writeAll();
    }

    /** Writes what waits. */
    void writeAll() {
        int taken = buffered.getAndSet(0);
        if (taken > 0) {
            outstanding.addAndGet(taken);
            write.run();
        }
    }
}
