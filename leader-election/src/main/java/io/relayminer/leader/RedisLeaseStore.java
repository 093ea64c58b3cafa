package io.relayminer.leader;

import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.SetArgs;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Leases in Redis, in the keys and values that other miners of the fleet use: the value of a lease
 * is the plain id of its holder, the set of active instances holds the same ids, and a heartbeat is
 * the time in nanoseconds. Beside each lease stands the counter of its acquisitions, the epoch,
 * which other miners do not know and leave alone.
 *
 * <p>An epoch never repeats, even if Redis lost its data: a counter that does not exist begins with
 * the server's time in microseconds instead of with 1, which is beyond any number of acquisitions
 * in the past.
 *
 * <p>Renewals and look-ups of many leases are sent together and take one round trip. Works on a
 * single server, behind Sentinel, and on a Redis Cluster if lease and epoch carry one hash tag.
 * Safe for use by any thread; does not own the connection.
 */
public final class RedisLeaseStore implements LeaseStore {

    private static final LuaScript ACQUIRE = LuaScript.load("acquire.lua");
    private static final LuaScript RENEW = LuaScript.load("renew.lua");
    private static final LuaScript RELEASE = LuaScript.load("release.lua");

    private final RedisClusterAsyncCommands<byte[], byte[]> redis;
    private final MembershipKeys membership;
    private final InstantSource time;
    private final Duration timeout;

    /**
     * A store on a connection.
     *
     * @param redis commands of a connection that others may use too; keys and values are bytes
     * @param membership keys of the list of instances
     * @param time wall clock, only written into heartbeats for others to look at
     * @param timeout how long an answer may take; well below the time to live of the leases
     */
    public RedisLeaseStore(
            RedisClusterAsyncCommands<byte[], byte[]> redis,
            MembershipKeys membership,
            InstantSource time,
            Duration timeout) {
        this.redis = redis;
        this.membership = membership;
        this.time = time;
        this.timeout = timeout;
    }

    @Override
    public Optional<Grant> acquire(LeaseKeys keys, String owner, Duration timeToLive) {
        long epoch =
                await(
                        "acquire " + keys.lease(),
                        ACQUIRE.run(
                                redis, names(keys), bytes(owner), decimal(timeToLive.toMillis())));
        return epoch == 0 ? Optional.empty() : Optional.of(new Grant(epoch));
    }

    @Override
    public Map<LeaseKeys, Renewal> renew(
            Map<LeaseKeys, Long> leases, String owner, Duration timeToLive) {
        byte[] self = bytes(owner);
        byte[] millis = decimal(timeToLive.toMillis());
        Map<LeaseKeys, Future<Long>> sent = new LinkedHashMap<>();
        leases.forEach(
                (keys, epoch) ->
                        sent.put(
                                keys, RENEW.run(redis, names(keys), self, decimal(epoch), millis)));
        Map<LeaseKeys, Renewal> answers = new HashMap<>();
        LeaseStoreException failure = null;
        for (Map.Entry<LeaseKeys, Future<Long>> each : sent.entrySet()) {
            try {
                long answer = await("renew " + each.getKey().lease(), each.getValue());
                answers.put(
                        each.getKey(),
                        answer == 1 ? Renewal.RENEWED : answer == 2 ? Renewal.TAKEN : Renewal.GONE);
            } catch (LeaseStoreException e) {
                // On a cluster some servers may answer and others not: what was answered counts.
                failure = e;
            }
        }
        if (failure != null && answers.isEmpty()) {
            throw failure;
        }
        return answers;
    }

    @Override
    public boolean release(LeaseKeys keys, String owner, long epoch) {
        return await(
                        "release " + keys.lease(),
                        RELEASE.run(redis, names(keys), bytes(owner), decimal(epoch)))
                == 1;
    }

    @Override
    public Map<LeaseKeys, String> holders(Collection<LeaseKeys> leases) {
        Map<LeaseKeys, Future<byte[]>> sent = new LinkedHashMap<>();
        leases.forEach(keys -> sent.put(keys, redis.get(bytes(keys.lease()))));
        Map<LeaseKeys, String> holders = new HashMap<>();
        sent.forEach(
                (keys, answer) -> {
                    byte[] holder = await("look at " + keys.lease(), answer);
                    if (holder != null) {
                        holders.put(keys, text(holder));
                    }
                });
        return holders;
    }

    @Override
    public Set<String> heartbeat(String instance, Duration timeToLive) {
        Instant now = time.instant();
        byte[] nanos =
                bytes(
                        Long.toString(
                                Math.addExact(
                                        Math.multiplyExact(now.getEpochSecond(), 1_000_000_000L),
                                        now.getNano())));
        Future<String> beat =
                redis.set(heartbeatKey(instance), nanos, SetArgs.Builder.px(timeToLive.toMillis()));
        Future<Long> added = redis.sadd(bytes(membership.active()), bytes(instance));
        Future<Set<byte[]>> listed = redis.smembers(bytes(membership.active()));
        await("send the heartbeat", beat);
        await("send the heartbeat", added);
        Map<String, Future<Long>> lives = new LinkedHashMap<>();
        for (byte[] member : await("list the instances", listed)) {
            lives.put(text(member), redis.exists(heartbeatKey(text(member))));
        }
        Set<String> alive = new TreeSet<>();
        lives.forEach(
                (member, present) -> {
                    if (await("look at the heartbeat of " + member, present) == 1
                            || member.equals(instance)) {
                        alive.add(member);
                    } else {
                        // Died without leaving. Nobody waits for this.
                        var forgotten = redis.srem(bytes(membership.active()), bytes(member));
                        forgotten.exceptionally(error -> 0L);
                    }
                });
        return alive;
    }

    @Override
    public void leave(String instance) {
        Future<Long> removed = redis.srem(bytes(membership.active()), bytes(instance));
        Future<Long> deleted = redis.del(heartbeatKey(instance));
        await("leave", removed);
        await("leave", deleted);
    }

    private byte[] heartbeatKey(String instance) {
        return bytes(membership.instance().apply(instance));
    }

    private <T> T await(String what, Future<T> answer) {
        try {
            return answer.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw unavailable("interrupted while waiting for Redis to " + what, e);
        } catch (TimeoutException e) {
            throw unavailable("Redis did not " + what + " within " + timeout, e);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            if (cause instanceof RedisCommandExecutionException
                    && String.valueOf(cause.getMessage()).contains("OOM command")) {
                throw new LeaseStoreException(
                        LeaseStoreException.Reason.OUT_OF_MEMORY,
                        "Redis is out of memory and refused to "
                                + what
                                + "; free memory or raise maxmemory",
                        cause);
            }
            throw unavailable("Redis did not " + what + ": " + cause, cause);
        }
    }

    private static LeaseStoreException unavailable(String message, Throwable cause) {
        return new LeaseStoreException(LeaseStoreException.Reason.UNAVAILABLE, message, cause);
    }

    private static byte[][] names(LeaseKeys keys) {
        return new byte[][] {bytes(keys.lease()), bytes(keys.epoch())};
    }

    private static byte[] decimal(long number) {
        return bytes(Long.toString(number));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
