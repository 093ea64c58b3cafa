package io.relayminer.core.miner.redis;

import io.lettuce.core.Consumer;
import io.lettuce.core.RedisBusyException;
import io.lettuce.core.RedisChannelHandler;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.StreamMessage;
import io.lettuce.core.XGroupCreateArgs;
import io.lettuce.core.XReadArgs;
import io.relayminer.core.miner.store.MinerStoreListener;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.redis.RedisLink;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/*
 * One read for all suppliers. A thread reads every stream whose inbox wants entries with one XREADGROUP, puts what came into the inboxes,
 * and leaves a stream out until its inbox has been emptied and asks again. A process with a thousand suppliers holds one connection, and a
 * busy supplier cannot starve others. Between two reads of a stream lies a short linger, in which relays gather so that the commit that
 * follows carries many of them. On Redis Cluster, where one command cannot read streams of several slots, the thread asks for each stream
 * in one pipeline instead.
 *
 * How much. COUNT holds for each stream, so a thousand streams with a backlog would answer with a thousand times COUNT. The room that is
 * left, in entries and in bytes at the size of the largest entry seen lately, is divided among the streams. If there are more streams than
 * room, they are read in turns, without waiting; only when a whole turn found nothing does the thread wait for all of them, with one entry
 * each. A stream that gave all it was asked for is read again at once. What has been read and not been fetched from its inbox counts as room taken.
 *
 * The lock is held for moves between collections only. Entries are decoded by the thread that fetches them.
 */

