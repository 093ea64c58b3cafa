package io.relayminer.core.redis;

/** The two messages a session sends to the chain. */
public enum SubmissionPhase {
    /** {@code MsgCreateClaim}. */
    CLAIM("claim"),
    /** {@code MsgSubmitProof}. */
    PROOF("proof");

    private final String wire;

    SubmissionPhase(String wire) {
        this.wire = wire;
    }

    /** The name inside keys: {@code claim} or {@code proof}. */
    public String wire() {
        return wire;
    }
}
