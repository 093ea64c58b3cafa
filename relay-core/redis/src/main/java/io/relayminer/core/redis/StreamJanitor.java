package io.relayminer.core.redis;

import io.lettuce.core.Consumer;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisException;
import io.lettuce.core.StreamMessage;
import io.lettuce.core.XAutoClaimArgs;
import io.lettuce.core.models.stream.ClaimedMessages;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Keeps relay streams in order: removes a time to live that another program set, removes consumers
 * of processes that are gone, and revives entries that nobody would ever read again.
 *
 * <p>The last is for mixed fleets: a miner that reads only new entries never looks at what a dead
 * predecessor left pending. Entries that have been pending for five minutes for a consumer without
 * a live instance are appended again, so that whoever owns the supplier receives them as new. Our
 * own owners take pending entries over by themselves within a minute, so they leave nothing to do.
 *
 * <p>Blocks; failures are logged and the next sweep tries again. Safe for use by any thread.
 */
public final class StreamJanitor {

    private static final Logger LOG = LoggerFactory.getLogger(StreamJanitor.class);
    private static final LuaScript REQUEUE = LuaScript.load(StreamJanitor.class, "requeue.lua");
    private static final Duration STUCK_AFTER = Duration.ofMinutes(5);

    private final RedisConnections connections;
    private final RedisKeys keys;
    private final String self;
    private final Duration stuckAfter;

    /**
     * A janitor over open connections.
     *
     * @param connections open connections
     * @param keys names of keys
     * @param self consumer name of this process
     */
    public StreamJanitor(RedisConnections connections, RedisKeys keys, String self) {
        this(connections, keys, self, STUCK_AFTER);
    }

    StreamJanitor(RedisConnections connections, RedisKeys keys, String self, Duration stuckAfter) {
        this.connections = connections;
        this.keys = keys;
        this.self = self;
        this.stuckAfter = stuckAfter;
    }

    /**
     * Sweeps the stream of one supplier.
     *
     * @return entries that were delivered and not acknowledged, by any consumer; 0 if that is not
     *     known
     */
    public long sweep(String supplier) {
        long pendingInAll = 0;
        byte[] stream = utf8(keys.stream(supplier));
        byte[] group = utf8(keys.consumerGroup());
        try {
            if (connections.sync().exists(stream) == 0) {
                return 0;
            }
            if (Boolean.TRUE.equals(connections.sync().persist(stream))) {
                LOG.warn(
                        "the stream of supplier {} would have expired with its relays; its time to"
                                + " live was removed",
                        supplier);
            }
            for (Object consumer : connections.sync().xinfoConsumers(stream, group)) {
                List<?> fields = (List<?>) consumer;
                String name = "";
                long pending = 0;
                for (int i = 0; i + 1 < fields.size(); i += 2) {
                    switch (text(fields.get(i))) {
                        case "name" -> name = text(fields.get(i + 1));
                        case "pending" -> pending = (Long) fields.get(i + 1);
                        default -> {}
                    }
                }
                pendingInAll += pending;
                if (name.equals(self) || connections.sync().exists(utf8(keys.instance(name))) > 0) {
                    continue;
                }
                if (pending == 0) {
                    connections.sync().xgroupDelconsumer(stream, Consumer.from(group, utf8(name)));
                } else {
                    revive(supplier);
                }
            }
        } catch (RedisCommandExecutionException e) {
            LOG.debug("the stream of supplier {} has no group yet", supplier, e);
        } catch (RedisException e) {
            LOG.warn("the stream of supplier {} was not swept", supplier, e);
        }
        return pendingInAll;
    }

    private void revive(String supplier) {
        String owner =
                new String(
                        orEmpty(connections.sync().get(utf8(keys.lease(supplier)))),
                        StandardCharsets.UTF_8);
        if (owner.isEmpty() || connections.sync().exists(utf8(keys.capabilities(owner))) > 0) {
            // No owner yet, or one that takes pending entries over by itself.
            return;
        }
        requeue(supplier, stuckAfter);
    }

    /**
     * Appends entries again that were delivered long ago and never acknowledged, whoever has them,
     * so that the owner of the supplier receives them as new; at most 500 at a time.
     *
     * @param supplier whose stream
     * @param idle how long they have been pending at least
     * @return how many were appended again
     * @throws RedisException if Redis does not answer
     */
    public long requeue(String supplier, Duration idle) {
        byte[] stream = utf8(keys.stream(supplier));
        byte[] group = utf8(keys.consumerGroup());
        ClaimedMessages<byte[], byte[]> claimed =
                connections
                        .sync()
                        .xautoclaim(
                                stream,
                                new XAutoClaimArgs<byte[]>()
                                        .consumer(Consumer.from(group, utf8(self)))
                                        .minIdleTime(idle)
                                        .startId("0-0")
                                        .count(500));
        List<String> args = new ArrayList<>();
        args.add(keys.consumerGroup());
        for (StreamMessage<byte[], byte[]> message : claimed.getMessages()) {
            args.add(message.getId());
        }
        if (args.size() == 1) {
            return 0;
        }
        long moved =
                REQUEUE.integer(
                        connections.sync(), List.of(keys.stream(supplier)), LuaScript.texts(args));
        LOG.warn(
                "{} relays of supplier {} that a dead miner had left were appended again",
                moved,
                supplier);
        return moved;
    }

    private static byte[] orEmpty(byte @org.jspecify.annotations.Nullable [] value) {
        return value == null ? new byte[0] : value;
    }

    private static String text(Object value) {
        return value instanceof byte[] bytes
                ? new String(bytes, StandardCharsets.UTF_8)
                : String.valueOf(value);
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
