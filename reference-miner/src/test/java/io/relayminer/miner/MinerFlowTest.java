package io.relayminer.miner;

import static io.relayminer.miner.MinerWorld.SERVICE;
import static io.relayminer.miner.MinerWorld.SUPPLIERS;
import static io.relayminer.miner.MinerWorld.address;
import static io.relayminer.miner.MinerWorld.bytes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.redis.SupplierState;
import io.relayminer.core.session.SessionWindows;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.testkit.chain.ClaimOutcome;
import io.relayminer.testkit.chain.DevChain;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;

/**
 * The real daemon against a real Redis and a chain with the real rules: relays become leaves,
 * claims, proofs and money, also when the daemon that began the work is not the one that ends it.
 */
class MinerFlowTest {

    private MinerWorld world;
    private DevChain chain;
    private RedisConnections connections;
    private RedisKeys keys;
    private final List<MinerDaemon> miners = new ArrayList<>();

    @BeforeEach
    void start() {
        world = new MinerWorld();
        chain = world.chain;
        connections = world.connections;
        keys = world.keys;
    }

    @AfterEach
    void stop() {
        miners.forEach(MinerDaemon::close);
        world.close();
    }

    private MinerConfig config(String more) {
        return MinerConfig.reader()
                .build()
                .parse(world.config(world.redis.uri(), 3, more), "test")
                .config();
    }

    private MinerDaemon miner(String more) {
        MinerDaemon miner = MinerDaemon.start(config(more));
        miners.add(miner);
        return miner;
    }

    private SessionHeader session() {
        return world.session();
    }

    private void relay(SessionHeader header, String supplier) throws Exception {
        world.relay(header, supplier);
    }

    private void until(String what, java.util.concurrent.Callable<Boolean> condition) {
        world.until(what, condition);
    }

    /** Advances to a height and waits until every miner has seen it. */
    private void advanceTo(long height) {
        while (chain.height() < height) {
            long now = chain.advance(1);
            for (MinerDaemon miner : miners) {
                until("block " + now, () -> miner.miner().health().height() >= now);
            }
        }
    }

    private long leaves(SessionHeader header, String supplier) {
        return world.leaves(header, supplier);
    }

    private boolean claimed(SessionHeader header) {
        return SUPPLIERS.stream()
                .allMatch(s -> chain.claim(header.getSessionId(), address(s)).isPresent());
    }

    private int waiting(SessionHeader header, boolean proofs) {
        // In the mempool or already in a block.
        return chain.mempoolSize() + (proofs ? chain.proofChecks().size() : world.claims(header));
    }

    private void proveAndSettle(SessionHeader header, SessionWindows windows) {
        advanceTo(windows.proofOpen());
        until("proofs are sent", () -> waiting(header, true) >= SUPPLIERS.size());
        advanceTo(windows.proofOpen() + 1);
        until("proofs are checked", () -> chain.proofChecks().size() >= SUPPLIERS.size());
        advanceTo(windows.proofClose());
        until("everything is settled", () -> chain.outcomes().size() >= SUPPLIERS.size());
        advanceTo(windows.proofClose() + 1);
        for (ClaimOutcome outcome : chain.outcomes()) {
            assertEquals(ClaimOutcome.Kind.SETTLED, outcome.kind(), outcome.toString());
        }
        for (String supplier : SUPPLIERS) {
            until(
                    "the session is over",
                    () ->
                            world.record(header, supplier)
                                    .map(r -> r.state().equals("proved"))
                                    .orElse(false));
            String tree = keys.smstNodes(address(supplier), header.getSessionId());
            until("the tree is gone", () -> connections.sync().exists(bytes(tree)) == 0);
        }
    }

    @Test
    void relaysBecomeMoney() throws Exception {
        MinerDaemon miner = miner("");
        advanceTo(2);
        until("ready", () -> get(miner, "/ready").statusCode() == 200);
        until("owner", () -> miner.miner().health().suppliers().size() == 2);
        byte[] stored = connections.sync().get(bytes(keys.supplierState(address("supplier1"))));
        SupplierState state = SupplierState.decode(stored);
        assertTrue(state.activeFor(SERVICE));
        SessionHeader header = session();
        for (int i = 0; i < 20; i++) {
            for (String supplier : SUPPLIERS) {
                relay(header, supplier);
            }
        }
        for (String supplier : SUPPLIERS) {
            until("all relays are leaves", () -> leaves(header, supplier) == 20);
            assertEquals(0, connections.sync().xlen(bytes(keys.stream(address(supplier)))));
        }
        until("known", () -> connections.sync().scard(bytes(keys.known("services"))) == 1);
        SessionWindows windows =
                SessionWindows.of(chain.sharedParams(), header.getSessionEndBlockHeight());
        advanceTo(windows.claimOpen());
        // One more, served at the last moment.
        relay(header, "supplier1");
        advanceTo(windows.claimOpen() + 4);
        until("claims are sent", () -> waiting(header, false) >= SUPPLIERS.size());
        advanceTo(windows.claimOpen() + 5);
        until("claims are on chain", () -> claimed(header));
        proveAndSettle(header, windows);
        assertEquals(
                List.of(20L, 21L),
                chain.outcomes().stream().map(ClaimOutcome::relays).sorted().toList());
        String metrics = get(miner, "/metrics").body();
        for (String name :
                List.of(
                        "ha_miner_claims_submitted_total",
                        "ha_miner_proofs_submitted_total",
                        "ha_miner_sessions_proved_total",
                        "ha_miner_upokt_earned_total",
                        "ha_miner_relays_processed_total",
                        "ha_miner_current_block_height",
                        "ha_tx_broadcasts_total")) {
            assertTrue(metrics.contains(name), name);
        }
        assertFalse(metrics.contains("ha_miner_sessions_failed_total"), "nothing failed");
    }

    @Test
    void anotherReplicaGoesOnWhereOneStops() throws Exception {
        MinerDaemon first = miner("");
        advanceTo(2);
        until("the first owns", () -> first.miner().health().suppliers().size() == 2);
        MinerDaemon second = miner("");
        SessionHeader header = session();
        for (int i = 0; i < 12; i++) {
            for (String supplier : SUPPLIERS) {
                relay(header, supplier);
            }
        }
        SessionWindows windows =
                SessionWindows.of(chain.sharedParams(), header.getSessionEndBlockHeight());
        advanceTo(windows.claimOpen() - 1);
        assertEquals(0, second.miner().health().suppliers().size(), "the second stands by");
        first.close();
        miners.remove(first);
        until("the second owns", () -> second.miner().health().suppliers().size() == 2);
        advanceTo(windows.claimOpen() + 4);
        until("claims are sent", () -> waiting(header, false) >= SUPPLIERS.size());
        advanceTo(windows.claimOpen() + 5);
        until("claims are on chain", () -> claimed(header));
        MinerDaemon third = miner("");
        second.close();
        miners.remove(second);
        until("the third owns", () -> third.miner().health().suppliers().size() == 2);
        proveAndSettle(header, windows);
    }

    @Test
    void fairShareSpreadsSuppliers() {
        MinerDaemon first = miner("assignment: fair_share");
        MinerDaemon second = miner("assignment: fair_share");
        advanceTo(2);
        until(
                "one each",
                () ->
                        first.miner().health().suppliers().size() == 1
                                && second.miner().health().suppliers().size() == 1);
    }

    private static HttpResponse<String> get(MinerDaemon miner, String path) throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(
                    HttpRequest.newBuilder(
                                    URI.create(
                                            "http://127.0.0.1:"
                                                    + miner.adminAddress().getPort()
                                                    + path))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
        }
    }
}
