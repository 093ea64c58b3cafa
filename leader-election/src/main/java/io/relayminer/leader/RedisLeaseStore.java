package io.relayminer.leader;

import io.lettuce.core.KeyValue;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.SetArgs;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Supplier;

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

    private static final int KEYS_PER_LOOK = 1000;

    private final RedisClusterAsyncCommands<byte[], byte[]> redis;
    private final MembershipKeys membership;
    private final InstantSource time;
    private final Duration timeout;

    /**
     * A store on a connection, with the defaults of everything else.
     *
     * @param redis commands of a connection that others may use too; keys and values are bytes
     */
    public RedisLeaseStore(RedisClusterAsyncCommands<byte[], byte[]> redis) {
        this(redis, MembershipKeys.DEFAULT, InstantSource.system(), Duration.ofSeconds(3));
    }

    /**
     * A store on a connection.
     *
     * @param redis commands of a connection that others may use too; keys and values are bytes
     * @param membership keys of the list of instances
     * @param time wall clock, only written into heartbeats for others to look at
     * @param timeout how long a call may take; well below the time to live of the leases
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

    /**
     * Makes stores of type {@code redis} on a connection; their one setting is {@code timeout}, the
     * time that a call may take, 3 s by default.
     *
     * @param redis asked for the commands of a connection when a store is made
     * @return the provider
     */
    public static LeaseStoreProvider provider(
            Supplier<RedisClusterAsyncCommands<byte[], byte[]>> redis) {
        return new RedisLeaseStoreProvider(redis);
    }

    @Override
    public Map<LeaseKeys, Long> acquire(
            Collection<LeaseKeys> leases, String owner, Duration timeToLive) {
        byte[] self = bytes(owner);
        byte[] millis = decimal(timeToLive.toMillis());
        Map<LeaseKeys, Long> epochs =
                each("acquire", leases, keys -> ACQUIRE.run(redis, names(keys), self, millis));
        epochs.values().removeIf(epoch -> epoch == 0);
        return epochs;
    }

    @Override
    public Map<LeaseKeys, Renewal> renew(
            Map<LeaseKeys, Long> leases, String owner, Duration timeToLive) {
        byte[] self = bytes(owner);
        byte[] millis = decimal(timeToLive.toMillis());
        Map<LeaseKeys, Renewal> answers = new HashMap<>();
        each(
                        "renew",
                        leases.keySet(),
                        keys -> RENEW.run(redis, names(keys), self, epoch(leases, keys), millis))
                .forEach(
                        (keys, answer) ->
                                answers.put(
                                        keys,
                                        answer == 1
                                                ? Renewal.RENEWED
                                                : answer == 2 ? Renewal.TAKEN : Renewal.GONE));
        return answers;
    }

    @Override
    public Map<LeaseKeys, Boolean> release(Map<LeaseKeys, Long> leases, String owner) {
        byte[] self = bytes(owner);
        Map<LeaseKeys, Boolean> answers = new HashMap<>();
        each(
                        "release",
                        leases.keySet(),
                        keys -> RELEASE.run(redis, names(keys), self, epoch(leases, keys)))
                .forEach((keys, answer) -> answers.put(keys, answer == 1));
        return answers;
    }

    private static byte[] epoch(Map<LeaseKeys, Long> leases, LeaseKeys keys) {
        return decimal(Objects.requireNonNull(leases.get(keys), "an epoch for each lease"));
    }

    /** Sends a command for each of many leases and collects what is answered. */
    private Map<LeaseKeys, Long> each(
            String what,
            Collection<LeaseKeys> leases,
            Function<LeaseKeys, CompletableFuture<Long>> command) {
        Answers answers = new Answers();
        Map<LeaseKeys, Future<Long>> sent = new LinkedHashMap<>();
        leases.forEach(keys -> sent.put(keys, command.apply(keys)));
        Map<LeaseKeys, Long> answered = new HashMap<>();
        LeaseStoreException failure = null;
        for (Map.Entry<LeaseKeys, Future<Long>> each : sent.entrySet()) {
            try {
                answered.put(
                        each.getKey(),
                        answers.await(what + " " + each.getKey().lease(), each.getValue()));
            } catch (LeaseStoreException e) {
                // On a cluster some servers may answer and others not: what was answered counts.
                failure = e;
            }
        }
        if (failure != null && answered.isEmpty()) {
            throw failure;
        }
        return answered;
    }

    @Override
    public Map<LeaseKeys, String> holders(Collection<LeaseKeys> leases) {
        Answers answers = new Answers();
        Map<String, LeaseKeys> byName = new HashMap<>();
        leases.forEach(keys -> byName.put(keys.lease(), keys));
        List<byte[]> names = byName.keySet().stream().map(RedisLeaseStore::bytes).toList();
        List<Future<List<KeyValue<byte[], byte[]>>>> sent = new ArrayList<>();
        for (int next = 0; next < names.size(); next += KEYS_PER_LOOK) {
            int end = Math.min(names.size(), next + KEYS_PER_LOOK);
            sent.add(redis.mget(names.subList(next, end).toArray(byte[][]::new)));
        }
        Map<LeaseKeys, String> holders = new HashMap<>();
        for (Future<List<KeyValue<byte[], byte[]>>> each : sent) {
            for (KeyValue<byte[], byte[]> found : answers.await("look at leases", each)) {
                LeaseKeys keys = byName.get(text(found.getKey()));
                if (keys != null && found.hasValue()) {
                    holders.put(keys, text(found.getValue()));
                }
            }
        }
        return holders;
    }

    @Override
    public Set<String> heartbeat(String instance, Duration timeToLive) {
        Answers answers = new Answers();
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
        answers.await("send the heartbeat", beat);
        answers.await("send the heartbeat", added);
        Map<String, Future<Long>> lives = new LinkedHashMap<>();
        for (byte[] member : answers.await("list the instances", listed)) {
            lives.put(text(member), redis.exists(heartbeatKey(text(member))));
        }
        Set<String> alive = new TreeSet<>();
        lives.forEach(
                (member, present) -> {
                    if (answers.await("look at the heartbeat of " + member, present) == 1
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
        Answers answers = new Answers();
        Future<Long> removed = redis.srem(bytes(membership.active()), bytes(instance));
        Future<Long> deleted = redis.del(heartbeatKey(instance));
        answers.await("leave", removed);
        answers.await("leave", deleted);
    }

    private byte[] heartbeatKey(String instance) {
        return bytes(membership.instance().apply(instance));
    }

    /** The answers to what is sent together: all of them have the time of one. */
    private final class Answers {

        private final long deadline = System.nanoTime() + timeout.toNanos();

        <T> T await(String what, Future<T> answer) {
            return RedisLeaseStore.this.await(what, answer, deadline);
        }
    }

    private <T> T await(String what, Future<T> answer, long deadline) {
        try {
            return answer.get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
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
