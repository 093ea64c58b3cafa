package io.relayminer.core.chain;

import org.jspecify.annotations.Nullable;

/** A transaction was refused, or could not be made or sent. */
public final class TxException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final transient TxFailure failure;

    public TxException(TxFailure failure) {
        this(failure, null);
    }

    public TxException(TxFailure failure, @Nullable Throwable cause) {
        super(failure.toString(), cause);
        this.failure = failure;
    }

    /** What went wrong and what can be done about it. */
    public TxFailure failure() {
        return failure;
    }
}
