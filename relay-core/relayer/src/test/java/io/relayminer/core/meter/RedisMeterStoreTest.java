package io.relayminer.core.meter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.relayminer.core.redis.MeterMeta;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.testkit.redis.EmbeddedRedis;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** The script on a real server, beside writers that count with INCRBY and DECRBY. */
class RedisMeterStoreTest {

    private static final RedisKeys KEYS = RedisKeys.plain();
    private static final MeteredSession SESSION =
            new MeteredSession(
                    "s1", "sup1", "app1", "eth", 120, new RelayPrice(100, 1), 10_000, 1_000);

    private final EmbeddedRedis redis = EmbeddedRedis.start();
    private final RedisConnections client = RedisConnections.open(redis.uri());
    private final RedisMeterStore store =
            new RedisMeterStore(
                    client.async(),
                    KEYS,
                    Duration.ofHours(2),
                    () -> Instant.ofEpochSecond(17),
                    "relayer-1");
    private long sequence;

    @AfterEach
    void close() {
        client.close();
        redis.close();
    }

    @Test
    void theFirstExchangeCreatesTheBudgetInTheFormatOfTheFleet() {
        assertEquals(100, exchange(0, 0, 100).granted());
        MeterMeta meta = MeterMeta.decode(client.sync().get(key(KEYS.meterMeta("s1", "sup1"))));
        assertEquals(new MeterMeta("s1", "app1", "eth", "sup1", 120, 1_000, 17, 0, 10_000), meta);
        assertEquals("100", consumed());
        assertTrue(client.sync().pttl(key(KEYS.meterMeta("s1", "sup1"))) > 0);
        assertTrue(client.sync().pttl(key(KEYS.meterConsumed("s1", "sup1"))) > 0);
    }

    @Test
    void nothingIsGrantedBeyondTheLimitAndEqualityIsAllowed() {
        client.sync().set(key(KEYS.meterConsumed("s1", "sup1")), key("900"));
        assertEquals(100, exchange(0, 0, 3_200).granted());
        assertEquals(0, exchange(0, 0, 100).granted());
        assertEquals("1000", consumed());
    }

    @Test
    void aLeaseIsAtMostAQuarterOfTheRestInWholeRelays() {
        assertEquals(200, exchange(0, 0, 3_200).granted());
    }

    @Test
    void writersThatIncrementAndDecrementAreCounted() {
        exchange(0, 0, 100);
        client.sync().incrby(key(KEYS.meterConsumed("s1", "sup1")), 850);
        assertEquals(0, exchange(0, 0, 100).granted());
        client.sync().decrby(key(KEYS.meterConsumed("s1", "sup1")), 850);
        assertEquals(100, exchange(0, 0, 100).granted());
    }

    @Test
    void givingBackNeverGoesBelowZeroNorRevivesACleanedUpBudget() {
        exchange(0, 0, 100);
        exchange(0, 5_000, 0);
        assertEquals("0", consumed());
        store.remove("s1", "sup1").toCompletableFuture().join();
        exchange(0, 100, 0);
        assertNull(client.sync().get(key(KEYS.meterConsumed("s1", "sup1"))));
    }

    @Test
    void otherTermsRewriteTheDocumentAndKeepItsLife() {
        exchange(0, 0, 100);
        client.sync().pexpire(key(KEYS.meterMeta("s1", "sup1")), 60_000);
        exchange(0.5, 0, 100);
        MeterMeta meta = MeterMeta.decode(client.sync().get(key(KEYS.meterMeta("s1", "sup1"))));
        assertEquals(0.5, meta.createdWithFactor());
        assertEquals(5_000, meta.maxStakeUpokt());
        assertTrue(client.sync().pttl(key(KEYS.meterMeta("s1", "sup1"))) <= 60_000);
    }

    @Test
    void anUnreadableDocumentIsReplaced() {
        client.sync().set(key(KEYS.meterMeta("s1", "sup1")), key("{broken"));
        assertEquals(100, exchange(0, 0, 100).granted());
        MeterMeta.decode(client.sync().get(key(KEYS.meterMeta("s1", "sup1"))));
        assertTrue(client.sync().pttl(key(KEYS.meterMeta("s1", "sup1"))) > 0);
    }

    @Test
    void aRequestThatArrivesAgainChangesNothing() {
        MeterStore.Request taking = request(0, 0, 200);
        assertEquals(200, send(taking).granted());
        assertEquals(200, send(taking).granted(), "the same answer");
        assertEquals("200", consumed());
        MeterStore.Request giving = request(0, 100, 0);
        send(giving);
        send(giving);
        assertEquals("100", consumed());
        assertEquals(0, send(taking).granted(), "one that was overtaken is not carried out");
        assertEquals("100", consumed());
        assertTrue(client.sync().pttl(key(KEYS.meterExchanges("s1", "sup1"))) > 0);
    }

    @Test
    void requestsOfTwoRelayersAreTwo() {
        RedisMeterStore other =
                new RedisMeterStore(
                        client.async(), KEYS, Duration.ofHours(2), Instant::now, "relayer-2");
        MeterStore.Request request = request(0, 0, 100);
        send(request);
        assertEquals(100, other.exchange(SESSION, request).toCompletableFuture().join().granted());
        assertEquals("200", consumed());
    }

    @Test
    void cleanUpLeavesNothing() {
        exchange(0, 0, 100);
        store.remove("s1", "sup1").toCompletableFuture().join();
        assertEquals(
                0,
                client.sync()
                        .exists(
                                key(KEYS.meterMeta("s1", "sup1")),
                                key(KEYS.meterConsumed("s1", "sup1")),
                                key(KEYS.meterExchanges("s1", "sup1"))));
        assertEquals(0, client.sync().scard(key(KEYS.meterActive())));
    }

    /** 21.72: many budgets at once, none of which knows of another. */
    @Test
    void budgetsAreIndependent() {
        List<CompletableFuture<MeterStore.Exchange>> all = new ArrayList<>();
        for (int round = 0; round < 12; round++) {
            for (int i = 0; i < 20; i++) {
                MeteredSession session =
                        new MeteredSession(
                                "s" + i % 4,
                                "sup" + i / 4,
                                "app1",
                                "eth",
                                120,
                                new RelayPrice(100, 1),
                                10_000,
                                1_000);
                all.add(store.exchange(session, request(0, 0, 100)).toCompletableFuture());
            }
        }
        assertEquals(
                20 * 1_000, all.stream().mapToLong(exchange -> exchange.join().granted()).sum());
        assertEquals("1000", consumed());
    }

    private MeterStore.Request request(double factor, long returned, long want) {
        return new MeterStore.Request(++sequence, SESSION.terms(factor), returned, 100, 100, want);
    }

    private MeterStore.Exchange send(MeterStore.Request request) {
        return store.exchange(SESSION, request).toCompletableFuture().join();
    }

    private MeterStore.Exchange exchange(double factor, long returned, long want) {
        return send(request(factor, returned, want));
    }

    private String consumed() {
        return new String(
                client.sync().get(key(KEYS.meterConsumed("s1", "sup1"))), StandardCharsets.UTF_8);
    }

    private static byte[] key(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
