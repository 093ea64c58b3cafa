package io.relayminer.relayer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.NullNode;

import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.wire.RelayCodec;
import io.relayminer.core.wire.WireLimits;
import io.relayminer.core.wire.service.RelayRequest;
import io.relayminer.core.wire.service.RelayResponse;
import io.relayminer.ring.PublicKey;
import io.relayminer.testkit.chain.genesis.LocalnetAccounts;
import io.relayminer.testkit.gateway.RelaySigner;
import io.relayminer.testkit.gateway.RelayVerdict;
import io.relayminer.testkit.gateway.ResponseCheck;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.util.List;

/**
 * What becomes of an authentic relay: metered, answered, mined, or refused because something is
 * down.
 */
class RelayOutcomeTest {

    private static final String STATUS_429 = "errors: {stake_exhausted_style: http429}\n";

    private Fixture fixture;

    @BeforeEach
    void prepare() throws IOException {
        fixture = new Fixture();
    }

    @AfterEach
    void stop() throws IOException {
        fixture.close();
    }

    @Test
    void theLimitIsExactAndARefusedRelayIsNotCounted() throws IOException {
        // (stake ÷ 15 suppliers) ÷ 3 pending sessions = two relays and a bit
        fixture.chain.application(
                fixture.application(), Fixture.SERVICE, 15 * 3 * 250_000L, gateway());
        fixture.start(yaml -> yaml + STATUS_429);
        assertEquals(200, fixture.send(fixture.relay()).status());
        assertEquals(200, fixture.send(fixture.relay()).status());
        RawClient.Answer over = fixture.send(fixture.relay());
        assertEquals(429, over.status());
        assertEquals(
                "{\"error\":\"session relay limit reached: claimable portion fully consumed\"}",
                over.text());
        assertEquals(2 * Fixture.COST, fixture.consumed(fixture.supplier));
        assertEquals(
                200,
                fixture.send(fixture.relay(fixture.session(), fixture.otherSupplier)).status(),
                "the other supplier has a budget of its own");
    }

    private JsonNode budget() throws IOException {
        byte[] meta = fixture.client.sync().get(Fixture.bytes(budgetKey()));
        return meta == null ? NullNode.getInstance() : new ObjectMapper().readTree(meta);
    }

    private String budgetKey() {
        return RedisKeys.plain().meterMeta(fixture.session().getSessionId(), fixture.supplier);
    }

    private void factor(String json) {
        fixture.client
                .sync()
                .set(
                        Fixture.bytes(RedisKeys.plain().serviceFactor(Fixture.SERVICE)),
                        Fixture.bytes(json));
        fixture.client
                .sync()
                .publish(
                        Fixture.bytes(RedisKeys.plain().invalidationChannel("service_factor")),
                        Fixture.bytes("{\"service_id\":\"" + Fixture.SERVICE + "\"}"));
    }

    @Test
    void aNewServiceFactorIsInForceWithTheNextRelay() throws IOException {
        factor("{\"factor\":0.5,\"updated_at\":1700000000}");
        fixture.start();
        assertEquals(200, fixture.send(fixture.relay()).status());
        assertEquals(0.5, budget().path("created_with_factor").asDouble());
        assertEquals(5_000_000_000L, budget().path("max_stake_upokt").asLong());
        long life = fixture.client.sync().pttl(Fixture.bytes(budgetKey()));
        factor("{\"factor\":0.1,\"updated_at\":1700000001}");
        Await.until(
                () -> {
                    assertEquals(200, fixture.send(fixture.relay()).status());
                    return budget().path("created_with_factor").asDouble() == 0.1;
                });
        assertEquals(1_000_000_000L, budget().path("max_stake_upokt").asLong());
        long left = fixture.client.sync().pttl(Fixture.bytes(budgetKey()));
        assertTrue(left > 0 && left <= life, "the budget's life goes on, it does not begin anew");
    }

