package io.relayminer.miner;

import com.google.protobuf.ByteString;

import io.relayminer.core.key.SupplierKey;
import io.relayminer.core.miner.redis.RedisSessionReader;
import io.relayminer.core.miner.store.SessionRecord;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.redis.RedisStreamRelayLog;
import io.relayminer.core.redis.RelayLogListener;
import io.relayminer.core.redis.RelayLogSettings;
import io.relayminer.core.session.SessionWindows;
import io.relayminer.core.wire.RelayCodec;
import io.relayminer.core.wire.service.RelayRequest;
import io.relayminer.core.wire.service.RelayResponse;
import io.relayminer.core.wire.service.RelayResponseMetadata;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.ring.PrivateKey;
import io.relayminer.ring.PublicKey;
import io.relayminer.testkit.chain.DevChain;
import io.relayminer.testkit.chain.genesis.Genesis;
import io.relayminer.testkit.chain.genesis.LocalnetAccounts;
import io.relayminer.testkit.gateway.RelaySigner;
import io.relayminer.testkit.redis.EmbeddedRedis;
import io.relayminer.transport.MinedRelay;

import org.awaitility.Awaitility;

import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * What miners need around them: a real Redis, a chain with the real rules that is advanced by call,
 * and a relayer's hand that puts signed relays into streams.
 */
final class MinerWorld implements AutoCloseable {

    static final Duration PATIENCE = Duration.ofSeconds(90);
    static final String SERVICE = "develop-http";
    static final List<String> SUPPLIERS = List.of("supplier1", "supplier2");

    final EmbeddedRedis redis = EmbeddedRedis.start();
    final DevChain chain =
            DevChain.start(Genesis.localnet().suppliers(2, "http://127.0.0.1:1").build());
    final RedisConnections connections = RedisConnections.open(redis.uri());
    final RedisKeys keys = RedisKeys.plain();
    private final RedisStreamRelayLog log =
            new RedisStreamRelayLog(
                    connections,
                    keys,
                    RelayLogSettings.DEFAULT,
                    InstantSource.system(),
                    RelayLogListener.NONE);
    private final RelaySigner gateway;
    private int relays;

    MinerWorld() {
        LocalnetAccounts.Entry app = LocalnetAccounts.named("app1");
        LocalnetAccounts.Entry gw = LocalnetAccounts.named("gateway1");
        gateway =
                new RelaySigner(
                        PublicKey.of(app.publicKey().toByteArray()),
                        List.of(PublicKey.of(gw.publicKey().toByteArray())),
                        PrivateKey.of(gw.privateKey().toByteArray()),
                        new SecureRandom());
    }

    @Override
    public void close() {
        log.close();
        gateway.close();
        connections.close();
        chain.close();
        redis.close();
    }

    /**
     * The configuration of a miner of both suppliers.
     *
     * @param leaseSeconds life of leases and leadership
     * @param more further lines
     */
    String config(String redisUri, int leaseSeconds, String more) {
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
        return """
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
          leader_ttl_seconds: %d
          heartbeat_rate_seconds: 1
        supplier_claiming:
          claim_ttl_seconds: %d
          renew_rate_seconds: 1
          rebalance_interval_seconds: 1
        block_time_seconds: 1
        claims:
          policy: always
        metrics:
          addr: "127.0.0.1:0"
        %s
        """
                .formatted(
                        redisUri,
                        chain.rpcAddress(),
                        chain.grpcAddress(),
                        chain.genesis().chainId(),
                        inline,
                        leaseSeconds,
                        leaseSeconds,
                        more);
    }

    static String address(String name) {
        return LocalnetAccounts.named(name).address();
    }

    /** The session that runs now. */
    SessionHeader session() {
        return chain.session(address("app1"), SERVICE, chain.height()).orElseThrow().getHeader();
    }

    /** A relay as a relayer would have served and signed it, in the supplier's stream. */
    void relay(SessionHeader header, String supplier) throws Exception {
        log.append(mined(header, supplier)).toCompletableFuture().get(30, TimeUnit.SECONDS);
    }

    /** The same relay from two relayers, or from one after a fail-over. */
    void relayTwice(SessionHeader header, String supplier) throws Exception {
        MinedRelay relay = mined(header, supplier);
        log.append(relay).toCompletableFuture().get(30, TimeUnit.SECONDS);
        log.append(relay).toCompletableFuture().get(30, TimeUnit.SECONDS);
    }

    /** A relay as a relayer would have served and signed it; each differs from all others. */
    MinedRelay mined(SessionHeader header, String supplier) {
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
        return new MinedRelay(
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
                0);
    }

    /** Advances, at the pace of a miner, to where the claims of a session are due. */
    void claimWindowOf(SessionHeader header, LongSupplier minersHeight) {
        long due =
                SessionWindows.of(chain.sharedParams(), header.getSessionEndBlockHeight())
                                .claimOpen()
                        + 4;
        while (chain.height() < due) {
            long now = chain.advance(1);
            until("block " + now, () -> minersHeight.getAsLong() >= now);
        }
    }

    /** Waits for a condition, for as long as a slow machine may need. */
    void until(String what, Callable<Boolean> condition) {
        Awaitility.await(what).atMost(PATIENCE).until(condition);
    }

    Optional<SessionRecord> record(SessionHeader header, String supplier) {
        return new RedisSessionReader(connections, keys)
                .find(address(supplier), header.getSessionId());
    }

    long leaves(SessionHeader header, String supplier) {
        return record(header, supplier).map(SessionRecord::relayCount).orElse(0L);
    }

    /** Suppliers whose claim for a session is on chain. */
    int claims(SessionHeader header) {
        return (int)
                SUPPLIERS.stream()
                        .filter(s -> chain.claim(header.getSessionId(), address(s)).isPresent())
                        .count();
    }

    /** The value of a text key, empty if there is none. */
    Optional<String> text(String key) {
        return Optional.ofNullable(connections.sync().get(bytes(key)))
                .map(value -> new String(value, StandardCharsets.UTF_8));
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
