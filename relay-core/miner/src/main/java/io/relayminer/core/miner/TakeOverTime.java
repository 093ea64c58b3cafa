package io.relayminer.core.miner;

import io.relayminer.core.session.SessionWindows;
import io.relayminer.core.wire.shared.Params;
import io.relayminer.leader.LeaseSettings;

import java.time.Duration;
import java.util.Optional;

/**
 * How long a supplier may be without an owner after its owner has died, at worst: until the lease
 * has expired and another replica looks again, and before that, if suppliers follow the leader, as
 * long again for the leadership.
 *
 * @param worst the time
 */
record TakeOverTime(Duration worst) {

    static TakeOverTime of(
            LeaseSettings supplier, LeaseSettings leader, Miner.Assignment assignment) {
        Duration worst = supplier.timeToLive().plus(supplier.orphanAfter());
        return new TakeOverTime(
                assignment == Miner.Assignment.LEADER
                        ? worst.plus(leader.timeToLive()).plus(leader.renewEvery())
                        : worst);
    }

    /**
     * What an operator should know if a take-over may outlast a window.
     *
     * @param params shared parameters of the chain
     * @param blockInterval time between blocks
     */
    Optional<String> warning(Params params, Duration blockInterval) {
        SessionWindows windows = SessionWindows.of(params, params.getNumBlocksPerSession());
        long blocks =
                Math.min(
                        windows.claimClose() - windows.claimOpen(),
                        windows.proofClose() - windows.proofOpen());
        Duration shortest = blockInterval.multipliedBy(Math.max(0, blocks));
        if (worst.compareTo(shortest) < 0) {
            return Optional.empty();
        }
        return Optional.of(
                "another replica may take over after "
                        + worst.toSeconds()
                        + " s, but the shortest window of this chain is open for "
                        + shortest.toSeconds()
                        + " s; claims and proofs that fall due meanwhile are lost. Make leases"
                        + " shorter");
    }
}
