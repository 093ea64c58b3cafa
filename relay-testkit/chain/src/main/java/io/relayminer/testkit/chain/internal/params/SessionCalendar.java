package io.relayminer.testkit.chain.internal.params;

import io.relayminer.core.wire.shared.Params;

/**
 * The grid of sessions and the windows that follow each, under one set of shared parameters.
 *
 * <p>Heights before the anchor, or all of them without one, lie on the grid that begins at block 1
 * with session 1.
 */
public final class SessionCalendar {
    private final Params params;

    public SessionCalendar(Params params) {
        this.params = params;
    }

    private boolean anchored(long height) {
        long anchor = params.getSessionGridAnchorHeight();
        return anchor > 0 && anchor <= height;
    }

    private long anchorHeight(long height) {
        return anchored(height) ? params.getSessionGridAnchorHeight() : 1;
    }

    private long anchorNumber(long height) {
        return anchored(height) ? Math.max(1, params.getSessionNumberAtAnchor()) : 1;
    }

    private long blocks() {
        return Math.max(1, params.getNumBlocksPerSession());
    }

    /** First height of the session of {@code height}; 0 for heights below 1. */
    public long start(long height) {
        if (height <= 0) {
            return 0;
        }
        long anchor = anchorHeight(height);
        return anchor + (height - anchor) / blocks() * blocks();
    }

    /** Last height of the session of {@code height}; 0 for heights below 1. */
    public long end(long height) {
        return height <= 0 ? 0 : start(height) + blocks() - 1;
    }

    /** Number of the session of {@code height}, counted from 1; 0 for heights below 1. */
    public long number(long height) {
        if (height <= 0) {
            return 0;
        }
        return anchorNumber(height) + (height - anchorHeight(height)) / blocks();
    }

    public boolean isStart(long height) {
        return height == start(height);
    }

    /** First height at which a claim of the session of {@code height} may execute. */
    public long claimOpen(long height) {
        return end(height) + params.getClaimWindowOpenOffsetBlocks() + 1;
    }

    /** Last height at which a claim may execute. */
    public long claimClose(long height) {
        return claimOpen(height) + params.getClaimWindowCloseOffsetBlocks();
    }

    /** First height at which a proof may execute. */
    public long proofOpen(long height) {
        return claimClose(height) + params.getProofWindowOpenOffsetBlocks();
    }

    /**
     * Last height at which a proof may execute; claims are settled in the end block of this height.
     */
    public long proofClose(long height) {
        return proofOpen(height) + params.getProofWindowCloseOffsetBlocks();
    }

    /** Height of the block whose hash seeds the proof path and the lottery. */
    public long seedHeight(long height) {
        return proofOpen(height) - 1;
    }

    public static long sumOfOffsets(Params params) {
        return params.getClaimWindowOpenOffsetBlocks()
                + params.getClaimWindowCloseOffsetBlocks()
                + params.getProofWindowOpenOffsetBlocks()
                + params.getProofWindowCloseOffsetBlocks();
    }

    /** How many sessions can be waiting for settlement at once. */
    public static long pendingSessions(Params params) {
        long blocks = Math.max(1, params.getNumBlocksPerSession());
        return (sumOfOffsets(params) + blocks - 1) / blocks;
    }
}
