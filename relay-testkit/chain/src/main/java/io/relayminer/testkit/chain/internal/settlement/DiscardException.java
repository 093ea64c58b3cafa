package io.relayminer.testkit.chain.internal.settlement;

import org.jspecify.annotations.Nullable;

import java.util.Objects;

/** A claim that cannot be settled at all; the message says why, in the chain's words. */
final class DiscardException extends Exception {
    private static final long serialVersionUID = 1L;

    DiscardException(String reason) {
        super(reason);
    }

    static <T> T require(@Nullable T value, String what) throws DiscardException {
        if (value == null) {
            throw new DiscardException(what + " not found");
        }
        return value;
    }

    String reason() {
        return Objects.requireNonNullElse(getMessage(), "");
    }
}
