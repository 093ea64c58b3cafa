package io.relayminer.core.relay;

import java.io.Serial;

/**
 * Carries a {@link Refusal} through stages. Records no stack trace: refusals are an ordinary
 * outcome.
 */
final class RefusedException extends RuntimeException {
    @Serial private static final long serialVersionUID = 1L;

    private final transient Refusal refusal;

    RefusedException(Refusal refusal) {
        super(refusal.message(), null, false, false);
        this.refusal = refusal;
    }

    Refusal refusal() {
        return refusal;
    }
}
