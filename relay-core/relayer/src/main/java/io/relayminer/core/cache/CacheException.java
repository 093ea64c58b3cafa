package io.relayminer.core.cache;

import org.jspecify.annotations.Nullable;

import java.io.Serial;

/**
 * A lookup that produced no value. Stack traces are not recorded: lookups fail on the relay path,
 * at the pace of hostile requests.
 */
public abstract sealed class CacheException extends RuntimeException {
    @Serial private static final long serialVersionUID = 1L;

    private CacheException(String message, @Nullable Throwable cause) {
        super(message, cause, false, false);
    }

    /**
     * The authority was reached and says that there is no such thing. Remembered for the policy's
     * {@link CachePolicy#absentFor()}. The message is the authority's own text.
     */
    public static final class Absent extends CacheException {
        @Serial private static final long serialVersionUID = 1L;

        /**
         * @param message what the authority said; may be shown to a client
         */
        public Absent(String message) {
            super(message, null);
        }
    }

    /**
     * Nobody could be asked: Redis or the chain is unreachable, or the local limit on chain queries
     * was reached. Never remembered. The message may name internal addresses: log it, do not send
     * it.
     */
    public static final class Unavailable extends CacheException {
        @Serial private static final long serialVersionUID = 1L;

        /**
         * @param message what could not be reached
         * @param cause the failure of the last tier asked
         */
        public Unavailable(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }
}
