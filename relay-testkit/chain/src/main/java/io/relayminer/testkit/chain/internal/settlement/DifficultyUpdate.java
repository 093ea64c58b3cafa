package io.relayminer.testkit.chain.internal.settlement;

import com.google.protobuf.ByteString;

import io.relayminer.core.wire.service.EventRelayMiningDifficultyUpdated;
import io.relayminer.core.wire.service.RelayMiningDifficulty;
import io.relayminer.testkit.chain.internal.encoding.Hashes;
import io.relayminer.testkit.chain.internal.execution.ExecutionContext;
import io.relayminer.testkit.chain.internal.params.ChainParams;
import io.relayminer.testkit.chain.internal.params.SessionCalendar;
import io.relayminer.testkit.chain.internal.stake.MiningDifficulty;
import io.relayminer.testkit.chain.internal.state.Branch;
import io.relayminer.testkit.chain.internal.state.Keys;

/** Adapts how hard it is to mine a relay of a service to how many were claimed. */
final class DifficultyUpdate {
    private DifficultyUpdate() {}

    /**
     * Lets {@code relays} settled relays of a service enter its average; in force from the next
     * session on.
     */
    static void apply(ExecutionContext context, String serviceId, long relays) {
        Branch state = context.state();
        long target = ChainParams.service(state).getTargetNumRelays();
        RelayMiningDifficulty previous =
                state.get(Keys.DIFFICULTY + serviceId, RelayMiningDifficulty.class);
        if (previous == null) {
            previous =
                    RelayMiningDifficulty.newBuilder()
                            .setServiceId(serviceId)
                            .setBlockHeight(context.height())
                            .setNumRelaysEma(relays)
                            .setTargetHash(MiningDifficulty.target(target, relays))
                            .build();
        }
        long average = MiningDifficulty.nextAverage(previous.getNumRelaysEma(), relays);
        ByteString newTarget = MiningDifficulty.target(target, average);
        long effective = new SessionCalendar(ChainParams.shared(state)).end(context.height()) + 1;
        RelayMiningDifficulty next =
                RelayMiningDifficulty.newBuilder()
                        .setServiceId(serviceId)
                        .setBlockHeight(effective)
                        .setNumRelaysEma(average)
                        .setTargetHash(newTarget)
                        .build();
        if (state.scan(Keys.DIFFICULTY_HISTORY + serviceId + "/").isEmpty()) {
            state.put(Keys.difficultyHistory(serviceId, previous.getBlockHeight()), previous);
        }
        state.put(Keys.difficultyHistory(serviceId, effective), next);
        state.put(Keys.DIFFICULTY + serviceId, next);
        context.emit(
                EventRelayMiningDifficultyUpdated.newBuilder()
                        .setServiceId(serviceId)
                        .setPrevTargetHashHexEncoded(Hashes.lowerHex(previous.getTargetHash()))
                        .setNewTargetHashHexEncoded(Hashes.lowerHex(newTarget))
                        .setPrevNumRelaysEma(previous.getNumRelaysEma())
                        .setNewNumRelaysEma(average)
                        .build());
    }
}
