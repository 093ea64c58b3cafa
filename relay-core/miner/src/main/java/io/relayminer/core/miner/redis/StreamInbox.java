package io.relayminer.core.miner.redis;

import io.lettuce.core.Limit;
import io.lettuce.core.Range;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisException;
import io.lettuce.core.StreamMessage;
import io.lettuce.core.XAutoClaimArgs;
import io.lettuce.core.XReadArgs;
import io.lettuce.core.models.stream.ClaimedMessages;
import io.relayminer.core.miner.store.ClosedException;
import io.relayminer.core.miner.store.MinerStoreException;
import io.relayminer.core.miner.store.MinerStoreListener;
import io.relayminer.core.miner.store.RelayEntry;
import io.relayminer.core.redis.MinedRelayCodec;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.redis.RedisStateException;
import io.relayminer.transport.MinedRelay;

import org.jspecify.annotations.Nullable;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.function.Supplier;

/**
 * The stream of one supplier as its owner reads it.
 *
 * <p>After opening, every pending entry of the group is claimed, whoever received it, since nobody
 * else is entitled to it. Afterwards entries that somebody left pending for a while are claimed now
 * and then, which covers deliveries that were under way when the owner changed.
 *
 * <p>The package-private methods without a lock of their own are called under the reader's lock.
 */
final class StreamInbox {

    private static final byte[] FIELD = "data".getBytes(StandardCharsets.US_ASCII);
    private static final String START = "0-0";
    private static final int CLAIM_PAGE = 500;
    private static final long RECLAIM_EVERY_NANOS = TimeUnit.SECONDS.toNanos(30);

    /** A number of entries and of their bytes. */
    record Load(int entries, long bytes) {}

    private final StreamReader reader;
    private final RedisConnections connections;
    private final RedisMinerStoreSettings settings;
    private final MinerStoreListener listener;
    private final InstantSource clock;
    private final String supplier;
    private final String stream;
    private final byte[] key;
    private final Condition arrived;

    // Guarded by the reader's lock.
    private final ArrayDeque<StreamMessage<byte[], byte[]>> arrivals = new ArrayDeque<>();
    private boolean wanting;
    private boolean closed;
    private long notBefore = System.nanoTime();
    private @Nullable RedisException failure;

    // Of the owner's thread only.
    private String claimCursor = START;
    private boolean claiming = true;
    private long claimIdleMillis;
    private long nextReclaim;
    private String takeOverCursor = START;
    private int lostBefore;

    StreamInbox(
            StreamReader reader,
            RedisConnections connections,
            RedisKeys keys,
            RedisMinerStoreSettings settings,
            MinerStoreListener listener,
            InstantSource clock,
            String supplier) {
        this.reader = reader;
        this.connections = connections;
        this.settings = settings;
        this.listener = listener;
        this.clock = clock;
        this.supplier = supplier;
        this.stream = keys.stream(supplier);
        this.key = stream.getBytes(StandardCharsets.UTF_8);
        this.arrived = reader.lock().newCondition();
        this.lostBefore = reader.missedAnswers();
    }

    /** Creates the group and removes a time to live that another program may have set. */
    void prepare() {
        boolean unused =
                guarded(
                        "open the stream",
                        () -> {
                            reader.ensureGroup(stream);
                            return connections.sync().persist(key);
                        });
    }

    String supplier() {
        return supplier;
    }

    String stream() {
        return stream;
    }

    boolean wanting() {
        return wanting;
    }

    long notBefore() {
        return notBefore;
    }

    Load put(List<StreamMessage<byte[], byte[]>> entries, long nextRead) {
        arrivals.addAll(entries);
        wanting = false;
        notBefore = nextRead;
        arrived.signalAll();
        return load(entries);
    }

    void shut() {
        closed = true;
        wanting = false;
        arrived.signalAll();
    }

    Load clear() {
        Load left = load(arrivals);
        arrivals.clear();
        return left;
    }

    /** The stream cannot be read; tells the owner. Takes the lock. */
    void fail(RedisException problem) {
        reader.lock().lock();
        try {
            failure = problem;
            wanting = false;
            arrived.signalAll();
        } finally {
            reader.lock().unlock();
        }
    }

    private static Load load(Iterable<StreamMessage<byte[], byte[]>> entries) {
        int count = 0;
        long bytes = 0;
        for (StreamMessage<byte[], byte[]> entry : entries) {
            count++;
            bytes += bytes(entry);
        }
        return new Load(count, bytes);
    }

