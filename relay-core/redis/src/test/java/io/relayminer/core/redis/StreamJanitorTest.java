package io.relayminer.core.redis;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.lettuce.core.Consumer;
import io.lettuce.core.XReadArgs;
import io.relayminer.testkit.redis.RedisServer;
import io.relayminer.testkit.redis.RedisVersion;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;

/** The janitor against a real server. */
@ParameterizedClass
@MethodSource("io.relayminer.testkit.redis.RedisVersion#available")
class StreamJanitorTest {

    private static final String SUPPLIER = "pokt1sup";

    @Parameter private RedisVersion version;
    private RedisServer redis;
    private RedisConnections connections;
    private final RedisKeys keys = RedisKeys.plain();

    @BeforeEach
    void start() {
        redis = version.start();
        connections = RedisConnections.open(redis.uri());
    }

    @AfterEach
    void stop() {
        connections.close();
        redis.close();
    }

    @Test
    void theJanitorRevivesWhatADeadMinerLeftToOneThatNeverLooksBack() {
        byte[] stream = bytes(keys.stream(SUPPLIER));
        byte[] group = bytes(keys.consumerGroup());
        for (int i = 0; i < 3; i++) {
            connections.sync().xadd(stream, Map.of(bytes("data"), bytes("relay " + i)));
        }
        connections.sync().expire(stream, 7200);
        connections.sync().xgroupCreate(XReadArgs.StreamOffset.from(stream, "0"), group);
        read(stream, group, "dead", 2);
        read(stream, group, "idle", 0);
        StreamJanitor janitor = new StreamJanitor(connections, keys, "me", Duration.ZERO);
        janitor.sweep(SUPPLIER);
        assertEquals(-1, connections.sync().pttl(stream), "the stream does not expire");
        assertEquals(3, connections.sync().xlen(stream), "without an owner nothing is revived");
        connections.sync().set(bytes(keys.lease(SUPPLIER)), bytes("miner-host-42"));
        janitor.sweep(SUPPLIER);
        assertEquals(3, connections.sync().xlen(stream));
        assertEquals(3, read(stream, group, "owner", 10), "all of them are new again");
        // An owner that says it takes pending entries over by itself is left alone.
        connections.sync().set(bytes(keys.capabilities("miner-host-42")), bytes("{}"));
        janitor.sweep(SUPPLIER);
        assertEquals(0, read(stream, group, "owner", 10));
    }

    @SuppressWarnings("unchecked")
    private int read(byte[] stream, byte[] group, String consumer, int count) {
        return connections
                .sync()
                .xreadgroup(
                        Consumer.from(group, bytes(consumer)),
                        XReadArgs.Builder.count(Math.max(1, count)),
                        count == 0
                                ? XReadArgs.StreamOffset.from(stream, "0")
                                : XReadArgs.StreamOffset.lastConsumed(stream))
                .size();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
