package io.relayminer.core.meter;

/**
 * What the budget of a (session, supplier) is computed from, and the result.
 *
 * @param serviceFactor factor configured for the service, 0 if none
 * @param applicationStake stake of the application, upokt
 * @param limit budget, upokt
 */
public record MeterTerms(double serviceFactor, long applicationStake, long limit) {

    /**
     * Budget of one supplier in one session when no service factor is configured: the stake,
     * divided by the suppliers of a session, divided by the number of sessions whose claims can be
     * pending at once. Both divisions drop the remainder.
     *
     * @param applicationStake upokt
     * @param suppliersPerSession {@code num_suppliers_per_session}; 0 counts as 1
     * @param windowBlocks sum of the four window offsets; 0 counts as 1
     * @param blocksPerSession {@code num_blocks_per_session}; 0 counts as 1
     * @return upokt
     */
    public static long baseLimit(
            long applicationStake,
            long suppliersPerSession,
            long windowBlocks,
            long blocksPerSession) {
        long suppliers = Math.max(1, suppliersPerSession);
        long blocks = Math.max(1, blocksPerSession);
        long window = Math.max(1, windowBlocks);
        long pendingSessions = Math.ceilDiv(window, blocks) + 1;
        return applicationStake / suppliers / pendingSessions;
    }
}