    static long bytes(StreamMessage<byte[], byte[]> message) {
        long bytes = 0;
        if (message.getBody() != null) {
            for (byte[] value : message.getBody().values()) {
                bytes += value.length;
            }
        }
        return bytes;
    }

    List<RelayEntry> poll(int max, Duration wait) throws InterruptedException {
        long deadline = System.nanoTime() + wait.toNanos();
        List<RelayEntry> again = reclaim(max);
        if (!again.isEmpty()) {
            return again;
        }
        List<StreamMessage<byte[], byte[]>> fetched = fetch(max, deadline);
        if (!fetched.isEmpty()) {
            return delivered(fetched, false);
        }
        return wait.isZero() ? lookNow(max) : List.of();
    }

    private List<StreamMessage<byte[], byte[]>> fetch(int max, long deadline)
            throws InterruptedException {
        reader.lock().lockInterruptibly();
        try {
            while (true) {
                if (closed) {
                    throw new ClosedException(supplier);
                }
                RedisException problem = failure;
                if (problem != null) {
                    failure = null;
                    throw unavailable("read the stream", problem);
                }
                if (!arrivals.isEmpty()) {
                    List<StreamMessage<byte[], byte[]>> batch = new ArrayList<>();
                    while (batch.size() < max && !arrivals.isEmpty()) {
                        batch.add(arrivals.removeFirst());
                    }
                    Load load = load(batch);
                    reader.fetched(load.entries(), load.bytes());
                    return batch;
                }
                long nanos = deadline - System.nanoTime();
                if (nanos <= 0) {
                    return List.of();
                }
                if (!wanting) {
                    wanting = true;
                    reader.wants();
                }
                long unused = arrived.awaitNanos(Math.min(nanos, RECLAIM_EVERY_NANOS));
            }
        } finally {
            reader.lock().unlock();
        }
    }

    private List<RelayEntry> delivered(
            List<StreamMessage<byte[], byte[]>> messages, boolean again) {
        List<RelayEntry> entries = new ArrayList<>(messages.size());
        for (StreamMessage<byte[], byte[]> message : messages) {
            entries.add(entry(message, again));
        }
        if (!entries.isEmpty()) {
            listener.delivered(supplier, entries.size());
        }
        return entries;
    }

    /** Reads without waiting for the shared read, for an owner that drains the stream. */
    @SuppressWarnings("unchecked")
    private List<RelayEntry> lookNow(int max) {
        return delivered(
                guarded(
                        "read the stream",
                        () ->
                                connections
                                        .sync()
                                        .xreadgroup(
                                                reader.consumer(),
                                                XReadArgs.Builder.count(
                                                        Math.min(max, settings.readEntries())),
                                                XReadArgs.StreamOffset.lastConsumed(key))),
                false);
    }

    private List<RelayEntry> reclaim(int max) {
        int lost = reader.missedAnswers();
        boolean missed = lost != lostBefore;
        if (missed || (!claiming && System.nanoTime() - nextReclaim >= 0)) {
            // What was in a lost answer is pending, and nobody has it: it does not wait to be idle.
            lostBefore = lost;
            claiming = true;
            claimCursor = START;
            claimIdleMillis = missed ? 0 : settings.reclaimIdle().toMillis();
        }
        while (claiming) {
            ClaimedMessages<byte[], byte[]> page = claim(claimCursor, claimIdleMillis, max);
            claimCursor = page.getId();
            if (claimCursor.equals(START)) {
                claiming = false;
                nextReclaim = System.nanoTime() + RECLAIM_EVERY_NANOS;
            }
            List<RelayEntry> entries = claimed(page);
            if (!entries.isEmpty()) {
                return entries;
            }
        }
        return List.of();
    }

    List<RelayEntry> takeOver(int max) {
        while (true) {
            ClaimedMessages<byte[], byte[]> page = claim(takeOverCursor, 0, max);
            takeOverCursor = page.getId();
            List<RelayEntry> entries = claimed(page);
            if (!entries.isEmpty()) {
                // Its last page ends with the cursor at the start: the next call says so.
                if (takeOverCursor.equals(START)) {
                    takeOverCursor = END;
                }
                return entries;
            }
            if (takeOverCursor.equals(START) || takeOverCursor.equals(END)) {
                takeOverCursor = START;
                return List.of();
            }
        }
    }

