package io.relayminer.core.session;

import io.relayminer.core.wire.shared.Params;

/**
 * The division of the chain into sessions: block ranges of equal length, numbered without gaps.
 *
 * <p>The first session starts at block 1. When the length changes, the chain records the start of
 * the first session of the new length as an anchor together with its number, and sessions from
 * there on are counted from it. Parameters whose anchor lies above the height asked about are those
 * of a later epoch and give a wrong session: pass the parameters in force at the height.
 *
 * <p>Heights of 0 and below belong to no session; all results are 0 for them.
 */
public final class SessionGrid {

    private SessionGrid() {}

    /** First block of the session that contains the height. */
    public static long startHeight(Params params, long height) {
        if (height <= 0) {
            return 0;
        }
        long anchor = anchor(params, height);
        long length = params.getNumBlocksPerSession();
        return anchor + (height - anchor) / length * length;
    }

    /** Last block of the session that contains the height. */
    public static long endHeight(Params params, long height) {
        return height <= 0 ? 0 : startHeight(params, height) + params.getNumBlocksPerSession() - 1;
    }

    /** Number of the session that contains the height, from 1. */
    public static long number(Params params, long height) {
        if (height <= 0) {
            return 0;
        }
        long anchor = anchor(params, height);
        long atAnchor = isAnchored(params, height) ? params.getSessionNumberAtAnchor() : 1;
        return Math.max(atAnchor, 1) + (height - anchor) / params.getNumBlocksPerSession();
    }

    /** First block of the session after the one that contains the height. */
    public static long nextStartHeight(Params params, long height) {
        return endHeight(params, height) + 1;
    }

    /** Last block at which relays of the session are still accepted. */
    public static long graceEndHeight(Params params, long height) {
        return endHeight(params, height) + params.getGracePeriodEndOffsetBlocks();
    }

    /** Whether at block {@code current} relays of the session are no longer accepted. */
    public static boolean isGraceElapsed(Params params, long height, long current) {
        return current > graceEndHeight(params, height);
    }

    /** Whether a session starts with this block. */
    public static boolean isStart(Params params, long height) {
        return height == startHeight(params, height);
    }

    /** Whether a session ends with this block. */
    public static boolean isEnd(Params params, long height) {
        return height == endHeight(params, height);
    }

    private static boolean isAnchored(Params params, long height) {
        long anchor = params.getSessionGridAnchorHeight();
        return anchor > 0 && anchor <= height;
    }

    private static long anchor(Params params, long height) {
        return isAnchored(params, height) ? params.getSessionGridAnchorHeight() : 1;
    }
}