    @Test
    void theLimitIsToldAsASignedRelayError() throws Exception {
        fixture.chain.application(
                fixture.application(), Fixture.SERVICE, 15 * 3 * 100_000L, gateway());
        fixture.start();
        assertEquals(200, fixture.send(fixture.relay()).status());
        RelayRequest over =
                fixture.relay(
                        fixture.session(),
                        fixture.supplier,
                        RelaySigner.jsonRpc("{\"jsonrpc\":\"2.0\",\"id\":77,\"method\":\"m\"}"));
        RawClient.Answer answer = fixture.send(over);
        assertEquals(200, answer.status());
        RelayResponse response = RelayCodec.decodeResponse(answer.body(), WireLimits.RELAY);
        String text = "session relay limit reached: claimable portion fully consumed";
        assertEquals("relayer_proxy", response.getRelayMinerError().getCodespace());
        assertEquals(7, response.getRelayMinerError().getCode());
        assertEquals(text, response.getRelayMinerError().getDescription());
        JsonNode inner =
                new ObjectMapper().readTree(fixture.inner(answer).getBodyBz().toByteArray());
        assertEquals(200, fixture.inner(answer).getStatusCode());
        assertEquals(77, inner.path("id").asInt());
        assertEquals(text, inner.at("/error/message").asText());
        assertInstanceOf(
                RelayVerdict.Accepted.class,
                ResponseCheck.check(
                        over,
                        PublicKey.of(LocalnetAccounts.named("supplier1").publicKey().toByteArray()),
                        200,
                        answer.body()),
                "signed by the supplier");
        assertEquals(1, fixture.minedCount());
        assertEquals(
                1,
                fixture.metric(
                        "ha_relayer_relays_rejected_total{reason=\"stake_exhausted\","
                                + "rpc_type=\"jsonrpc\",service_id=\"eth\"}"));
    }

    @Test
    void optimisticDoesNotMeanThatTheBackendWorksForAnybody() throws IOException {
        fixture.start(
                yaml ->
                        yaml.replace(
                                "default_validation_mode: eager",
                                "default_validation_mode: optimistic"));
        RelayRequest good = fixture.relay();
        RelayRequest forged =
                good.toBuilder()
                        .setMeta(
                                good.getMeta().toBuilder()
                                        .setSessionHeader(
                                                fixture.session(11).toBuilder()
                                                        .setSessionId("made up")))
                        .build();
        assertEquals(403, fixture.send(forged).status());
        RelayRequest unsigned =
                good.toBuilder().setMeta(good.getMeta().toBuilder().clearSignature()).build();
        assertEquals(403, fixture.send(unsigned).status());
        assertEquals(0, fixture.backend.requests().size());
        assertEquals(200, fixture.send(good).status());
        assertEquals(1, fixture.backend.requests().size());
        assertEquals(1, fixture.minedCount());
    }

    @Test
    void anAcceptHeaderThatCannotBeRepeatedIsNot() throws IOException {
        fixture.start();
        RawClient.Answer answer = fixture.send(fixture.relay(), "Accept", "x".repeat(300));
        assertEquals(200, answer.status());
        assertEquals("application/json", answer.headers().get("content-type"));
    }

    @Test
    void aRelayTheBackendFailedCostsNothing() throws IOException {
        fixture.chain.application(
                fixture.application(), Fixture.SERVICE, 15 * 3 * 100_000L, gateway());
        fixture.start(yaml -> yaml + STATUS_429);
        fixture.backend.script(r -> ScriptedBackend.response(500, "application/json", new byte[0]));
        assertEquals(500, fixture.send(fixture.relay()).status());
        fixture.backend.script(r -> ScriptedBackend.ok(Fixture.ANSWER));
        assertEquals(200, fixture.send(fixture.relay()).status(), "the budget was given back");
        assertEquals(429, fixture.send(fixture.relay()).status());
        assertEquals(1, fixture.minedCount());
    }

    @Test
    void aHashThatMissesTheTargetIsServedChargedAndNotMined() throws IOException {
        fixture.chain.target(Fixture.SERVICE, new byte[32]);
        fixture.start();
        assertEquals(200, fixture.send(fixture.relay()).status());
        assertEquals(0, fixture.minedCount());
        assertEquals(Fixture.COST, fixture.consumed(fixture.supplier));
        assertEquals(
                1,
                fixture.metric("ha_relayer_relays_skipped_difficulty_total{service_id=\"eth\"}"));
    }

    @Test
    void aConstantThatCannotBeReadIsNotGuessed() throws IOException {
        fixture.chain.noTarget(Fixture.SERVICE);
        fixture.start();
        RawClient.Answer answer = fixture.send(fixture.relay());
        assertEquals(503, answer.status());
        assertEquals("{\"error\":\"session data temporarily unavailable\"}", answer.text());
        assertEquals(0, fixture.backend.requests().size());
    }

