package io.relayminer.testkit.localnet;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.codec.RedisCodec;
import io.lettuce.core.codec.StringCodec;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.testkit.redis.EmbeddedRedis;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.util.List;

class RedisWatchTest {

    private static final RedisKeys KEYS = RedisKeys.plain();
    private static final RowKey ROW = new RowKey(20, "app", "session", "supplier");

    @Test
    void countsTheLeavesOfATreeThatIsGone() {
        assertEquals(23, sampled(0, 23));
    }

    @Test
    void countsTheLeavesOfATreeThatGrows() {
        assertEquals(2, sampled(2, 2));
    }

    @Test
    void seesMoreLeavesThanTheRecordCounts() {
        assertEquals(3, sampled(3, 2));
    }

    private static long sampled(int leaves, int recorded) {
        try (EmbeddedRedis server = EmbeddedRedis.start();
                RedisClient client = RedisClient.create(server.uri())) {
            StatefulRedisConnection<String, byte[]> connection =
                    client.connect(RedisCodec.of(StringCodec.UTF8, ByteArrayCodec.INSTANCE));
            for (int i = 0; i < leaves; i++) {
                String field = "leaf" + i;
                connection.sync().hset(KEYS.smstNodes("supplier", "session"), field, new byte[1]);
            }
            connection
                    .sync()
                    .hset(
                            KEYS.session("supplier", "session"),
                            "relay_count",
                            Integer.toString(recorded).getBytes(StandardCharsets.UTF_8));
            Ledger ledger = new Ledger();
            Ledger.Row row = ledger.row(ROW);
            try (RedisWatch watch = new RedisWatch(connection, KEYS, List.of("supplier"))) {
                watch.sampleLeaves(ledger);
            }
            return row.leaves.get();
        }
    }
}
