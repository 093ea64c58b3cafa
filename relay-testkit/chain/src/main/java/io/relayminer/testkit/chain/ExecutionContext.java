package io.relayminer.testkit.chain;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * What a message, an end block or an ante handler runs in: state to change, the height and time it
 * sees, its events.
 */
final class ExecutionContext {
    private final Branch state;
    private final long height;
    private final Instant time;
    private final List<AbciEvent> events = new ArrayList<>();

    ExecutionContext(Branch state, long height, Instant time) {
        this.state = state;
        this.height = height;
        this.time = time;
    }

    Branch state() {
        return state;
    }

    long height() {
        return height;
    }

    Instant time() {
        return time;
    }

    void emit(AbciEvent event) {
        events.add(event);
    }

    /** Emits a protobuf event in the chain's attribute encoding. */
    void emit(com.google.protobuf.Message event) {
        events.add(TypedEvents.toAbci(event));
    }

    /** The events so far, in order. */
    List<AbciEvent> events() {
        return events;
    }

    /** A context that writes to a branch of this one's state and has no events yet. */
    ExecutionContext nested() {
        return new ExecutionContext(new Branch(state), height, time);
    }
}
