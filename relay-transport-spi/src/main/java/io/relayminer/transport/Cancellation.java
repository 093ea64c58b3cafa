package io.relayminer.transport;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Tells everybody who works on one relay that its result is no longer wanted, normally because the
 * client has disconnected.
 *
 * <p>The owner calls {@link #cancel()}; workers register with {@link #onCancel}. Cancelling is a
 * hint: work that cannot be abandoned may go on. All methods may be called from any thread and do
 * not block. A cancellation that is never fired costs one small object.
 */
public final class Cancellation {

    private static final Object FIRED = new Object();

    /** {@code null} (nothing registered), a {@link Node} (registered actions) or {@link #FIRED}. */
    private final AtomicReference<@Nullable Object> state = new AtomicReference<>();

    /** A fresh, not yet cancelled signal. */
    public Cancellation() {}

    /** Whether {@link #cancel()} has been called. */
    public boolean isCancelled() {
        return state.get() == FIRED;
    }

    /**
     * Fires the signal and runs the registered actions on the calling thread, in the order of
     * registration. Only the first call does anything.
     */
    public void cancel() {
        Object before = state.getAndSet(FIRED);
        if (!(before instanceof Node last)) {
            return;
        }
        List<Runnable> actions = new ArrayList<>();
        for (Node n = last; n != null; n = n.previous) {
            if (!n.removed) {
                actions.add(n.action);
            }
        }
        for (int i = actions.size() - 1; i >= 0; i--) {
            actions.get(i).run();
        }
    }

    /**
     * Registers an action to run when the signal fires; runs it at once if it has fired already.
     *
     * @param action must not block and must not throw
     * @return a handle whose {@code run()} withdraws the registration; withdrawing is optional and
     *     idempotent
     */
    public Runnable onCancel(Runnable action) {
        Objects.requireNonNull(action, "action");
        Node node = new Node(action);
        while (true) {
            Object current = state.get();
            if (current == FIRED) {
                action.run();
                return node;
            }
            node.previous = (Node) current;
            if (state.compareAndSet(current, node)) {
                return node;
            }
        }
    }

    /** One registration; withdrawn ones stay in the chain but are skipped. */
    private static final class Node implements Runnable {
        private final Runnable action;
        private volatile boolean removed;
        private @Nullable Node previous;

        Node(Runnable action) {
            this.action = action;
        }

        @Override
        public void run() {
            removed = true;
        }
    }
}
