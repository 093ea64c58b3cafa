package io.relayminer.core.miner;

import io.relayminer.core.miner.store.InMemoryMinerStore;
import io.relayminer.core.miner.store.MinerStore;
import io.relayminer.smst.redis.Fence;
import io.relayminer.testkit.miner.MinerStoreContractTest;
import io.relayminer.transport.MinedRelay;

import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;

class InMemoryMinerStoreTest extends MinerStoreContractTest {

    private final InMemoryMinerStore store = new InMemoryMinerStore(InstantSource.system());
    private final Map<String, Long> epochs = new HashMap<>();

    @Override
    protected MinerStore store() {
        return store;
    }

    @Override
    protected void append(MinedRelay relay) {
        store.log().append(relay).toCompletableFuture().join();
    }

    @Override
    protected Fence grant(String supplier, String owner) {
        return new Fence(owner, epochs.merge(supplier, 1L, Long::sum));
    }
}
