package io.relayminer.core.chain;

/** A node understood the question and refused it; the same question will be refused again. */
public final class ChainRefusedException extends ChainException {

    private static final long serialVersionUID = 1L;

    private final String status;
    private final String reason;

    /**
     * @param question what was asked, for people
     * @param status name of the gRPC status or JSON-RPC error class
     * @param reason the node's words
     */
    public ChainRefusedException(String question, String status, String reason) {
        super(question + " was refused: " + status + ": " + reason, null);
        this.status = status;
        this.reason = reason;
    }

    /** Name of the gRPC status, for example {@code INTERNAL} or {@code INVALID_ARGUMENT}. */
    public String status() {
        return status;
    }

    /** The node's words. */
    public String reason() {
        return reason;
    }
}
