package io.relayminer.relayer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.relayminer.core.wire.service.RelayRequest;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.ring.Address;
import io.relayminer.ring.PrivateKey;
import io.relayminer.ring.PublicKey;
import io.relayminer.testkit.chain.genesis.LocalnetAccounts;
import io.relayminer.testkit.gateway.RelaySigner;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What clients without a valid signature can make a relayer ask the chain. Time stands still unless
 * a test moves it, so a budget per second is exactly one second's worth.
 */
class StrangersTest {

    /** Chain queries a second for relays that are not authenticated. */
    private static final int BUDGET = 50;

    private static final int FLOOD = 6 * BUDGET;
    private static final String COME_AGAIN = "{\"error\":\"session data temporarily unavailable\"}";

    private final AtomicLong now = new AtomicLong();
    private int invented;
    private Fixture fixture;

    @BeforeEach
    void start() throws IOException {
        fixture =
                new Fixture()
                        .ticker(now::get)
                        .start(yaml -> yaml + "publish: {on_log_failure: serve_unpaid}\n");
        assertServed(fixture.relay());
        later(Duration.ofSeconds(1)); // what the known application cost has come back
    }

    @AfterEach
    void stop() throws IOException {
        fixture.close();
    }

    private void later(Duration time) {
        now.addAndGet(time.toNanos());
    }

    private void assertServed(RelayRequest relay) throws IOException {
        RawClient.Answer answer = fixture.send(relay);
        assertEquals(200, answer.status(), answer::text);
    }

    /** A relay of an application that nobody has ever heard of. */
    private RelayRequest invented(RelayRequest genuine) {
        byte[] address = ByteBuffer.allocate(Address.LENGTH).putInt(++invented).array();
        return named(
                genuine,
                genuine.getMeta().getSessionHeader().toBuilder()
                        .setApplicationAddress(Address.ofBytes(address).toString())
                        .build());
    }

    /** A relay of the known session, well signed by somebody who is not in its ring. */
    private RelayRequest outsider() {
        LocalnetAccounts.Entry other = LocalnetAccounts.named("app2");
        PublicKey key = PublicKey.of(other.publicKey().toByteArray());
        try (RelaySigner signer =
                new RelaySigner(
                        key,
                        List.of(
                                PublicKey.of(
                                        LocalnetAccounts.named("gateway1")
                                                .publicKey()
                                                .toByteArray())),
                        PrivateKey.of(other.privateKey().toByteArray()),
                        new SecureRandom())) {
            return signer.sign(
                    fixture.session(), fixture.supplier, RelaySigner.jsonRpc("{\"id\":1}"));
        }
    }

    private static RelayRequest named(RelayRequest genuine, SessionHeader header) {
        return genuine.toBuilder()
                .setMeta(genuine.getMeta().toBuilder().setSessionHeader(header))
                .build();
    }

    /** Sends many, a known one after every few, and counts the statuses of the others. */
    private Map<Integer, Integer> flood(boolean withKnown) throws IOException {
        RelayRequest genuine = fixture.relay();
        Map<Integer, Integer> statuses = new TreeMap<>();
        for (int i = 0; i < FLOOD; i++) {
            RawClient.Answer answer = fixture.send(invented(genuine));
            statuses.merge(answer.status(), 1, Integer::sum);
            if (answer.status() == 503) {
                assertEquals(COME_AGAIN, answer.text());
            } else {
                assertTrue(answer.text().contains("application not found"), answer::text);
            }
            if (withKnown && i % 20 == 0) {
                assertServed(fixture.relay());
            }
        }
        return statuses;
    }

    @Test
    void inventedApplicationsCostNoMoreThanTheirBudgetAndKnownSessionsAreServed()
            throws IOException {
        int before = fixture.chain.asked("application");
        assertEquals(Map.of(403, BUDGET, 503, FLOOD - BUDGET), flood(true));
        assertEquals(before + BUDGET, fixture.chain.asked("application"));
        assertEquals(
                FLOOD - BUDGET,
                fixture.metric(
                        "ha_relayer_relays_rejected_total{reason=\"session_unavailable\",rpc_type=\"jsonrpc\",service_id=\"eth\"}"));
        later(Duration.ofMillis(500));
        assertEquals(Map.of(403, BUDGET / 2, 503, FLOOD - BUDGET / 2), flood(false));
        assertEquals(before + BUDGET + BUDGET / 2, fixture.chain.asked("application"));
    }

    @Test
    void aNewSessionOfAKnownApplicationCostsNothingOfTheBudget() throws IOException {
        flood(false);
        int before = fixture.chain.asked("session");
        fixture.height(31);
        assertServed(fixture.relay(fixture.session(31), fixture.supplier));
        assertEquals(before + 1, fixture.chain.asked("session"));
    }

    @Test
    void anApplicationThatAnotherRelayerHasLookedUpCostsNothingOfTheBudget() throws IOException {
        flood(false);
        fixture.client
                .sync()
                .publish(
                        Fixture.bytes("ha:events:cache:application:invalidate"),
                        Fixture.bytes("{}"));
        Await.until(
                () ->
                        fixture.metric(
                                        "ha_cache_invalidations_total{cache_type=\"application\",source=\"pubsub\"}")
                                > 0);
        int before = fixture.chain.asked("application");
        fixture.height(31);
        assertServed(fixture.relay(fixture.session(31), fixture.supplier));
        assertEquals(before, fixture.chain.asked("application"));
    }

    @Test
    void inventedHeightsCostNoMoreThanTheBudget() throws IOException {
        fixture.height(9_025);
        RelayRequest genuine = fixture.relay(fixture.session(9_021), fixture.supplier);
        assertServed(genuine);
        later(Duration.ofSeconds(1));
        int before = fixture.chain.asked("shared params at height");
        Map<Integer, Integer> statuses = new TreeMap<>();
        for (int i = 0; i < FLOOD; i++) {
            RawClient.Answer answer =
                    fixture.send(
                            named(
                                    genuine,
                                    genuine.getMeta().getSessionHeader().toBuilder()
                                            .setSessionStartBlockHeight(i + 101)
                                            .setSessionEndBlockHeight(i + 110)
                                            .build()));
            statuses.merge(answer.status(), 1, Integer::sum);
        }
        assertEquals(Map.of(403, BUDGET, 503, FLOOD - BUDGET), statuses);
        assertEquals(before + BUDGET, fixture.chain.asked("shared params at height"));
        assertServed(fixture.relay(fixture.session(9_021), fixture.supplier));
    }

    @Test
    void withoutRedisTheBudgetHoldsAndLeavesRoomForSigners() throws IOException {
        fixture.redis.kill();
        int before = fixture.chain.asked("application");
        assertEquals(Map.of(403, BUDGET, 503, FLOOD - BUDGET), flood(false));
        assertEquals(before + BUDGET, fixture.chain.asked("application"));
        assertServed(fixture.relay());
        RelayRequest outsider = outsider();
        assertEquals(COME_AGAIN, fixture.send(outsider).text());
        assertEquals(before + BUDGET, fixture.chain.asked("application"));
        int sessions = fixture.chain.asked("session");
        fixture.chain.height(31);
        assertServed(fixture.relay(fixture.session(31), fixture.supplier));
        assertEquals(sessions + 1, fixture.chain.asked("session"));
        later(Duration.ofSeconds(11));
        RawClient.Answer refused = fixture.send(outsider);
        assertEquals(403, refused.status());
        assertTrue(refused.text().contains("does not match the expected one"), refused::text);
        fixture.redis.restart();
    }
}