    /** Beyond every id, so that a page from here is empty. */
    private static final String END = "18446744073709551615-18446744073709551615";

    private ClaimedMessages<byte[], byte[]> claim(String from, long idleMillis, int max) {
        return guarded(
                "take over entries",
                () ->
                        connections
                                .sync()
                                .xautoclaim(
                                        key,
                                        new XAutoClaimArgs<byte[]>()
                                                .consumer(reader.consumer())
                                                .minIdleTime(idleMillis)
                                                .startId(from)
                                                .count(Math.min(max, CLAIM_PAGE))));
    }

    private List<RelayEntry> claimed(ClaimedMessages<byte[], byte[]> page) {
        List<StreamMessage<byte[], byte[]>> found = new ArrayList<>();
        List<String> vanished = new ArrayList<>();
        for (StreamMessage<byte[], byte[]> message : page.getMessages()) {
            if (message.getBody() == null || message.getBody().isEmpty()) {
                // Deleted from the stream while pending; only the reference is left.
                vanished.add(message.getId());
            } else {
                found.add(message);
            }
        }
        if (!vanished.isEmpty()) {
            long unused =
                    guarded(
                            "forget entries that are gone",
                            () ->
                                    connections
                                            .sync()
                                            .xack(
                                                    key,
                                                    reader.group(),
                                                    vanished.toArray(new String[0])));
        }
        if (!found.isEmpty()) {
            listener.takenOver(supplier, found.size());
        }
        return delivered(found, true);
    }

    private RelayEntry entry(StreamMessage<byte[], byte[]> message, boolean again) {
        for (Map.Entry<byte[], byte[]> field : message.getBody().entrySet()) {
            if (Arrays.equals(field.getKey(), FIELD)) {
                try {
                    MinedRelay relay = MinedRelayCodec.decode(field.getValue());
                    listener.consumed(supplier, relay.serviceId(), age(relay));
                    return new RelayEntry(message.getId(), relay, "", again);
                } catch (RedisStateException.MalformedValue e) {
                    listener.malformed(supplier);
                    return new RelayEntry(
                            message.getId(), null, String.valueOf(e.getMessage()), again);
                }
            }
        }
        listener.malformed(supplier);
        return new RelayEntry(message.getId(), null, "the field 'data' is missing", again);
    }

    private Duration age(MinedRelay relay) {
        if (relay.publishedAtUnixNano() <= 0) {
            return Duration.ofNanos(-1);
        }
        Instant now = clock.instant();
        long nanos = now.getEpochSecond() * 1_000_000_000L + now.getNano();
        return Duration.ofNanos(Math.max(0, nanos - relay.publishedAtUnixNano()));
    }

    String newestEntry() {
        return guarded(
                "ask for the stream's end",
                () -> {
                    List<Object> info;
                    try {
                        info = connections.sync().xinfoStream(key);
                    } catch (RedisCommandExecutionException e) {
                        if (String.valueOf(e.getMessage())
                                .toLowerCase(Locale.ROOT)
                                .contains("no such key")) {
                            return "";
                        }
                        throw e;
                    }
                    for (int i = 0; i + 1 < info.size(); i += 2) {
                        if (text(info.get(i)).equals("last-generated-id")) {
                            String id = text(info.get(i + 1));
                            return id.equals(START) ? "" : id;
                        }
                    }
                    return "";
                });
    }

    private static String text(Object value) {
        return value instanceof byte[] bytes
                ? new String(bytes, StandardCharsets.UTF_8)
                : String.valueOf(value);
    }

    boolean drainedTo(String entry) {
        return entry.isEmpty()
                || guarded(
                        "look for the oldest entry",
                        () ->
                                connections
                                        .sync()
                                        .xrange(
                                                key,
                                                Range.from(
                                                        Range.Boundary.unbounded(),
                                                        Range.Boundary.including(entry)),
                                                Limit.from(1))
                                        .isEmpty());
    }

    long backlog() {
        return guarded("ask for the stream's length", () -> connections.sync().xlen(key));
    }

    private <T> T guarded(String what, Supplier<T> action) {
        try {
            return action.get();
        } catch (RedisException e) {
            throw unavailable(what, e);
        }
    }

    private MinerStoreException unavailable(String what, RedisException cause) {
        return new MinerStoreException(
                MinerStoreException.Reason.UNAVAILABLE,
                "Redis did not " + what + " of supplier " + supplier,
                cause);
    }

    void close() {
        reader.remove(this);
    }
}
