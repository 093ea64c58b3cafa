package io.relayminer.relayer;

import com.github.benmanes.caffeine.cache.Ticker;
import com.google.protobuf.ByteString;

import io.lettuce.core.Range;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.relayminer.core.daemon.RedisSection;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.redis.SupplierState;
import io.relayminer.core.wire.HttpMessageCodec;
import io.relayminer.core.wire.RelayCodec;
import io.relayminer.core.wire.WireLimits;
import io.relayminer.core.wire.ha.MinedRelayMessage;
import io.relayminer.core.wire.sdk.POKTHTTPResponse;
import io.relayminer.core.wire.service.RelayRequest;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.ring.PrivateKey;
import io.relayminer.ring.PublicKey;
import io.relayminer.testkit.chain.genesis.LocalnetAccounts;
import io.relayminer.testkit.gateway.RelaySigner;
import io.relayminer.testkit.redis.EmbeddedRedis;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;

/**
 * A relayer in this process between a scripted backend, a real Redis and a chain in memory, for one
 * service {@code eth}. At height 25, so in the session from 21 to 30; a relay costs 100 000 upokt.
 */
final class Fixture implements AutoCloseable {

    static final String SERVICE = "eth";
    static final long COST = 100_000;
    static final String ANSWER = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"0x1\"}";

    private static final RedisKeys KEYS = RedisKeys.plain();
    private final LocalnetAccounts.Entry app = LocalnetAccounts.named("app1");
    private final LocalnetAccounts.Entry gateway = LocalnetAccounts.named("gateway1");
    private final RelaySigner signer =
            new RelaySigner(
                    PublicKey.of(app.publicKey().toByteArray()),
                    List.of(PublicKey.of(gateway.publicKey().toByteArray())),
                    PrivateKey.of(gateway.privateKey().toByteArray()),
                    new SecureRandom());
    private final AtomicInteger ids = new AtomicInteger();
    final EmbeddedRedis redis;
    final RedisConnections client;
    final TestChain chain = new TestChain();
    final TestKeys keys = new TestKeys();
    final ScriptedBackend backend;
    final String supplier;
    final String otherSupplier;
    private Ticker ticker = Ticker.systemTicker();
    private RelayerDaemon relayer;

    Fixture() throws IOException {
        redis = EmbeddedRedis.start();
        client = RedisConnections.open(redis.uri());
        backend = new ScriptedBackend(request -> ScriptedBackend.ok(ANSWER));
        supplier = keys.load(hex(LocalnetAccounts.named("supplier1")));
        otherSupplier = keys.load(hex(LocalnetAccounts.named("supplier2")));
        chain.suppliers(List.of(supplier, otherSupplier));
        chain.application(app.address(), SERVICE, 10_000_000_000L, gateway.address());
        chain.publicKey(app.address(), app.publicKey().toByteArray());
        chain.publicKey(gateway.address(), gateway.publicKey().toByteArray());
        chain.price(SERVICE, 1_000);
        byte[] base = new byte[32];
        Arrays.fill(base, (byte) 0xFF);
        chain.target(SERVICE, base);
        chain.height(25);
        state(supplier, "active", true, SERVICE);
        state(otherSupplier, "active", true, SERVICE);
    }

    /** The relayer to be started measures time by this. */
    Fixture ticker(Ticker other) {
        ticker = other;
        return this;
    }

    /** Starts the relayer; {@code change} edits the configuration text. */
    Fixture start(UnaryOperator<String> change) {
        String yaml =
                """
                listen_addr: "127.0.0.1:0"
                redis: {url: "%s"}
                pocket_node: {query_node_rpc_url: "http://unused", query_node_grpc_url: "unused:1"}
                health_check: {addr: "127.0.0.1:0"}
                metrics: {addr: "127.0.0.1:0"}
                shutdown: {drain_delay: 0s, grace: 5s}
                default_validation_mode: eager
                services:
                  eth:
                    backends:
                      jsonrpc:
                        url: "%s"
                """
                        .formatted(redis.uri(), backend.url());
        RelayerConfig config =
                RelayerConfig.reader().build().parse(change.apply(yaml), "test").config();
        PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        relayer =
                RelayerDaemon.start(
                        config,
                        RedisSection.open(config.redis(), "relayer", registry),
                        chain,
                        keys,
                        registry,
                        InstantSource.system(),
                        ticker);
        Await.until(() -> RawClient.get(relayer.healthAddress(), "/ready").status() == 200);
        return this;
    }

