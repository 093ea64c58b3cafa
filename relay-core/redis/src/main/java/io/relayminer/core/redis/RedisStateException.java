package io.relayminer.core.redis;

import org.jspecify.annotations.Nullable;

/**
 * What can go wrong with the shared state in Redis. The message says what was wrong, where, and
 * what to do about it; it never contains a password.
 */
public sealed class RedisStateException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private RedisStateException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }

    /** A connection URL that cannot be used. */
    public static final class InvalidUrl extends RedisStateException {
        private static final long serialVersionUID = 1L;

        InvalidUrl(String message) {
            super(message, null);
        }
    }

    /** A stored value or a message that does not have the form its key or channel promises. */
    public static final class MalformedValue extends RedisStateException {
        private static final long serialVersionUID = 1L;

        /**
         * A value that could not be read.
         *
         * @param message what is malformed and where
         */
        public MalformedValue(String message) {
            super(message, null);
        }

        public MalformedValue(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }

    /** A server whose version or settings would lose relays. */
    public static final class UnsuitableServer extends RedisStateException {
        private static final long serialVersionUID = 1L;

        UnsuitableServer(String message) {
            super(message, null);
        }
    }

    /** Redis did not answer, or answered with an error that a retry may cure. */
    public static final class Unavailable extends RedisStateException {
        private static final long serialVersionUID = 1L;

        /**
         * A command that did not succeed.
         *
         * @param message which operation failed
         * @param cause the failure reported by the client, or null
         */
        public Unavailable(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }
}