    @Test
    void whileTheChainIsDownKnownSessionsAreServedAndUnknownOnesRefused() throws IOException {
        fixture.start();
        assertEquals(200, fixture.send(fixture.relay()).status());
        fixture.chain.down(true);
        assertEquals(200, fixture.send(fixture.relay()).status());
        assertEquals(
                503, fixture.send(fixture.relay(fixture.session(11), fixture.supplier)).status());
    }

    @Test
    void aLateRelayIsServedMinedAndReportedOnce() throws IOException {
        fixture.start();
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        log.start();
        Logger root = (Logger) LoggerFactory.getLogger("io.relayminer.core.relay");
        root.addAppender(log);
        try {
            fixture.height(29);
            assertEquals(200, fixture.send(fixture.relay()).status());
            fixture.height(30);
            assertEquals(200, fixture.send(fixture.relay()).status());
            assertEquals(200, fixture.send(fixture.relay()).status());
        } finally {
            root.detachAppender(log);
        }
        assertEquals(3, fixture.minedCount());
        List<String> warnings =
                log.list.stream()
                        .filter(event -> event.getLevel() == Level.WARN)
                        .map(ILoggingEvent::getFormattedMessage)
                        .filter(text -> text.startsWith("late relay"))
                        .toList();
        assertEquals(1, warnings.size(), warnings::toString);
        assertTrue(warnings.get(0).contains("before height 30; this one came at 30"));
        assertEquals(
                2,
                fixture.metric(
                        "ha_cache_session_rewardable_checks_total{result=\"non_rewardable\"}"));
    }

    @Test
    void aSessionThatTheQueriedNodeHasNotReachedIsRefusedForNowOnly() throws IOException {
        fixture.start();
        fixture.announce(31);
        RelayRequest relay = fixture.relay(fixture.session(31), fixture.supplier);
        RawClient.Answer early = fixture.send(relay);
        assertEquals(503, early.status(), early::text);
        fixture.chain.height(31);
        assertEquals(200, fixture.send(relay).status());
        RawClient.Answer future =
                fixture.send(fixture.relay(fixture.session(41), fixture.supplier));
        assertEquals(403, future.status(), future::text);
        assertTrue(future.text().contains("is ahead of the last committed block"), future::text);
    }

    @Test
    void graceEndsWithItsLastBlock() throws IOException {
        fixture.start();
        fixture.height(31);
        assertEquals(200, fixture.send(fixture.relay()).status());
        fixture.height(32);
        RawClient.Answer late = fixture.send(fixture.relay());
        assertEquals(403, late.status());
        assertTrue(
                late.text()
                        .contains("session expired, session end height: 30, current height: 32"));
    }

    @Test
    void withoutRedisNothingIsAnsweredUnrecordedUnlessTheOperatorSaysSo() throws IOException {
        fixture.start(yaml -> yaml + "publish: {on_log_failure: serve_unpaid}\n");
        assertEquals(200, fixture.send(fixture.relay()).status());
        fixture.redis.kill();
        assertEquals(200, fixture.send(fixture.relay()).status());
        assertTrue(
                fixture.relayer()
                        .scrape()
                        .contains("ha_relayer_relays_lost_total{reason=\"log_unavailable\""));
        fixture.redis.restart();
    }

    @Test
    void withoutRedisARelayIsRefusedByDefault() throws IOException {
        fixture.start();
        assertEquals(200, fixture.send(fixture.relay()).status());
        fixture.redis.kill();
        RawClient.Answer answer = fixture.send(fixture.relay());
        assertEquals(503, answer.status());
        assertEquals("{\"error\":\"relay log unavailable\"}", answer.text());
        fixture.redis.restart();
    }

    @Test
    void aFailClosedMeterRefusesWhileRedisIsDown() throws IOException {
        fixture.start(yaml -> yaml + "relay_meter: {fail_behavior: closed}\n");
        assertEquals(200, fixture.send(fixture.relay()).status());
        fixture.backend.forget();
        fixture.redis.kill();
        RawClient.Answer answer = fixture.send(fixture.relay());
        assertEquals(503, answer.status());
        assertEquals("{\"error\":\"relay metering unavailable\"}", answer.text());
        assertEquals(0, fixture.backend.requests().size());
        fixture.redis.restart();
    }

    private static String gateway() {
        return LocalnetAccounts.named("gateway1").address();
    }
}
