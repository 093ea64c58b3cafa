package io.relayminer.core.miner.store;

/**
 * The supplier belongs to another owner. Whoever catches this stops working on it at once; nothing
 * was written under the lost lease.
 */
public final class FencedException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /**
     * A lease that is lost.
     *
     * @param supplier bech32 operator address
     */
    public FencedException(String supplier) {
        super("the lease of supplier " + supplier + " is held by another instance");
    }
}