    Fixture start() {
        return start(UnaryOperator.identity());
    }

    RelayerDaemon relayer() {
        return relayer;
    }

    String application() {
        return app.address();
    }

    SessionHeader session() {
        return session(21);
    }

    SessionHeader session(long start) {
        return SessionHeader.newBuilder()
                .setApplicationAddress(app.address())
                .setServiceId(SERVICE)
                .setSessionId(chain.id(app.address(), SERVICE, start))
                .setSessionStartBlockHeight(start)
                .setSessionEndBlockHeight(start + 9)
                .build();
    }

    /** A signed relay that differs from all others. */
    RelayRequest relay() {
        return relay(session(), supplier);
    }

    RelayRequest relay(SessionHeader session, String to) {
        return relay(
                session,
                to,
                RelaySigner.jsonRpc(
                        "{\"jsonrpc\":\"2.0\",\"id\":"
                                + ids.incrementAndGet()
                                + ",\"method\":\"eth_blockNumber\"}"));
    }

    RelayRequest relay(SessionHeader session, String to, ByteString payload) {
        return signer.sign(session, to, payload);
    }

    /** An inner request. */
    static ByteString http(String method, String url, Map<String, List<String>> headers) {
        return HttpMessageCodec.encode(
                HttpMessageCodec.request(method, url, headers, ByteString.EMPTY));
    }

    RawClient.Answer send(RelayRequest request, String... headers) throws IOException {
        return RawClient.post(relayer.relayAddress(), request.toByteArray(), headers);
    }

    POKTHTTPResponse inner(RawClient.Answer answer) {
        return HttpMessageCodec.decodeResponse(
                RelayCodec.decodeResponse(answer.body(), WireLimits.RELAY).getPayload(),
                WireLimits.HTTP);
    }

    void height(long height) {
        chain.height(height);
        announce(height);
    }

    /** A block is announced that the node which answers queries may not have. */
    void announce(long height) {
        client.sync()
                .publish(
                        bytes(KEYS.blockChannel()),
                        bytes(
                                "{\"height\":"
                                        + height
                                        + ",\"timestamp\":\"2026-01-01T00:00:00Z\"}"));
        Await.until(() -> relayer.height() == height);
    }

    void state(String operator, String status, boolean staked, String... services) {
        write(
                new SupplierState(
                        status,
                        staked,
                        List.of(services),
                        List.of(),
                        0,
                        operator,
                        "",
                        1_700_000_000,
                        0,
                        "test"));
    }

    void write(SupplierState state) {
        client.sync().set(bytes(KEYS.supplierState(state.operatorAddress())), state.encode());
        invalidate(state.operatorAddress());
    }

    void forget(String operator) {
        client.sync().del(bytes(KEYS.supplierState(operator)));
        invalidate(operator);
    }

    private void invalidate(String operator) {
        client.sync()
                .publish(
                        bytes(KEYS.invalidationChannel("supplier")),
                        bytes("{\"operator_address\": \"" + operator + "\"}"));
    }

    List<MinedRelayMessage> mined(String operator) {
        List<MinedRelayMessage> all = new ArrayList<>();
        client.sync()
                .xrange(bytes(KEYS.stream(operator)), Range.unbounded())
                .forEach(
                        entry -> {
                            try {
                                all.add(
                                        MinedRelayMessage.parseFrom(
                                                entry.getBody().values().iterator().next()));
                            } catch (IOException e) {
                                throw new AssertionError(e);
                            }
                        });
        return all;
    }

    int minedCount() {
        return mined(supplier).size();
    }

    /** The shared counter of the current session and a supplier, or −1 if there is none. */
    long consumed(String operator) {
        byte[] value =
                client.sync().get(bytes(KEYS.meterConsumed(session().getSessionId(), operator)));
        return value == null ? -1 : Long.parseLong(new String(value, StandardCharsets.UTF_8));
    }

    /** The value of a series, 0 if it does not exist; labels as they are printed. */
    double metric(String series) {
        return relayer.scrape()
                .lines()
                .filter(line -> line.startsWith(series + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String hex(LocalnetAccounts.Entry entry) {
        return HexFormat.of().formatHex(entry.privateKey().toByteArray());
    }

    @Override
    public void close() throws IOException {
        if (relayer != null) {
            relayer.close();
        }
        client.close();
        backend.close();
        redis.close();
        signer.close();
    }
}
