package io.relayminer.core.miner.store;

/** The store of a supplier was closed, here or by its successor in the same process. */
public final class ClosedException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /**
     * A store that delivers nothing any more.
     *
     * @param supplier bech32 operator address
     */
    public ClosedException(String supplier) {
        super("the store of supplier " + supplier + " is closed");
    }
}
