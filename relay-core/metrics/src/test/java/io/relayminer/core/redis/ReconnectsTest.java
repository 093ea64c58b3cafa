package io.relayminer.core.redis;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lettuce.core.KillArgs;
import io.lettuce.core.RedisException;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.relayminer.core.metrics.RedisMetrics;
import io.relayminer.core.redis.RedisConnections.Use;
import io.relayminer.testkit.redis.EmbeddedRedis;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.stream.IntStream;

/** Connections that a real server ends: what is counted, and for which kind of use. */
class ReconnectsTest {

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

    private double count(String what, Use use) {
        return registry.get("ha_transport_redis_reconnection_" + what)
                .tag("component", use.label())
                .counter()
                .count();
    }

    private RedisConnections open(String url) {
        return RedisConnections.open(
                RedisEndpoint.parse(url),
                "test",
                RedisConnections.Limits.DEFAULT,
                new RedisMetrics(registry));
    }

    private static void until(java.util.concurrent.Callable<Boolean> condition) {
        Awaitility.await().atMost(Duration.ofSeconds(60)).until(condition);
    }

    @Test
    void eachKindOfUseIsCountedByItself() {
        try (EmbeddedRedis redis = EmbeddedRedis.start();
                RedisConnections connections = open(redis.uri());
                RedisLink reader = connections.dedicated(Use.STREAMS_CONSUMER);
                RedisSubscriber subscriber = connections.subscriber()) {
            subscriber.subscribe("c", message -> {}, () -> {}).toCompletableFuture().join();
            for (Use use : new Use[] {Use.COMMANDS, Use.STREAMS_CONSUMER, Use.PUBSUB}) {
                assertEquals(0, count("attempts", use), "the first connection is no reconnect");
                assertEquals(0, count("success", use));
            }
            assertTrue(
                    registry.find("ha_transport_redis_reconnection_attempts")
                            .tag("component", Use.STREAMS_PUBLISHER.label())
                            .counters()
                            .isEmpty(),
                    "nothing is shown of what was never opened");
            connections.sync().clientKill(KillArgs.Builder.typePubsub());
            until(() -> count("success", Use.PUBSUB) == 1);
            assertTrue(count("attempts", Use.PUBSUB) >= 1);
            assertEquals(0, count("success", Use.STREAMS_CONSUMER));
            assertEquals(0, count("success", Use.COMMANDS));
            connections.sync().clientKill(KillArgs.Builder.typeNormal().skipme());
            until(() -> count("success", Use.STREAMS_CONSUMER) == 1);
            assertEquals("PONG", reader.sync().ping());
            assertEquals(0, count("success", Use.COMMANDS), "the one that asked was skipped");
        }
    }

    @Test
    void aClusterIsCountedTheSameWay() {
        try (EmbeddedRedis redis = EmbeddedRedis.start("--cluster-enabled", "yes");
                RedisConnections node = RedisConnections.open(redis.uri())) {
            node.sync().clusterAddSlots(IntStream.range(0, 16384).toArray());
            until(() -> node.sync().clusterInfo().contains("cluster_state:ok"));
            String cluster = redis.uri().replace("redis://", "redis-cluster://");
            try (RedisConnections connections = open(cluster);
                    RedisLink reader = connections.dedicated(Use.STREAMS_CONSUMER);
                    RedisSubscriber subscriber = connections.subscriber()) {
                subscriber.subscribe("c", message -> {}, () -> {}).toCompletableFuture().join();
                assertEquals("PONG", reader.sync().ping());
                for (Use use : new Use[] {Use.COMMANDS, Use.STREAMS_CONSUMER, Use.PUBSUB}) {
                    assertEquals(0, count("success", use));
                }
                node.sync().clientKill(KillArgs.Builder.typePubsub());
                until(() -> count("success", Use.PUBSUB) >= 1);
                assertEquals(0, count("success", Use.STREAMS_CONSUMER));
                node.sync().clientKill(KillArgs.Builder.typeNormal().skipme());
                until(
                        () ->
                                count("success", Use.STREAMS_CONSUMER) >= 1
                                        && count("success", Use.COMMANDS) >= 1);
                assertEquals("PONG", connections.sync().ping());
            }
        }
    }

    @Test
    void attemptsAtAServerThatIsGoneAreNoSuccesses() {
        EmbeddedRedis redis = EmbeddedRedis.start();
        try (RedisConnections connections = open(redis.uri())) {
            redis.close();
            until(() -> count("attempts", Use.COMMANDS) >= 2);
            assertEquals(0, count("success", Use.COMMANDS));
            assertThrows(RedisException.class, () -> connections.sync().ping());
        }
    }

    @Test
    void allKindsShareTheEventLoopsOfOneClient() {
        try (EmbeddedRedis redis = EmbeddedRedis.start();
                RedisConnections connections = open(redis.uri())) {
            long before = loops();
            try (RedisLink reader = connections.dedicated(Use.STREAMS_CONSUMER);
                    RedisLink publisher = connections.dedicated(Use.STREAMS_PUBLISHER);
                    RedisSubscriber subscriber = connections.subscriber()) {
                assertEquals("PONG", reader.sync().ping());
                assertEquals("PONG", publisher.sync().ping());
                subscriber.subscribe("c", message -> {}, () -> {}).toCompletableFuture().join();
                int processors = Math.max(2, Runtime.getRuntime().availableProcessors());
                assertTrue(loops() <= Math.max(before, processors), "threads " + loops());
            }
        }
    }

    private static long loops() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("lettuce-"))
                .filter(thread -> thread.getName().contains("EventLoop"))
                .count();
    }
}
