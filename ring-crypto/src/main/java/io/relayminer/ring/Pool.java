package io.relayminer.ring;

import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Supplier;

/**
 * A small pool of scratch objects that threads borrow for the length of one operation.
 *
 * <p>Unlike a thread-local it does not grow with the number of virtual threads. Each thread prefers
 * the slot of its id, so with few threads taking and giving back is one uncontended exchange. An
 * empty pool creates an object, a full one drops it: nobody waits.
 */
final class Pool<T> {
    private static final int SLOTS = 64;
    private static final int PROBES = 4;

    private final AtomicReferenceArray<T> slots = new AtomicReferenceArray<>(SLOTS);
    private final Supplier<T> factory;

    Pool(Supplier<T> factory) {
        this.factory = factory;
    }

    T take() {
        int home = home();
        for (int i = 0; i < PROBES; i++) {
            int slot = home + i & SLOTS - 1;
            if (slots.getPlain(slot) != null) {
                T object = slots.getAndSet(slot, null);
                if (object != null) {
                    return object;
                }
            }
        }
        return factory.get();
    }

    void give(T object) {
        int home = home();
        for (int i = 0; i < PROBES; i++) {
            int slot = home + i & SLOTS - 1;
            if (slots.getPlain(slot) == null && slots.compareAndSet(slot, null, object)) {
                return;
            }
        }
    }

    private static int home() {
        return (int) ((Thread.currentThread().threadId() * 0x9E3779B1L) >>> 8);
    }
}
