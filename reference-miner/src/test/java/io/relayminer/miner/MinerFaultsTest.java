package io.relayminer.miner;

import static io.relayminer.miner.MinerWorld.SUPPLIERS;
import static io.relayminer.miner.MinerWorld.address;
import static io.relayminer.miner.MinerWorld.bytes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.relayminer.core.redis.MinedRelayCodec;
import io.relayminer.core.redis.SupplierState;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.testkit.backend.FaultProxy;
import io.relayminer.transport.MinedRelay;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Outages and bad input: what a miner does, and that nothing is lost by it. */
class MinerFaultsTest {

    private MinerWorld world;
    private FaultProxy door;
    private final List<MinerDaemon> miners = new ArrayList<>();

    @BeforeEach
    void start() {
        world = new MinerWorld();
        door = FaultProxy.to("127.0.0.1", world.redis.port());
        world.chain.advanceTo(2);
    }

    @AfterEach
    void stop() {
        miners.forEach(MinerDaemon::close);
        door.close();
        world.close();
    }

    private MinerConfig config(String yaml) {
        return MinerConfig.reader().build().parse(yaml, "test").config();
    }

    private MinerDaemon miner() {
        MinerDaemon miner =
                MinerDaemon.start(
                        config(world.config("redis://127.0.0.1:" + door.port(), 600, "")));
        miners.add(miner);
        world.until("owner", () -> miner.miner().health().suppliers().size() == SUPPLIERS.size());
        return miner;
    }

    private static HttpResponse<String> ready(MinerDaemon miner) throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            URI uri = URI.create("http://127.0.0.1:" + miner.adminAddress().getPort() + "/ready");
            return client.send(
                    HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
        }
    }

    private long aside(String supplier) {
        return world.connections.sync().xlen(bytes(world.keys.deadLetters(address(supplier))));
    }

    @Test
    void redisGoesAwayAndComesBack() throws Exception {
        MinerDaemon miner = miner();
        SessionHeader header = world.session();
        world.relay(header, "supplier1");
        world.until("the first leaf", () -> world.leaves(header, "supplier1") == 1);
        world.until("ready", () -> ready(miner).statusCode() == 200);
        door.refuse(true);
        door.cut();
        world.until("not ready", () -> ready(miner).statusCode() == 503);
        assertTrue(ready(miner).body().contains("Redis does not answer"));
        for (int i = 0; i < 10; i++) {
            world.relay(header, "supplier1");
        }
        world.chain.advance(1);
        assertEquals(1, world.leaves(header, "supplier1"));
        door.refuse(false);
        world.until("all are leaves", () -> world.leaves(header, "supplier1") == 11);
        world.until("ready again", () -> ready(miner).statusCode() == 200);
        assertEquals(0, aside("supplier1"));
    }

    @Test
    void theChainGoesAwayAndComesBack() throws Exception {
        MinerDaemon miner = miner();
        SessionHeader header = world.session();
        world.chain.faults().unreachable(true);
        for (int i = 0; i < 10; i++) {
            world.relay(header, "supplier1");
        }
        byte[] stream = bytes(world.keys.stream(address("supplier1")));
        world.until(
                "the miner has looked at them",
                () ->
                        world.connections.sync().xpending(stream, bytes("ha-miners")).getCount()
                                == 10);
        assertEquals(0, world.leaves(header, "supplier1"), "what cannot be judged waits");
        world.chain.faults().unreachable(false);
        // What was held back is looked at again at the next block.
        long next = world.chain.advance(1);
        world.until("the next block", () -> miner.miner().health().height() >= next);
        world.until("all are leaves", () -> world.leaves(header, "supplier1") == 10);
        assertEquals(0, aside("supplier1"));
    }

    @Test
    void aKeyThatIsNotStakedIsSaidToBeSoAndNotWorkedFor() {
        String stranger = "1".repeat(64);
        String yaml =
                world.config(world.redis.uri(), 600, "")
                        .replace("  inline:", "  inline:\n    - \"" + stranger + "\"");
        MinerDaemon miner = MinerDaemon.start(config(yaml));
        miners.add(miner);
        world.until("owner", () -> miner.miner().health().suppliers().size() == SUPPLIERS.size());
        world.until(
                "its state",
                () ->
                        world.connections.sync().keys("ha:supplier:*").stream()
                                .map(key -> world.connections.sync().get(bytes(text(key))))
                                .map(SupplierState::decode)
                                .anyMatch(s -> s.status().equals("not_staked") && !s.staked()));
        assertEquals(SUPPLIERS.size(), miner.miner().health().suppliers().size());
    }

    @Test
    void withoutAKeyItDoesNotStart() {
        String yaml = world.config(world.redis.uri(), 600, "");
        String keyless = yaml.replaceAll("(?m)^    - \"[0-9a-f]{64}\"\n", "");
        RuntimeException refused =
                assertThrows(
                        RuntimeException.class,
                        () -> miners.add(MinerDaemon.start(config(keyless))));
        assertTrue(refused.getMessage().contains("key"), refused.getMessage());
    }

    @Test
    void aNodeOfAnotherChainIsNoticedAtTheStart() {
        String yaml =
                world.config(world.redis.uri(), 600, "")
                        .replaceAll("chain_id: .*", "chain_id: pocket-beta");
        assertTrue(yaml.contains("pocket-beta"));
        RuntimeException refused =
                assertThrows(
                        RuntimeException.class, () -> miners.add(MinerDaemon.start(config(yaml))));
        assertTrue(refused.getMessage().contains("\"pocket\""), refused.getMessage());
        assertTrue(refused.getMessage().contains("\"pocket-beta\""), refused.getMessage());
    }

    /** Each is a relay in form, and would spoil the claim of its session. */
    @Test
    void relaysThatDoNotBelongAreSetAside() throws Exception {
        miner();
        SessionHeader header = world.session();
        MinedRelay good = world.mined(header, "supplier1");
        byte[] wrongHash = good.relayHash().clone();
        wrongHash[0] ^= 1;
        List<MinedRelay> bad =
                List.of(
                        with(good, wrongHash, 1000, header.getSessionId(), address("supplier1")),
                        with(
                                good,
                                good.relayHash(),
                                999,
                                header.getSessionId(),
                                address("supplier1")),
                        with(
                                good,
                                good.relayHash(),
                                0,
                                header.getSessionId(),
                                address("supplier1")),
                        with(good, good.relayHash(), 1000, "f".repeat(64), address("supplier1")),
                        with(
                                good,
                                good.relayHash(),
                                1000,
                                header.getSessionId(),
                                address("supplier2")));
        byte[] stream = bytes(world.keys.stream(address("supplier1")));
        for (MinedRelay relay : bad) {
            world.connections
                    .sync()
                    .xadd(stream, Map.of(bytes("data"), MinedRelayCodec.encode(relay)));
        }
        world.relay(header, "supplier1");
        world.until("the good one", () -> world.leaves(header, "supplier1") == 1);
        world.until("the others", () -> aside("supplier1") == bad.size());
        assertEquals(0, world.connections.sync().xlen(stream));
        assertEquals(1, world.leaves(header, "supplier1"));
    }

    private static MinedRelay with(
            MinedRelay r, byte[] hash, long units, String session, String supplier) {
        return new MinedRelay(
                hash,
                r.relayBytes(),
                units,
                session,
                r.sessionStartHeight(),
                r.sessionEndHeight(),
                supplier,
                r.serviceId(),
                r.application(),
                r.arrivalHeight(),
                r.publishedAtUnixNano());
    }

    private static String text(byte[] key) {
        return new String(key, StandardCharsets.UTF_8);
    }
}
