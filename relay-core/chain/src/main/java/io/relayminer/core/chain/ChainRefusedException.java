package io.relayminer.core.chain;

import org.jspecify.annotations.Nullable;

/**
 * A node understood the question and refused it; unless it is about a {@linkplain #isHeightAhead
 * height to come}, the same question will be refused again.
 */
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

    /**
     * Whether all nodes said that they have not reached the height in question. That a height lies
     * in the future only somebody can tell who knows the chain's height from elsewhere.
     */
    public boolean isHeightAhead() {
        return saysThatHeightIsAhead(reason);
    }

    static boolean saysThatHeightIsAhead(@Nullable String text) {
        return text != null && text.contains("is ahead of the last committed block height");
    }
}
