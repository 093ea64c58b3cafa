package io.relayminer.miner;

import static io.relayminer.miner.MinerWorld.SUPPLIERS;
import static io.relayminer.miner.MinerWorld.address;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.relayminer.core.chain.ChainClient;
import io.relayminer.core.chain.ChainSettings;
import io.relayminer.core.chain.TxInclusion;
import io.relayminer.core.chain.TxRequest;
import io.relayminer.core.chain.TxSubmitter;
import io.relayminer.core.chain.TxSubmitterContext;
import io.relayminer.core.chain.TxSubmitterProvider;
import io.relayminer.core.miner.redis.RedisMinerStore;
import io.relayminer.core.miner.redis.RedisMinerStoreSettings;
import io.relayminer.core.miner.store.MinerStore;
import io.relayminer.core.miner.store.MinerStoreContext;
import io.relayminer.core.miner.store.MinerStoreProvider;
import io.relayminer.core.miner.store.SupplierStore;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.tx.SignedTx;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.provider.ProviderException;
import io.relayminer.smst.redis.Fence;

import org.junit.jupiter.api.Test;

import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** A store and a submitter that nobody built in, chosen by their names in the configuration. */
class MinerPluginTest {

    private static final Set<String> OPENED = ConcurrentHashMap.newKeySet();
    private static final List<SignedTx> SENT = new CopyOnWriteArrayList<>();

    /** A store on a Redis of its own that remembers which suppliers were opened. */
    private record Remembering(RedisConnections connections, MinerStore other)
            implements MinerStore {

        @Override
        public SupplierStore open(String supplier, Fence fence) {
            OPENED.add(supplier);
            return other.open(supplier, fence);
        }

        @Override
        public boolean hasOpenSessions(String supplier) {
            return other.hasOpenSessions(supplier);
        }

        @Override
        public void close() {
            other.close();
            connections.close();
        }
    }

    /** Found on the class path of the tests. */
    public static final class StoreProvider implements MinerStoreProvider {

        /** For the search of the class path. */
        public StoreProvider() {}

        @Override
        public String type() {
            return "remembering";
        }

        @Override
        public MinerStore create(MinerStoreContext context) {
            String url = context.settings().required("url");
            context.settings().finish();
            RedisConnections connections = RedisConnections.open(url);
            return new Remembering(
                    connections,
                    new RedisMinerStore(
                            connections,
                            RedisKeys.plain(),
                            context.instance(),
                            RedisMinerStoreSettings.DEFAULT,
                            context.listener(),
                            context.time()));
        }
    }

    /** Sends through a client of its own. */
    private record OwnWay(ChainClient chain, TxSubmitter other) implements TxSubmitter {

        @Override
        public CompletionStage<SignedTx> prepare(TxRequest request) {
            return other.prepare(request);
        }

        @Override
        public CompletionStage<Void> broadcast(SignedTx tx) {
            SENT.add(tx);
            return other.broadcast(tx);
        }

        @Override
        public CompletionStage<Optional<TxInclusion>> find(String txHash) {
            return other.find(txHash);
        }

        @Override
        public void close() {
            other.close();
            chain.close();
        }
    }

    /** Found on the class path of the tests. */
    public static final class SubmitterProvider implements TxSubmitterProvider {

        /** For the search of the class path. */
        public SubmitterProvider() {}

        @Override
        public String type() {
            return "own-way";
        }

        @Override
        public TxSubmitter create(TxSubmitterContext context) {
            String rpc = context.settings().required("rpc");
            String grpc = context.settings().required("grpc");
            String chainId = context.settings().required("chain_id");
            context.settings().finish();
            ChainClient chain =
                    ChainClient.open(
                            new ChainSettings(
                                    List.of(URI.create(rpc)),
                                    List.of(grpc),
                                    true,
                                    Duration.ofSeconds(5),
                                    Duration.ofSeconds(1),
                                    chainId));
            chain.blocks().start();
            return new OwnWay(chain, chain.submitter(context.transactions()));
        }
    }

    private static MinerConfig config(MinerWorld world, String more) {
        return MinerConfig.reader()
                .build()
                .parse(world.config(world.redis.uri(), 3, more), "test")
                .config();
    }

    @Test
    void aMinerWorksWithTheStoreAndTheSubmitterThatItsConfigurationNames() throws Exception {
        try (MinerWorld world = new MinerWorld()) {
            String sections =
                    """
                    store: {type: remembering, url: "%s"}
                    submitter: {type: own-way, rpc: "%s", grpc: "%s", chain_id: "%s"}
                    """
                            .formatted(
                                    world.redis.uri(),
                                    world.chain.rpcAddress(),
                                    world.chain.grpcAddress(),
                                    world.chain.genesis().chainId());
            try (MinerDaemon process = MinerDaemon.start(config(world, sections))) {
                world.until(
                        "both suppliers", () -> process.miner().health().suppliers().size() == 2);
                assertEquals(Set.of(address(SUPPLIERS.get(0)), address(SUPPLIERS.get(1))), OPENED);
                SessionHeader header = world.session();
                world.relay(header, SUPPLIERS.get(0));
                world.until("a leaf", () -> world.leaves(header, SUPPLIERS.get(0)) == 1);
                world.claimWindowOf(header, () -> process.miner().health().height());
                world.until("a claim is sent", () -> !SENT.isEmpty());
            }
        }
    }

    @Test
    void aTypeNobodyKnowsIsRefusedByName() {
        try (MinerWorld world = new MinerWorld()) {
            ProviderException store =
                    assertThrows(
                            ProviderException.class,
                            () -> MinerDaemon.start(config(world, "store: {type: redsi}")));
            assertTrue(store.getMessage().contains("did you mean redis?"), store::getMessage);
            ProviderException submitter =
                    assertThrows(
                            ProviderException.class,
                            () -> MinerDaemon.start(config(world, "submitter: {type: cosmo}")));
            assertTrue(
                    submitter.getMessage().contains("did you mean cosmos?"), submitter::getMessage);
            ProviderException key =
                    assertThrows(
                            ProviderException.class,
                            () ->
                                    MinerDaemon.start(
                                            config(world, "store: {type: redis, lingre: 1s}")));
            assertEquals("store.lingre: unknown key; did you mean linger?", key.getMessage());
        }
    }
}
