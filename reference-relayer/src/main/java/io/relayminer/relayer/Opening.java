package io.relayminer.relayer;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;

/**
 * Something that is being opened on a thread of its own. Most of a start is loading classes, so
 * what does not depend on each other is opened side by side.
 *
 * @param <T> what is opened
 */
final class Opening<T extends AutoCloseable> implements AutoCloseable {

    private final CompletableFuture<T> future;
    private boolean taken;

    Opening(String name, Supplier<T> open) {
        this.future =
                CompletableFuture.supplyAsync(
                        open,
                        task -> Thread.ofPlatform().daemon().name("opening-" + name).start(task));
    }

    /** Waits; from now on the caller closes what was opened. Throws what the opening threw. */
    T take() {
        try {
            T opened = future.join();
            taken = true;
            return opened;
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : e;
        }
    }

    /** Waits and closes what was opened, unless somebody has taken it. */
    @Override
    public void close() {
        if (taken) {
            return;
        }
        try {
            future.join().close();
        } catch (Exception e) {
            // It never was open, or does not matter any more: the start has failed.
        }
    }
}
