package io.relayminer.core.session;

import io.relayminer.core.wire.shared.Params;

/**
 * The heights at which a session is claimed, proved and settled. Both windows include both of their
 * ends, and they are about the block in which a message executes, the one after the tip it was sent
 * at.
 *
 * @param sessionEnd last block of the session
 * @param graceEnd last block at which its relays are accepted
 * @param claimOpen first block that takes a claim
 * @param claimClose last block that takes a claim
 * @param proofOpen first block that takes a proof; equals {@code claimClose} if the chain puts no
 *     block between the windows
 * @param proofClose last block that takes a proof, and the block at whose end the claim is settled
 */
public record SessionWindows(
        long sessionEnd,
        long graceEnd,
        long claimOpen,
        long claimClose,
        long proofOpen,
        long proofClose) {

    /**
     * The windows of the session that contains a height.
     *
     * @param params shared parameters in force at the session's end height
     */
    public static SessionWindows of(Params params, long height) {
        long end = SessionGrid.endHeight(params, height);
        long claimOpen = end + params.getClaimWindowOpenOffsetBlocks() + 1;
        long claimClose = claimOpen + params.getClaimWindowCloseOffsetBlocks();
        long proofOpen = claimClose + params.getProofWindowOpenOffsetBlocks();
        long proofClose = proofOpen + params.getProofWindowCloseOffsetBlocks();
        return new SessionWindows(
                end,
                end + params.getGracePeriodEndOffsetBlocks(),
                claimOpen,
                claimClose,
                proofOpen,
                proofClose);
    }

    /**
     * First block at which a supplier's claim is accepted. The chain has a rule prepared that would
     * spread suppliers over the window; it is not in force, and when it comes this is the one place
     * that changes.
     */
    public long earliestClaim() {
        return claimOpen;
    }

    /** First block at which a supplier's proof is accepted; see {@link #earliestClaim}. */
    public long earliestProof() {
        return proofOpen;
    }

    /** The block whose hash decides which leaf is proved and whether a proof is required. */
    public long seedHeight() {
        return earliestProof() - 1;
    }

    /** The block at whose end the claim is paid or the supplier slashed. */
    public long settlementHeight() {
        return proofClose;
    }

    /** Whether a claim that executes in this block is inside the window. */
    public boolean takesClaimAt(long height) {
        return earliestClaim() <= height && height <= claimClose;
    }

    /** Whether a proof that executes in this block is inside the window. */
    public boolean takesProofAt(long height) {
        return earliestProof() <= height && height <= proofClose;
    }

    /**
     * Blocks from the end of a session to the close of its proof window, less one: the four
     * offsets.
     */
    public static long offsetsTotal(Params params) {
        return params.getClaimWindowOpenOffsetBlocks()
                + params.getClaimWindowCloseOffsetBlocks()
                + params.getProofWindowOpenOffsetBlocks()
                + params.getProofWindowCloseOffsetBlocks();
    }

    /** How many ended sessions of an application can be unsettled at once, rounded up. */
    public static long pendingSessions(Params params) {
        long length = params.getNumBlocksPerSession();
        return (offsetsTotal(params) + length - 1) / length;
    }
}
