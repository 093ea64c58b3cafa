package io.relayminer.core.miner.store;

import io.relayminer.smst.redis.Fence;

/**
 * What a fleet of miners keeps: mined relays that wait, the trees that they become, where each
 * session stands, messages on their way to the chain, and reports for operators. Everything else
 * that a miner knows can be read from the chain again.
 *
 * <p><b>Ownership.</b> Each supplier is worked on by the one process that holds its lease. {@link
 * #open} is given the lease as owner and epoch, and every act of the {@link SupplierStore} that it
 * returns is refused with {@link FencedException}, without an effect, from the moment at which
 * another owner has opened the supplier in a later epoch. An implementation may refuse earlier, as
 * soon as the lease is lost.
 *
 * <p><b>Durability.</b> What was answered survives the process, and whatever else the
 * implementation promises. An act whose answer got lost may have had its effect; each of them can
 * be repeated.
 *
 * <p>Methods block and are called on virtual threads. An implementation must pass {@code
 * MinerStoreContractTest} of {@code relay-contract-tests}. Safe for use by any thread.
 */
public interface MinerStore extends AutoCloseable {

    /**
     * Opens what is kept of a supplier. Entries that earlier owners received and did not settle are
     * delivered to the new owner, first.
     *
     * @param supplier bech32 operator address
     * @param fence the lease under which the caller owns it
     * @throws MinerStoreException if there is no definite answer
     */
    SupplierStore open(String supplier, Fence fence);

    /**
     * Whether a supplier has sessions that are not over. Needs no lease.
     *
     * @param supplier bech32 operator address
     * @throws MinerStoreException if there is no definite answer, which is not a no
     */
    boolean hasOpenSessions(String supplier);

    /** Gives up what the store opened itself. Supplier stores are closed before. */
    @Override
    void close();
}