/** Reads the relay streams of a process's suppliers. Safe for use by any thread. */
final class StreamReader implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(StreamReader.class);

    private static final int READ_PAGE = 1000;
    private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

    /** Bytes that an entry is taken to have at least. */
    private static final long SMALL_ENTRY = 4 << 10;

    /** As long as nobody has seen an entry, so many of them are taken to fill the room. */
    private static final long FIRST_ENTRIES = 64;

    private final RedisConnections connections;
    private final RedisKeys keys;
    private final RedisMinerStoreSettings settings;
    private final MinerStoreListener listener;
    private final InstantSource clock;
    private final byte[] group;
    private final Consumer<byte[]> consumer;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    /** Answers that may have been lost with the entries in them. */
    private final AtomicInteger missed = new AtomicInteger();

    // Guarded by the lock.
    private final Map<String, StreamInbox> inboxes = new LinkedHashMap<>();
    private @Nullable Thread thread;
    private boolean closed;
    private long waitingEntries;
    private long waitingBytes;

    // Of the reading thread only.
    private long entrySize;
    private int turn;
    private int fruitless;

    StreamReader(
            RedisConnections connections,
            RedisKeys keys,
            String consumer,
            RedisMinerStoreSettings settings,
            MinerStoreListener listener,
            InstantSource clock) {
        this.connections = connections;
        this.keys = keys;
        this.settings = settings;
        this.listener = listener;
        this.clock = clock;
        this.entrySize = Math.max(SMALL_ENTRY, settings.readBytes() / FIRST_ENTRIES);
        this.group = utf8(keys.consumerGroup());
        this.consumer = Consumer.from(group, utf8(consumer));
    }

    StreamInbox open(String supplier) {
        StreamInbox inbox =
                new StreamInbox(this, connections, keys, settings, listener, clock, supplier);
        inbox.prepare();
        lock.lock();
        try {
            if (closed) {
                throw new IllegalStateException("the store is closed");
            }
            StreamInbox before = inboxes.put(inbox.stream(), inbox);
            if (before != null) {
                before.shut();
                release(before);
            }
            if (thread == null) {
                thread = Thread.ofPlatform().name("relay-log-reader").daemon().start(this::run);
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        return inbox;
    }

    /** How many answers may have been lost so far. */
    int missedAnswers() {
        return missed.get();
    }

    ReentrantLock lock() {
        return lock;
    }

    Consumer<byte[]> consumer() {
        return consumer;
    }

    byte[] group() {
        return group;
    }

    /** An inbox wants entries. Under the lock. */
    void wants() {
        changed.signalAll();
    }

    /** Entries have left an inbox. Under the lock. */
    void fetched(int entries, long bytes) {
        waitingEntries -= entries;
        waitingBytes -= bytes;
        changed.signalAll();
    }

    private void release(StreamInbox inbox) {
        StreamInbox.Load left = inbox.clear();
        fetched(left.entries(), left.bytes());
    }

    void remove(StreamInbox inbox) {
        lock.lock();
        try {
            inbox.shut();
            release(inbox);
            inboxes.remove(inbox.stream(), inbox);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        Thread reading;
        lock.lock();
        try {
            closed = true;
            inboxes.values().forEach(StreamInbox::shut);
            inboxes.clear();
            changed.signalAll();
            reading = thread;
        } finally {
            lock.unlock();
        }
        if (reading != null) {
            try {
                reading.join(settings.block().plusSeconds(5));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void run() {
        RedisLink link = connections.dedicated(RedisConnections.Use.STREAMS_CONSUMER);
        // The client reads again by itself after a reconnect, but what it reads is what comes next.
        link.connection()
                .addListener(
                        new RedisConnectionStateListener() {
                            @Override
                            public void onRedisDisconnected(RedisChannelHandler<?, ?> lost) {
                                missed.incrementAndGet();
                            }
                        });
        try {
            Request request = next();
            while (request != null) {
                read(link, request);
                request = next();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            link.close();
        }
    }

    /** Streams to be read at once, so many entries of each, waiting so long; 0 looks only. */
    private record Request(List<StreamInbox> inboxes, int count, long blockNanos) {}

    /** The next read; null when the reader is closed. */
    private @Nullable Request next() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (!closed) {
                long now = System.nanoTime();
                long block = settings.block().toNanos();
                List<StreamInbox> ready = new ArrayList<>();
                for (StreamInbox inbox : inboxes.values()) {
                    if (inbox.wanting()) {
                        long wait = inbox.notBefore() - now;
                        if (wait <= 0) {
                            ready.add(inbox);
                        } else {
                            block = Math.min(block, wait);
                        }
                    }
                }
                long room = room();
                if (!ready.isEmpty() && room > 0) {
                    return request(ready, room, block);
                }
                long unused = changed.awaitNanos(block);
            }
            return null;
        } finally {
            lock.unlock();
        }
    }

    private long room() {
        return Math.min(
                settings.readEntries() - waitingEntries,
                (settings.readBytes() - waitingBytes) / entrySize);
    }

    private Request request(List<StreamInbox> ready, long room, long block) {
        if (ready.size() <= room) {
            fruitless = 0;
            return new Request(
                    rotated(ready), (int) Math.min(READ_PAGE, room / ready.size()), block);
        }
        if (fruitless >= ready.size()) {
            fruitless = 0;
            return new Request(rotated(ready), 1, block);
        }
        List<StreamInbox> some = rotated(ready).subList(0, (int) room);
        turn += some.size() - 1;
        fruitless += some.size();
        return new Request(some, 1, 0);
    }

    /** Starts with another stream each time, so that the order favours nobody. */
    private List<StreamInbox> rotated(List<StreamInbox> ready) {
        int first = Math.floorMod(turn++, ready.size());
        List<StreamInbox> all = new ArrayList<>(ready.subList(first, ready.size()));
        all.addAll(ready.subList(0, first));
        return all;
    }

    private void read(RedisLink link, Request request) throws InterruptedException {
        try {
            if (connections.cluster()) {
                readEach(link, request);
            } else {
                readTogether(link, request);
            }
        } catch (RedisCommandExecutionException e) {
            // Missing group, missing stream, or one stream of a wrong type: find out which.
            for (StreamInbox inbox : request.inboxes()) {
                try {
                    ensureGroup(inbox.stream());
                } catch (RedisException problem) {
                    LOG.warn("the stream {} cannot be read", inbox.stream(), problem);
                    listener.readFailed(inbox.supplier());
                    inbox.fail(problem);
                }
            }
            pause(RETRY_NANOS);
        } catch (RedisException | TimeoutException e) {
            for (StreamInbox inbox : request.inboxes()) {
                listener.readFailed(inbox.supplier());
            }
            missed.incrementAndGet();
            LOG.debug("reading relay streams failed; trying again", e);
            pause(RETRY_NANOS);
        }
    }

    private void pause(long nanos) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long left = nanos;
            while (!closed && left > 0) {
                left = changed.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
    }

    private void readTogether(RedisLink link, Request request)
            throws InterruptedException, TimeoutException {
        @SuppressWarnings({"unchecked", "rawtypes"})
        XReadArgs.StreamOffset<byte[]>[] offsets =
                new XReadArgs.StreamOffset[request.inboxes().size()];
        for (int i = 0; i < offsets.length; i++) {
            offsets[i] =
                    XReadArgs.StreamOffset.lastConsumed(utf8(request.inboxes().get(i).stream()));
        }
        XReadArgs arguments = XReadArgs.Builder.count(request.count());
        if (request.blockNanos() > 0) {
            arguments.block(Math.max(1, TimeUnit.NANOSECONDS.toMillis(request.blockNanos())));
        }
        deliver(
                await(
                        link.async().xreadgroup(consumer, arguments, offsets),
                        settings.block().plusSeconds(5)),
                request.count());
    }

    @SuppressWarnings("unchecked")
    private void readEach(RedisLink link, Request request)
            throws InterruptedException, TimeoutException {
        List<RedisFuture<List<StreamMessage<byte[], byte[]>>>> replies = new ArrayList<>();
        for (StreamInbox inbox : request.inboxes()) {
            replies.add(
                    link.async()
                            .xreadgroup(
                                    consumer,
                                    XReadArgs.Builder.count(request.count()),
                                    XReadArgs.StreamOffset.lastConsumed(utf8(inbox.stream()))));
        }
        boolean any = false;
        for (RedisFuture<List<StreamMessage<byte[], byte[]>>> reply : replies) {
            List<StreamMessage<byte[], byte[]>> messages = await(reply, Duration.ofSeconds(5));
            any |= !messages.isEmpty();
            deliver(messages, request.count());
        }
        if (!any && request.blockNanos() > 0) {
            pause(Math.min(request.blockNanos(), settings.linger().toNanos()));
        }
    }

    private static <T> T await(RedisFuture<T> reply, Duration limit)
            throws InterruptedException, TimeoutException {
        try {
            return reply.get(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RedisException redis) {
                throw redis;
            }
            throw new RedisException(e.getCause());
        }
    }

    private void deliver(List<StreamMessage<byte[], byte[]>> messages, int count) {
        if (messages.isEmpty()) {
            return;
        }
        Map<String, List<StreamMessage<byte[], byte[]>>> byStream = new LinkedHashMap<>();
        long largest = SMALL_ENTRY;
        for (StreamMessage<byte[], byte[]> message : messages) {
            byStream.computeIfAbsent(
                            new String(message.getStream(), StandardCharsets.UTF_8),
                            stream -> new ArrayList<>())
                    .add(message);
            largest = Math.max(largest, StreamInbox.bytes(message));
        }
        // Learns of a large entry at once and forgets it by and by.
        entrySize = Math.max(largest, entrySize - entrySize / 4);
        long now = System.nanoTime();
        long later = now + settings.linger().toNanos();
        lock.lock();
        try {
            fruitless = 0;
            byStream.forEach(
                    (stream, entries) -> {
                        StreamInbox inbox = inboxes.get(stream);
                        if (inbox != null) {
                            StreamInbox.Load load =
                                    inbox.put(entries, entries.size() < count ? later : now);
                            waitingEntries += load.entries();
                            waitingBytes += load.bytes();
                        }
                    });
        } finally {
            lock.unlock();
        }
    }

    /** Creates stream and group if they are not there. */
    void ensureGroup(String stream) {
        try {
            String unused =
                    connections
                            .sync()
                            .xgroupCreate(
                                    XReadArgs.StreamOffset.from(utf8(stream), "0"),
                                    group,
                                    XGroupCreateArgs.Builder.mkstream());
        } catch (RedisBusyException e) {
            LOG.trace("the group exists", e);
        }
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
