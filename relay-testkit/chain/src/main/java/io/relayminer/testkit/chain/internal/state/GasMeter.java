package io.relayminer.testkit.chain.internal.state;

/**
 * Gas of one transaction: a limit, and a running total that grows with every state access.
 *
 * <p>The schedule is the one of the Cosmos key-value store (flat cost per access plus a cost per
 * byte), so totals have the right size and the right order of magnitude, and a limit that is too
 * small fails at the kind of access it would fail at on a real node. They do not equal a real
 * node's totals to the last unit, because its keys and encodings differ in length.
 *
 * <p>Not thread safe: one meter belongs to one execution.
 */
public final class GasMeter {
    static final long READ_FLAT = 1_000;
    static final long READ_PER_BYTE = 3;
    static final long WRITE_FLAT = 2_000;
    static final long WRITE_PER_BYTE = 30;
    static final long DELETE = 1_000;
    static final long HAS = 1_000;
    static final long ITERATE_NEXT = 30;

    /** Limit that is never reached; the one simulations and block execution run under. */
    static final long UNLIMITED = -1L;

    private final long limit;
    private long consumed;

    /**
     * A meter that has counted nothing yet.
     *
     * @param limit highest total in gas units, or {@link #UNLIMITED}
     */
    public GasMeter(long limit) {
        this.limit = limit;
    }

    public static GasMeter unlimited() {
        return new GasMeter(UNLIMITED);
    }

    public long consumed() {
        return consumed;
    }

    long limit() {
        return limit;
    }

    /**
     * Adds to the total.
     *
     * @throws OutOfGasException when the total passes the limit; the total keeps the amount that
     *     broke it
     */
    public void consume(long amount, String location) {
        consumed += amount;
        if (limit != UNLIMITED && consumed > limit) {
            throw new OutOfGasException(location, limit, consumed);
        }
    }

    /** Signals that the gas limit of a transaction was passed. */
    public static final class OutOfGasException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        OutOfGasException(String location, long wanted, long used) {
            super(
                    "out of gas in location: "
                            + location
                            + "; gasWanted: "
                            + wanted
                            + ", gasUsed: "
                            + used
                            + ": out of gas");
        }

        /** The log text of a refused or failed transaction. */
        public String log() {
            return java.util.Objects.requireNonNull(getMessage());
        }
    }
}
