package io.relayminer.core.relay;

/**
 * Cheap checks of the heights a relay claims.
 *
 * <p>They need no chain access and bound what an unauthenticated request can make the relayer look
 * up: no height further than 10 000 blocks from the present, no session longer than 10 000 blocks.
 */
final class SessionHeights {

    private static final long BAND = 10_000;

    private SessionHeights() {}

    /**
     * Whether a session from {@code start} to {@code end} could be meant at {@code height}.
     *
     * @param height current block height; 0 or less if unknown, then only the shape is checked
     */
    static boolean plausible(long start, long end, long height) {
        if (start <= 0 || end <= start || end - start > BAND) {
            return false;
        }
        if (height <= 0) {
            return true;
        }
        return start - height <= BAND && height - end <= BAND;
    }
}
