package io.relayminer.core.miner.store;

import io.lettuce.core.RedisException;
import io.lettuce.core.SetArgs;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.redis.RedisStateException;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;

/** Submission records as JSON strings with a time to live. */
public final class RedisSubmissionLog implements SubmissionLog {

    private final RedisConnections connections;
    private final RedisKeys keys;
    private final Duration life;

    /**
     * A log over open connections.
     *
     * @param connections open connections
     * @param keys names of keys
     * @param life how long a record is kept after its last change
     */
    public RedisSubmissionLog(RedisConnections connections, RedisKeys keys, Duration life) {
        this.connections = connections;
        this.keys = keys;
        this.life = life;
    }

    @Override
    public Optional<SubmissionRecord> find(String supplier, long sessionEnd, String sessionId) {
        try {
            byte[] stored =
                    connections.sync().get(utf8(keys.submission(supplier, sessionEnd, sessionId)));
            return stored == null ? Optional.empty() : Optional.of(SubmissionRecord.decode(stored));
        } catch (RedisException e) {
            throw new RedisStateException.Unavailable("Redis did not read a submission", e);
        }
    }

    @Override
    public void save(SubmissionRecord record) {
        try {
            connections
                    .sync()
                    .set(
                            utf8(
                                    keys.submission(
                                            record.supplier(),
                                            record.sessionEnd(),
                                            record.sessionId())),
                            record.encode(),
                            SetArgs.Builder.px(life.toMillis()));
        } catch (RedisException e) {
            throw new RedisStateException.Unavailable("Redis did not store a submission", e);
        }
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
