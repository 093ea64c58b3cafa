package io.relayminer.core.miner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.relayminer.smst.MerkleSumRoot;
import io.relayminer.smst.SmstStoreException;
import io.relayminer.smst.redis.Fence;
import io.relayminer.smst.redis.RootResult;

import org.junit.jupiter.api.Test;

import java.util.Random;

/** What is counted of the work on trees. */
class MeteredSessionTreesTest {

    private static final Fence FENCE = new Fence("m", 1);

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final SimRedis redis = new SimRedis(new SimFaults(new Random(1)));
    private final SessionTrees trees = new MeteredSessionTrees(redis, new MinerMetrics(registry));

    private double operations(String operation, String result) {
        return registry.get("ha_smst_redis_operations")
                .tags("operation", operation, "result", result)
                .counter()
                .count();
    }

    @Test
    void answersAreCountedAndTimed() {
        assertSame(MerkleSumRoot.EMPTY, trees.storedRoot("s", "id"));
        // Nobody holds the lease: refused, which is an answer.
        assertEquals(
                RootResult.Fenced.class,
                trees.storeRoot("s", "id", FENCE, MerkleSumRoot.EMPTY).getClass());
        assertEquals(1, operations("get_root", "success"));
        assertEquals(1, operations("set_root", "success"));
        assertEquals(
                1,
                registry.get("ha_smst_redis_operation_duration_seconds")
                        .tag("operation", "get_root")
                        .timer()
                        .count());
    }

    @Test
    void failuresAreCountedByReason() {
        redis.full = true;
        assertThrows(SmstStoreException.class, () -> trees.commit("s", FENCE, null, null));
        assertEquals(1, operations("commit", "error"));
        assertEquals(
                1,
                registry.get("ha_smst_redis_errors")
                        .tags("operation", "commit", "error_type", "out_of_memory")
                        .counter()
                        .count());
    }
}
