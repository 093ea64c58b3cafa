package io.relayminer.core.miner.store;

import java.util.Optional;

/**
 * Where a session of a supplier stands between its first mined relay and its payment, and the only
 * list of what may follow what:
 *
 * <pre>
 * ACTIVE ─seal─▶ CLAIMING ─▶ CLAIMED ─▶ PROVING ─▶ an end
 *    │               │           │
 *    └───────────────┴───────────┴──▶ PROVING or an end, as the chain shows
 * </pre>
 *
 * A session never goes back, since what was sent cannot be recalled; one that is over stays as it
 * is.
 */
public enum SessionState {
    /** Takes relays. */
    ACTIVE("active"),
    /** Sealed; the claim is being built or sent. */
    CLAIMING("claiming"),
    /** The claim is on its way or on chain. */
    CLAIMED("claimed"),
    /** The proof is being built or sent. */
    PROVING("proving"),
    /** The proof was accepted. */
    PROVED("proved"),
    /** The chain required no proof. */
    PROBABILISTIC_PROVED("probabilistic_proved"),
    /** Deliberately not claimed. */
    CLAIM_SKIPPED("claim_skipped"),
    /** No claim reached the chain in its window. */
    CLAIM_WINDOW_CLOSED("claim_window_closed"),
    /** The chain refuses the claim. */
    CLAIM_TX_ERROR("claim_tx_error"),
    /** The claim is not on chain although it was sent. */
    CLAIM_MISSING("claim_missing"),
    /** A required proof did not reach the chain in its window. */
    PROOF_WINDOW_CLOSED("proof_window_closed"),
    /** The chain refuses the proof, or it cannot be built. */
    PROOF_TX_ERROR("proof_tx_error");

    private final String wire;

    SessionState(String wire) {
        this.wire = wire;
    }

    /** The name stored in Redis. */
    public String wire() {
        return wire;
    }

    /** Whether nothing follows this state. */
    public boolean terminal() {
        return switch (this) {
            case ACTIVE, CLAIMING, CLAIMED, PROVING -> false;
            default -> true;
        };
    }

    /**
     * Whether a change may bring a session from this state into another one, or leave it in its
     * state. {@link #ACTIVE} is left for {@link #CLAIMING} by sealing alone, because that closes
     * the tree as well.
     */
    public boolean mayBecome(SessionState next) {
        if (next == this || next.terminal()) {
            return next == this || !terminal();
        }
        return switch (this) {
            case CLAIMING -> next == CLAIMED || next == PROVING;
            case CLAIMED -> next == PROVING;
            default -> false;
        };
    }

    /** Whether this is a terminal state in which the work was paid for. */
    public boolean success() {
        return this == PROVED || this == PROBABILISTIC_PROVED;
    }

    /** Whether this is a terminal state in which work was lost. */
    public boolean failure() {
        return terminal() && !success() && this != CLAIM_SKIPPED;
    }

    /** The state of that stored name; empty if another program wrote a state unknown here. */
    public static Optional<SessionState> ofWire(String wire) {
        for (SessionState state : values()) {
            if (state.wire.equals(wire)) {
                return Optional.of(state);
            }
        }
        return Optional.empty();
    }
}
