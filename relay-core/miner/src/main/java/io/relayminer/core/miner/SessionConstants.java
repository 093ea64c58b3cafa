package io.relayminer.core.miner;

import io.relayminer.core.session.ClaimAmounts;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.smst.MerkleSumRoot;

import java.util.Set;

/**
 * What never changes about a session once it has started: everything its claim and proof are
 * checked against.
 *
 * @param header the header as the chain has it
 * @param suppliers operator addresses that serve the session
 * @param computeUnitsPerRelay weight of every leaf
 * @param exactUnits whether the weight is that of the session's start; false if the node can only
 *     tell the current one
 * @param target 32-byte difficulty target at the session's start; not copied
 * @param tokensMultiplier compute units to tokens multiplier at the session's start
 * @param granularity compute unit cost granularity at the session's start
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record SessionConstants(
        SessionHeader header,
        Set<String> suppliers,
        long computeUnitsPerRelay,
        boolean exactUnits,
        byte[] target,
        long tokensMultiplier,
        long granularity) {

    /** What a claim on that many relays and compute units amounts to. */
    ClaimAmounts amounts(long units, long relays) {
        return ClaimAmounts.of(units, relays, target, tokensMultiplier, granularity);
    }

    /** What a claim with that root amounts to. */
    ClaimAmounts amounts(MerkleSumRoot root) {
        return amounts(root.sum(), root.count());
    }
}
