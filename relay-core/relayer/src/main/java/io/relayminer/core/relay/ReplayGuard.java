package io.relayminer.core.relay;

import io.lettuce.core.SetArgs;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.relayminer.core.redis.RedisKeys;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.concurrent.CompletionStage;

/** Remembers what was seen, for all relayers of a fleet. */
public interface ReplayGuard {

    /**
     * Marks a signature as seen.
     *
     * @param signature its bytes
     * @param keepFor how long to remember it
     * @return whether it had not been seen before; fails if nobody can tell
     */
    CompletionStage<Boolean> firstSight(byte[] signature, Duration keepFor);

    /** Marks in Redis, one key per signature. */
    static ReplayGuard onRedis(RedisClusterAsyncCommands<byte[], byte[]> redis, RedisKeys keys) {
        byte[] mark = {'1'};
        return (signature, keepFor) -> {
            String hash = HexFormat.of().formatHex(sha256(signature));
            return redis.set(
                            keys.simulationReplay(hash).getBytes(StandardCharsets.UTF_8),
                            mark,
                            SetArgs.Builder.nx().px(keepFor))
                    .thenApply("OK"::equals);
        };
    }

    private static byte[] sha256(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every platform has it
        }
    }
}
