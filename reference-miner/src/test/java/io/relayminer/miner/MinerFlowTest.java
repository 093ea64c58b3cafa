package io.relayminer.miner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;

import io.relayminer.core.key.SupplierKey;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.redis.RedisSessionStore;
import io.relayminer.core.redis.RedisStreamRelayLog;
import io.relayminer.core.redis.RelayLogListener;
import io.relayminer.core.redis.RelayLogSettings;
import io.relayminer.core.redis.SessionRecord;
import io.relayminer.core.redis.SupplierState;
import io.relayminer.core.session.SessionWindows;
import io.relayminer.core.wire.RelayCodec;
import io.relayminer.core.wire.service.RelayRequest;
import io.relayminer.core.wire.service.RelayResponse;
import io.relayminer.core.wire.service.RelayResponseMetadata;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.ring.PrivateKey;
import io.relayminer.ring.PublicKey;
import io.relayminer.testkit.chain.ClaimOutcome;
import io.relayminer.testkit.chain.DevChain;
import io.relayminer.testkit.chain.Genesis;
import io.relayminer.testkit.chain.LocalnetAccounts;
import io.relayminer.testkit.gateway.RelaySigner;
import io.relayminer.testkit.redis.EmbeddedRedis;
import io.relayminer.transport.MinedRelay;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The real daemon against a real Redis and a chain with the real rules: relays become leaves,
 * claims, proofs and money, also when the daemon that began the work is not the one that ends it.
 */
class MinerFlowTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String SERVICE = "develop-http";
    private static final List<String> SUPPLIERS = List.of("supplier1", "supplier2");

    private EmbeddedRedis redis;
    private DevChain chain;
    private RedisConnections connections;
    private RedisStreamRelayLog log;
    private RelaySigner gateway;
    private final RedisKeys keys = RedisKeys.plain();
    private final List<MinerProcess> miners = new ArrayList<>();
    private int relays;

    @BeforeEach
    void start() {
        redis = EmbeddedRedis.start();
        chain = DevChain.start(Genesis.localnet().suppliers(2, "http://127.0.0.1:1").build());
        connections = RedisConnections.open(redis.uri());
        log =
                new RedisStreamRelayLog(
                        connections,
                        keys,
                        "relayer",
                        RelayLogSettings.DEFAULT,
                        InstantSource.system(),
                        RelayLogListener.NONE);
        LocalnetAccounts.Entry app = LocalnetAccounts.named("app1");
        LocalnetAccounts.Entry gw = LocalnetAccounts.named("gateway1");
        gateway =
                new RelaySigner(
                        PublicKey.of(app.publicKey().toByteArray()),
                        List.of(PublicKey.of(gw.publicKey().toByteArray())),
                        PrivateKey.of(gw.privateKey().toByteArray()),
                        new SecureRandom());
    }

    @AfterEach
    void stop() {
        miners.forEach(MinerProcess::close);
        log.close();
        gateway.close();
        connections.close();
        chain.close();
        redis.close();
    }

    private MinerConfig config(String more) {
        StringBuilder inline = new StringBuilder();
        for (String supplier : SUPPLIERS) {
            inline.append("\n    - \"")
                    .append(
                            HexFormat.of()
                                    .formatHex(
                                            LocalnetAccounts.named(supplier)
                                                    .privateKey()
                                                    .toByteArray()))
                    .append('"');
        }
        String yaml =
                """
                redis:
                  url: "%s"
                pocket_node:
                  query_node_rpc_url: "%s"
                  query_node_grpc_url: "%s"
                  grpc_insecure: true
                  chain_id: "%s"
                keys:
                  inline:%s
                leader_election:
                  leader_ttl_seconds: 3
                  heartbeat_rate_seconds: 1
                supplier_claiming:
                  claim_ttl_seconds: 3
                  renew_rate_seconds: 1
                  rebalance_interval_seconds: 1
                block_time_seconds: 1
                metrics:
                  addr: "127.0.0.1:0"
                %s
                """
                        .formatted(
                                redis.uri(),
                                chain.rpcAddress(),
                                chain.grpcAddress(),
                                chain.genesis().chainId(),
                                inline,
                                more);
        return MinerConfig.reader().build().parse(yaml, "test").config();
    }

    private MinerProcess miner(String more) {
        MinerProcess miner = MinerProcess.start(config(more));
        miners.add(miner);
        return miner;
    }

    private static String address(String name) {
        return LocalnetAccounts.named(name).address();
    }

    private SessionHeader session() {
        return chain.session(address("app1"), SERVICE, chain.height()).orElseThrow().getHeader();
    }

    /** A relay as a relayer would have served and signed it, in the supplier's stream. */
    private void relay(SessionHeader header, String supplier) throws Exception {
        SupplierKey key =
                new SupplierKey(
                        PrivateKey.of(LocalnetAccounts.named(supplier).privateKey().toByteArray()));
        RelayRequest request =
                gateway.sign(
                        header, key.address(), RelaySigner.jsonRpc("{\"id\":" + relays++ + "}"));
        ByteString payload = ByteString.copyFromUtf8("answer " + relays);
        RelayResponseMetadata.Builder meta =
                RelayResponseMetadata.newBuilder().setSessionHeader(header);
        RelayResponse.Builder response =
                RelayResponse.newBuilder()
                        .setMeta(meta)
                        .setPayload(payload)
                        .setPayloadHash(RelayCodec.wrap(RelayCodec.payloadHash(payload)));
        byte[] signature = key.sign(RelayCodec.signableHash(response.build()));
        response.setMeta(meta.setSupplierOperatorSignature(RelayCodec.wrap(signature)));
        byte[] leaf = RelayCodec.leaf(request, response.build());
        log.append(
                        new MinedRelay(
                                RelayCodec.relayHash(leaf),
                                leaf,
                                1000,
                                header.getSessionId(),
                                header.getSessionStartBlockHeight(),
                                header.getSessionEndBlockHeight(),
                                key.address(),
                                SERVICE,
                                header.getApplicationAddress(),
                                chain.height(),
                                0))
                .toCompletableFuture()
                .get(30, TimeUnit.SECONDS);
    }

    private void until(String what, java.util.concurrent.Callable<Boolean> condition) {
        Awaitility.await(what).atMost(PATIENCE).until(condition);
    }

    /** Advances to a height and waits until every miner has seen it. */
    private void advanceTo(long height) {
        while (chain.height() < height) {
            long now = chain.advance(1);
            for (MinerProcess miner : miners) {
                until("block " + now, () -> miner.node().height() >= now);
            }
        }
    }

    private long leaves(SessionHeader header, String supplier) {
        return new RedisSessionStore(connections, keys, Duration.ofHours(1))
                .find(address(supplier), header.getSessionId())
                .map(SessionRecord::relayCount)
                .orElse(0L);
    }

    private boolean claimed(SessionHeader header) {
        return SUPPLIERS.stream()
                .allMatch(s -> chain.claim(header.getSessionId(), address(s)).isPresent());
    }

    private int waiting(SessionHeader header, boolean proofs) {
        // In the mempool or already in a block.
        return chain.mempoolSize() + (proofs ? chain.proofChecks().size() : claims(header));
    }

    private int claims(SessionHeader header) {
        return (int)
                SUPPLIERS.stream()
                        .filter(s -> chain.claim(header.getSessionId(), address(s)).isPresent())
                        .count();
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
                            new RedisSessionStore(connections, keys, Duration.ofHours(1))
                                    .find(address(supplier), header.getSessionId())
                                    .map(r -> r.state().equals("proved"))
                                    .orElse(false));
            String tree = keys.smstNodes(address(supplier), header.getSessionId());
            until("the tree is gone", () -> connections.sync().exists(bytes(tree)) == 0);
        }
    }

    @Test
    void relaysBecomeMoney() throws Exception {
        MinerProcess miner = miner("");
        advanceTo(2);
        until("ready", () -> get(miner, "/ready").statusCode() == 200);
        until("owner", () -> miner.node().suppliers().size() == 2);
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
        MinerProcess first = miner("");
        advanceTo(2);
        until("the first owns", () -> first.node().suppliers().size() == 2);
        MinerProcess second = miner("");
        SessionHeader header = session();
        for (int i = 0; i < 12; i++) {
            for (String supplier : SUPPLIERS) {
                relay(header, supplier);
            }
        }
        SessionWindows windows =
                SessionWindows.of(chain.sharedParams(), header.getSessionEndBlockHeight());
        advanceTo(windows.claimOpen() - 1);
        assertEquals(0, second.node().suppliers().size(), "the second stands by");
        first.close();
        miners.remove(first);
        until("the second owns", () -> second.node().suppliers().size() == 2);
        advanceTo(windows.claimOpen() + 4);
        until("claims are sent", () -> waiting(header, false) >= SUPPLIERS.size());
        advanceTo(windows.claimOpen() + 5);
        until("claims are on chain", () -> claimed(header));
        MinerProcess third = miner("");
        second.close();
        miners.remove(second);
        until("the third owns", () -> third.node().suppliers().size() == 2);
        proveAndSettle(header, windows);
    }

    @Test
    void fairShareSpreadsSuppliers() {
        MinerProcess first = miner("assignment: fair_share");
        MinerProcess second = miner("assignment: fair_share");
        advanceTo(2);
        until(
                "one each",
                () ->
                        first.node().suppliers().size() == 1
                                && second.node().suppliers().size() == 1);
    }

    private static HttpResponse<String> get(MinerProcess miner, String path) throws Exception {
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

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
