package io.relayminer.ring;

import java.util.EnumMap;
import java.util.Objects;

/**
 * The outcome of verifying a ring signature. Instances are shared constants; receiving one
 * allocates nothing.
 */
public sealed interface RingVerdict {
    /** The signature is valid. */
    RingVerdict ACCEPTED = new Accepted();

    /** Returns whether the signature is valid. */
    boolean accepted();

    /** Returns the shared verdict of a reason. */
    static RingVerdict rejected(RingRejection reason) {
        return Objects.requireNonNull(Rejected.BY_REASON.get(reason));
    }

    /** The signature was made for the message by one of the ring's members. */
    record Accepted() implements RingVerdict {
        @Override
        public boolean accepted() {
            return true;
        }
    }

    /**
     * The signature is refused.
     *
     * @param reason why
     */
    record Rejected(RingRejection reason) implements RingVerdict {
        private static final EnumMap<RingRejection, RingVerdict> BY_REASON =
                new EnumMap<>(RingRejection.class);

        static {
            for (RingRejection reason : RingRejection.values()) {
                BY_REASON.put(reason, new Rejected(reason));
            }
        }

        @Override
        public boolean accepted() {
            return false;
        }
    }
}
