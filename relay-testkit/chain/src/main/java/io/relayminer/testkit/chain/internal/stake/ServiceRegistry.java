package io.relayminer.testkit.chain.internal.stake;

import io.relayminer.core.wire.service.RelayMiningDifficulty;
import io.relayminer.core.wire.shared.Service;
import io.relayminer.testkit.chain.internal.params.ChainParams;
import io.relayminer.testkit.chain.internal.params.SessionCalendar;
import io.relayminer.testkit.chain.internal.state.Branch;
import io.relayminer.testkit.chain.internal.state.Keys;
import io.relayminer.testkit.chain.internal.state.StateReader;

import org.jspecify.annotations.Nullable;

import java.util.Map;

/** Services, what their relays cost and how hard they are to mine, now and at any height. */
public final class ServiceRegistry {
    private ServiceRegistry() {}

    public static @Nullable Service service(StateReader state, String serviceId) {
        return state.get(Keys.SERVICES + serviceId, Service.class);
    }

    /**
     * Compute units per relay at {@code height}: the newest positive history entry not above it,
     * else the live value.
     */
    public static long computeUnitsPerRelay(StateReader state, Service service, long height) {
        long found = 0;
        for (Map.Entry<String, Object> entry :
                state.scan(Keys.COMPUTE_UNITS + service.getId() + "/")) {
            if (Keys.heightAtEnd(entry.getKey()) <= height) {
                found = (Long) entry.getValue();
            }
        }
        return found > 0 ? found : service.getComputeUnitsPerRelay();
    }

    /**
     * Difficulty at {@code height}: the newest history entry not above it, else the base
     * difficulty.
     */
    public static RelayMiningDifficulty difficulty(
            StateReader state, String serviceId, long height) {
        RelayMiningDifficulty found = null;
        for (Map.Entry<String, Object> entry :
                state.scan(Keys.DIFFICULTY_HISTORY + serviceId + "/")) {
            if (Keys.heightAtEnd(entry.getKey()) <= height) {
                found = (RelayMiningDifficulty) entry.getValue();
            }
        }
        return found == null ? baseDifficulty(state, serviceId, 0) : found;
    }

    /** The current difficulty, which runs ahead of the one at the current height. */
    public static RelayMiningDifficulty currentDifficulty(
            StateReader state, String serviceId, long height) {
        RelayMiningDifficulty current =
                state.get(Keys.DIFFICULTY + serviceId, RelayMiningDifficulty.class);
        return current == null ? baseDifficulty(state, serviceId, height) : current;
    }

    private static RelayMiningDifficulty baseDifficulty(
            StateReader state, String serviceId, long height) {
        return RelayMiningDifficulty.newBuilder()
                .setServiceId(serviceId)
                .setBlockHeight(height)
                .setNumRelaysEma(ChainParams.service(state).getTargetNumRelays())
                .setTargetHash(MiningDifficulty.BASE_TARGET)
                .build();
    }

    /** Changes what a relay of a service costs, from the next session on. */
    public static void updateComputeUnits(
            Branch state, long height, String serviceId, long computeUnits) {
        Service service = service(state, serviceId);
        if (service == null) {
            throw new IllegalArgumentException("no service " + serviceId);
        }
        if (state.scan(Keys.COMPUTE_UNITS + serviceId + "/").isEmpty()) {
            state.put(Keys.computeUnits(serviceId, 1), service.getComputeUnitsPerRelay());
        }
        long effective = new SessionCalendar(ChainParams.shared(state)).end(height) + 1;
        state.put(Keys.computeUnits(serviceId, effective), computeUnits);
        state.put(
                Keys.SERVICES + serviceId,
                service.toBuilder().setComputeUnitsPerRelay(computeUnits).build());
    }
}
