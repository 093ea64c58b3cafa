package io.relayminer.core.miner;

import io.relayminer.core.miner.store.MinerStore;
import io.relayminer.core.miner.store.SupplierStore;
import io.relayminer.core.redis.KeyLayout;
import io.relayminer.smst.redis.Fence;
import io.relayminer.testkit.miner.MinerStoreContractTest;
import io.relayminer.testkit.redis.RedisServer;
import io.relayminer.testkit.redis.RedisVersion;
import io.relayminer.transport.MinedRelay;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

@ParameterizedClass
@MethodSource("io.relayminer.testkit.redis.RedisVersion#available")
class RedisMinerStoreTest extends MinerStoreContractTest {

    private static RedisServer server;

    @Parameter private RedisVersion version;
    private RedisFleet fleet;

    @BeforeParameterizedClassInvocation
    static void startRedis(RedisVersion version) {
        server = version.start();
    }

    @AfterParameterizedClassInvocation
    static void stopRedis() {
        server.close();
    }

    @BeforeEach
    void open() {
        fleet = new RedisFleet(server, KeyLayout.PLAIN);
    }

    @AfterEach
    void close() {
        fleet.close();
    }

    /** Opens each supplier in the process that owns it. */
    @Override
    protected MinerStore store() {
        return new MinerStore() {
            @Override
            public SupplierStore open(String supplier, Fence fence) {
                return fleet.store(fence.owner()).open(supplier, fence);
            }

            @Override
            public boolean hasOpenSessions(String supplier) {
                return fleet.store("m1").hasOpenSessions(supplier);
            }

            @Override
            public void close() {}
        };
    }

    @Override
    protected void append(MinedRelay relay) {
        fleet.append(relay);
    }

    @Override
    protected Fence grant(String supplier, String owner) {
        return fleet.grant(supplier, owner);
    }
}
