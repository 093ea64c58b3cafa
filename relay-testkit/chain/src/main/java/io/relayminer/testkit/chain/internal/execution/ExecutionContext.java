package io.relayminer.testkit.chain.internal.execution;

import io.relayminer.testkit.chain.internal.state.Branch;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * What a message, an end block or an ante handler runs in: state to change, the height and time it
 * sees, its events.
 */
public final class ExecutionContext {
    private final Branch state;
    private final long height;
    private final Instant time;
    private final List<AbciEvent> events = new ArrayList<>();

    public ExecutionContext(Branch state, long height, Instant time) {
        this.state = state;
        this.height = height;
        this.time = time;
    }

    public Branch state() {
        return state;
    }

    public long height() {
        return height;
    }

    public Instant time() {
        return time;
    }

    public void emit(AbciEvent event) {
        events.add(event);
    }

    /** Emits a protobuf event in the chain's attribute encoding. */
    public void emit(com.google.protobuf.Message event) {
        events.add(EventText.toAbci(event));
    }

    /** The events so far, in order. */
    public List<AbciEvent> events() {
        return events;
    }

    /** A context that writes to a branch of this one's state and has no events yet. */
    public ExecutionContext nested() {
        return new ExecutionContext(new Branch(state), height, time);
    }
}
