package io.relayminer.testkit.redis;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.lettuce.core.RedisClient;

import org.junit.jupiter.api.Test;

import java.nio.file.Files;
import java.nio.file.Path;

class EmbeddedRedisTest {

    @Test
    void keepsItsDataAcrossAKillWhenAskedTo() {
        try (EmbeddedRedis redis =
                EmbeddedRedis.start("--appendonly", "yes", "--appendfsync", "always")) {
            set(redis, "kept", "1");
            long before = redis.pid();
            redis.kill();
            redis.restart();
            assertNotEquals(before, redis.pid());
            assertEquals("1", get(redis, "kept"));
        }
    }

    @Test
    void removesItsDataOnClose() {
        EmbeddedRedis redis = EmbeddedRedis.start();
        Path folder = redis.dataFolder();
        redis.close();
        assertFalse(Files.exists(folder));
    }

    private static void set(EmbeddedRedis redis, String key, String value) {
        try (RedisClient client = RedisClient.create(redis.uri());
                var connection = client.connect()) {
            connection.sync().set(key, value);
        }
    }

    private static String get(EmbeddedRedis redis, String key) {
        try (RedisClient client = RedisClient.create(redis.uri());
                var connection = client.connect()) {
            return connection.sync().get(key);
        }
    }
}
