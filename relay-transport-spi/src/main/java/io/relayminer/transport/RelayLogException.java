package io.relayminer.transport;

import org.jspecify.annotations.Nullable;

/** Why a relay log could not do what it was asked. */
public sealed class RelayLogException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private RelayLogException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }

    /** The relay itself cannot be logged; trying again does not help. */
    public static final class Refused extends RelayLogException {
        private static final long serialVersionUID = 1L;

        /**
         * A relay that no log takes.
         *
         * @param message what is wrong with it
         */
        public Refused(String message) {
            super(message, null);
        }
    }

    /** More relays wait to be stored than the log may hold; the caller should shed load. */
    public static final class Full extends RelayLogException {
        private static final long serialVersionUID = 1L;

        /**
         * A log at its bound.
         *
         * @param message which bound was reached
         */
        public Full(String message) {
            super(message, null);
        }
    }

    /**
     * The storage did not answer, or not in time. A relay may or may not have been stored;
     * appending it again is harmless, because a consumer takes each relay hash once.
     */
    public static final class Unavailable extends RelayLogException {
        private static final long serialVersionUID = 1L;

        /**
         * A failed operation.
         *
         * @param message which operation failed
         * @param cause the failure, or null
         */
        public Unavailable(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }

    /** The log or reader is closed. */
    public static final class Closed extends RelayLogException {
        private static final long serialVersionUID = 1L;

        /**
         * Use after close.
         *
         * @param message what is closed
         */
        public Closed(String message) {
            super(message, null);
        }
    }
}
