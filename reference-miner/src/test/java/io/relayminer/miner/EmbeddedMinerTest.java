package io.relayminer.miner;

import static io.relayminer.miner.MinerWorld.SUPPLIERS;
import static io.relayminer.miner.MinerWorld.address;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.relayminer.core.chain.ChainClient;
import io.relayminer.core.chain.ChainSettings;
import io.relayminer.core.chain.TxInclusion;
import io.relayminer.core.chain.TxRequest;
import io.relayminer.core.chain.TxSettings;
import io.relayminer.core.chain.TxSubmitter;
import io.relayminer.core.key.SupplierKey;
import io.relayminer.core.miner.Miner;
import io.relayminer.core.miner.MinerSettings;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.tx.SignedTx;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.ring.PrivateKey;
import io.relayminer.testkit.chain.genesis.LocalnetAccounts;

import org.junit.jupiter.api.Test;

import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;

/** A miner inside somebody's own program, which has a way of its own to send transactions. */
class EmbeddedMinerTest {

    /** Sends what another submitter has made, and remembers it. */
    private record Remembering(TxSubmitter other, List<SignedTx> sent) implements TxSubmitter {
        @Override
        public CompletionStage<SignedTx> prepare(TxRequest request) {
            return other.prepare(request);
        }

        @Override
        public CompletionStage<Void> broadcast(SignedTx tx) {
            sent.add(tx);
            return other.broadcast(tx);
        }

        @Override
        public CompletionStage<Optional<TxInclusion>> find(String txHash) {
            return other.find(txHash);
        }

        @Override
        public void close() {
            other.close();
        }
    }

    @Test
    void claimsGoThroughTheProgramsOwnSubmitter() throws Exception {
        List<SignedTx> sent = new CopyOnWriteArrayList<>();
        String supplier = SUPPLIERS.get(0);
        try (MinerWorld world = new MinerWorld()) {
            ChainSettings node =
                    new ChainSettings(
                            List.of(URI.create(world.chain.rpcAddress())),
                            List.of(world.chain.grpcAddress()),
                            true,
                            Duration.ofSeconds(5),
                            Duration.ofSeconds(1),
                            world.chain.genesis().chainId());
            SupplierKey key =
                    new SupplierKey(
                            PrivateKey.of(
                                    LocalnetAccounts.named(supplier).privateKey().toByteArray()));
            try (RedisConnections redis = RedisConnections.open(world.redis.uri());
                    ChainClient chain = ChainClient.open(node);
                    TxSubmitter submitter =
                            new Remembering(chain.submitter(TxSettings.DEFAULT), sent);
                    Miner miner =
                            Miner.builder(redis)
                                    .chain(chain)
                                    .submitter(submitter)
                                    .keys(List.of(key))
                                    .settings(
                                            MinerSettings.DEFAULT.withClaimPolicy(
                                                    MinerSettings.ClaimPolicy.ALWAYS))
                                    .build()) {
                chain.blocks().start();
                miner.start();
                world.until("it owns", () -> miner.health().suppliers().size() == 1);
                assertTrue(miner.health().leading());
                SessionHeader header = world.session();
                for (int i = 0; i < 3; i++) {
                    world.relay(header, supplier);
                }
                world.until("leaves", () -> world.leaves(header, supplier) == 3);
                world.claimWindowOf(header, () -> miner.health().height());
                world.until("a claim is sent", () -> !sent.isEmpty());
                world.chain.advance(1);
                assertTrue(world.chain.claim(header.getSessionId(), address(supplier)).isPresent());
                miner.drain(Duration.ofSeconds(20));
                assertFalse(miner.health().running());
                assertEquals(Optional.of("stopping"), miner.health().problem(Duration.ofHours(1)));
            }
            assertEquals(
                    Optional.empty(),
                    world.text(world.keys.lease(address(supplier))),
                    "the lease was given back");
        }
    }

    @Test
    void whatIsMissingIsNamed() {
        try (MinerWorld world = new MinerWorld()) {
            Miner.Builder builder = Miner.builder(world.connections);
            IllegalStateException e = assertThrows(IllegalStateException.class, builder::build);
            assertEquals("a miner needs a chain", e.getMessage());
        }
    }
}
