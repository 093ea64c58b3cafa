package io.relayminer.core.meter;

import io.lettuce.core.RedisNoScriptException;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.relayminer.core.redis.MeterId;
import io.relayminer.core.redis.MeterMeta;
import io.relayminer.core.redis.RedisKeys;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;

/**
 * The shared counters in Redis, under the keys and in the formats of the fleet.
 *
 * <p>Keys per (session, supplier): {@code …:meta}, a JSON document that describes the budget,
 * {@code …:consumed}, a decimal, and {@code …:exchanges}, what each relayer was last granted, by
 * which a request that arrives twice is recognised. They live for {@code timeToLive} from creation.
 * The set of active sessions is informational; it is written beside the script because on a cluster
 * it lives elsewhere.
 */
final class RedisMeterStore implements MeterStore {

    private static final Logger LOG = LoggerFactory.getLogger(RedisMeterStore.class);

    private final RedisClusterAsyncCommands<byte[], byte[]> redis;
    private final RedisKeys keys;
    private final Duration timeToLive;
    private final InstantSource clock;
    private final String relayer;
    private final byte[] script;
    private final String scriptDigest;

    /**
     * A store.
     *
     * @param relayer tells this process from all others that use the counters, also from its own
     *     earlier runs
     */
    RedisMeterStore(
            RedisClusterAsyncCommands<byte[], byte[]> redis,
            RedisKeys keys,
            Duration timeToLive,
            InstantSource clock,
            String relayer) {
        this.redis = redis;
        this.keys = keys;
        this.timeToLive = timeToLive;
        this.clock = clock;
        this.relayer = relayer;
        this.script = read("meter.lua");
        this.scriptDigest = redis.digest(script);
    }

    @Override
    public CompletionStage<Exchange> exchange(MeteredSession session, Request request) {
        MeterTerms terms = request.terms();
        byte[][] names = {
            text(keys.meterMeta(session.sessionId(), session.supplier())),
            text(keys.meterConsumed(session.sessionId(), session.supplier())),
            text(keys.meterExchanges(session.sessionId(), session.supplier()))
        };
        byte[][] arguments = {
            new MeterMeta(
                            session.sessionId(),
                            session.application(),
                            session.serviceId(),
                            session.supplier(),
                            session.sessionEndHeight(),
                            terms.limit(),
                            clock.instant().getEpochSecond(),
                            terms.serviceFactor(),
                            terms.applicationStake())
                    .encode(),
            text(terms.limit()),
            text(Double.toString(terms.serviceFactor())),
            text(terms.applicationStake()),
            text(timeToLive.toMillis()),
            text(request.returned()),
            text(request.least()),
            text(request.step()),
            text(request.want()),
            text(relayer),
            text(request.sequence())
        };
        return redis.<List<Object>>evalsha(scriptDigest, ScriptOutputType.MULTI, names, arguments)
                .handle(
                        (reply, failure) ->
                                failure != null && rootOf(failure) instanceof RedisNoScriptException
                                        ? redis.<List<Object>>eval(
                                                script, ScriptOutputType.MULTI, names, arguments)
                                        : failure == null
                                                ? CompletableFuture.completedStage(reply)
                                                : CompletableFuture.<List<Object>>failedStage(
                                                        failure))
                .thenCompose(stage -> stage)
                .thenApply(reply -> read(session, reply));
    }

    @Override
    public CompletionStage<@Nullable Void> remove(String sessionId, String supplier) {
        CompletionStage<Long> fromActive =
                redis.srem(text(keys.meterActive()), new MeterId(sessionId, supplier).encode());
        return redis.del(
                        text(keys.meterMeta(sessionId, supplier)),
                        text(keys.meterConsumed(sessionId, supplier)),
                        text(keys.meterExchanges(sessionId, supplier)))
                .thenCombine(fromActive, (deleted, member) -> null);
    }

    private Exchange read(MeteredSession session, List<Object> reply) {
        if (number(reply.get(2)) == 1) {
            announce(session);
        }
        return new Exchange(number(reply.get(0)), number(reply.get(1)));
    }

    private void announce(MeteredSession session) {
        byte[] active = text(keys.meterActive());
        redis.sadd(active, new MeterId(session.sessionId(), session.supplier()).encode())
                .thenCompose(added -> redis.pexpire(active, timeToLive.toMillis()))
                .exceptionally(
                        failure -> {
                            LOG.debug("active meter not announced: {}", failure.toString());
                            return false;
                        });
    }

    private static long number(Object value) {
        return value instanceof Long number
                ? number
                : Long.parseLong(
                        new String(
                                (byte[]) Objects.requireNonNull(value), StandardCharsets.US_ASCII));
    }

    private static Throwable rootOf(Throwable failure) {
        return failure instanceof CompletionException && failure.getCause() != null
                ? failure.getCause()
                : failure;
    }

    private static byte[] text(long number) {
        return text(Long.toString(number));
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] read(String resource) {
        try (InputStream in = RedisMeterStore.class.getResourceAsStream(resource)) {
            return Objects.requireNonNull(in, resource).readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
