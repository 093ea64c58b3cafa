package io.relayminer.core.redis;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.relayminer.testkit.redis.EmbeddedRedis;

import org.junit.jupiter.api.Test;

class RedisServerCheckTest {

    @Test
    void acceptsASafeServerAndWarnsAboutMissingPersistence() {
        try (EmbeddedRedis redis = EmbeddedRedis.start();
                RedisConnections c = RedisConnections.open(redis.uri())) {
            RedisServerCheck check = RedisServerCheck.inspect(c, RedisKeys.plain());
            assertFalse(check.version().isEmpty());
            assertFalse(check.runId().isEmpty());
            assertEquals("noeviction", check.evictionPolicy());
            assertEquals(1, check.warnings().size());
        }
    }

    @Test
    void refusesAnEvictingServer() {
        try (EmbeddedRedis redis = EmbeddedRedis.start("--maxmemory-policy", "allkeys-lru");
                RedisConnections c = RedisConnections.open(redis.uri())) {
            RedisStateException.UnsuitableServer e =
                    assertThrows(
                            RedisStateException.UnsuitableServer.class,
                            () -> RedisServerCheck.inspect(c, RedisKeys.plain()));
            assertTrue(String.valueOf(e.getMessage()).contains("noeviction"));
        }
    }

    @Test
    void refusesAnOldServer() {
        assertThrows(
                RedisStateException.UnsuitableServer.class,
                () -> RedisServerCheck.requireVersion("6.0.16"));
        assertDoesNotThrow(() -> RedisServerCheck.requireVersion("6.2.0"));
        assertDoesNotThrow(() -> RedisServerCheck.requireVersion("8.2.3"));
    }

    @Test
    void unreachableServerIsReportedWithoutItsPassword() {
        RedisStateException.Unavailable e =
                assertThrows(
                        RedisStateException.Unavailable.class,
                        () -> RedisConnections.open("redis://:hunter2@127.0.0.1:1"));
        assertFalse(String.valueOf(e.getMessage()).contains("hunter2"));
    }
}
