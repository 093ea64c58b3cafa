package io.relayminer.core.redis;

import io.lettuce.core.Consumer;
import io.lettuce.core.Limit;
import io.lettuce.core.Range;
import io.lettuce.core.RedisBusyException;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.StreamMessage;
import io.lettuce.core.XAutoClaimArgs;
import io.lettuce.core.XGroupCreateArgs;
import io.lettuce.core.XReadArgs;
import io.lettuce.core.models.stream.ClaimedMessages;
import io.netty.channel.EventLoop;
import io.relayminer.transport.MinedRelay;
import io.relayminer.transport.RelayLog;
import io.relayminer.transport.RelayLogEntry;
import io.relayminer.transport.RelayLogException;
import io.relayminer.transport.RelayLogReader;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The relay log on Redis Streams: one stream per supplier, one consumer group for all miners.
 *
 * <p><b>Appending</b> is one {@code XADD} per relay with the single field {@code data}; see {@code
 * StreamPublisher} for pipelining, bounds and fail-over. A stream never gets a time to live: an
 * expiring stream takes unread relays with it.
 *
 * <p><b>Reading.</b> All readers of a process share one blocking read. A single thread reads every
 * stream whose reader is ready with one {@code XREADGROUP}, hands the entries over, and leaves a
 * stream out until its reader comes back for more. So a process with a thousand suppliers holds one
 * connection, a busy supplier cannot starve others, and what is delivered but not processed is
 * bounded by one batch per supplier. Between two reads of a stream lies a short linger, in which
 * relays gather so that the commit that follows carries many of them. On Redis Cluster, where one
 * command cannot read streams of several slots, the thread asks for each stream in one pipeline
 * instead.
 *
 * <p><b>Taking over.</b> Opening a reader claims every pending entry of the group, whoever received
 * it: the caller owns the supplier, so nobody else is entitled to it. Afterwards entries that
 * another consumer left pending for a minute are claimed from time to time, which covers deliveries
 * that were under way when ownership changed. Entries leave the stream only by the commit script or
 * by the methods of the reader, and then they are acknowledged and deleted at once; so the oldest
 * entry of the stream tells how far the log is drained.
 *
 * <p>Safe for use by any thread.
 */
public final class RedisStreamRelayLog implements RelayLog {

    private static final Logger LOG = LoggerFactory.getLogger(RedisStreamRelayLog.class);

    private static final LuaScript ACKNOWLEDGE =
            LuaScript.load(RedisStreamRelayLog.class, "acknowledge.lua");
    private static final LuaScript SET_ASIDE =
            LuaScript.load(RedisStreamRelayLog.class, "set_aside.lua");

    private static final byte[] FIELD = "data".getBytes(StandardCharsets.US_ASCII);
    private static final String START = "0-0";
    private static final int CLAIM_PAGE = 500;
    private static final int READ_PAGE = 1000;
    private static final int ACK_PAGE = 1000;
    private static final String DEAD_LETTER_BOUND = "10000";
    private static final long RECLAIM_EVERY_NANOS = TimeUnit.SECONDS.toNanos(30);

    /** Connections that are appended through at most. */
    private static final int MOST_PUBLISHERS = 4;

    private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

    private final RedisConnections connections;
    private final RedisKeys keys;
    private final String consumer;
    private final RelayLogSettings settings;
    private final RelayLogListener listener;
    private final InstantSource clock;
    private final InFlight inFlight;
    private final List<EventLoop> loops;
    private final List<StreamPublisher> publishers;
    private final byte[] group;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition readersChanged = lock.newCondition();
    private final Map<String, Reader> readers = new LinkedHashMap<>();
    private @Nullable Thread pollThread;
    private boolean closed;
    private int turn;

    /**
     * A log over open connections, which stay the caller's.
     *
     * @param connections open connections
     * @param keys names of streams and group
     * @param consumer name of this process within the group; must be unique among live processes.
     *     Processes that only append may give any name
     * @param settings bounds and times
     * @param clock wall clock, for the time of publication
     * @param listener observer
     */
    public RedisStreamRelayLog(
            RedisConnections connections,
            RedisKeys keys,
            String consumer,
            RelayLogSettings settings,
            InstantSource clock,
            RelayLogListener listener) {
        this(connections, keys, consumer, settings, clock, listener, List.of());
    }

    /**
     * As above, for a process whose appends come from event loops: up to four of the loops, the
     * first ones, get a connection each, so that an append on such a loop wakes no other thread.
     * The others share these connections, for the more appends share one, the more of them one
     * system call of the server takes.
     *
     * @param loops all event loops that append; they must outlive the connections. See {@link
     *     RedisConnections#dedicated(RedisConnections.Use, EventLoop)}
     */
    public RedisStreamRelayLog(
            RedisConnections connections,
            RedisKeys keys,
            String consumer,
            RelayLogSettings settings,
            InstantSource clock,
            RelayLogListener listener,
            List<EventLoop> loops) {
        this.connections = connections;
        this.keys = keys;
        this.consumer = consumer;
        this.settings = settings;
        this.listener = listener;
        this.clock = clock;
        this.group = utf8(keys.consumerGroup());
        this.inFlight = new InFlight(settings.maxInFlight(), settings.maxInFlightBytes());
        this.loops = List.copyOf(loops);
        List<StreamPublisher> opened = new ArrayList<>();
        if (loops.isEmpty()) {
            opened.add(publisher(connections.dedicated(RedisConnections.Use.STREAMS_PUBLISHER), 1));
        }
        int count = Math.min(loops.size(), MOST_PUBLISHERS);
        for (EventLoop loop : loops.subList(0, count)) {
            opened.add(
                    publisher(
                            connections.dedicated(RedisConnections.Use.STREAMS_PUBLISHER, loop),
                            count));
        }
        this.publishers = List.copyOf(opened);
    }

    private StreamPublisher publisher(RedisLink link, int count) {
        return new StreamPublisher(
                link,
                keys,
                settings,
                inFlight,
                new StreamPublisher.Ring(settings.replayFor(), settings.replayBytes() / count),
                System::nanoTime,
                () -> unixNano(clock.instant()),
                listener);
    }

    /** The publisher of the calling event loop; the first one for other threads. */
    private StreamPublisher publisher() {
        if (publishers.size() > 1) {
            for (int i = 0; i < loops.size(); i++) {
                if (loops.get(i).inEventLoop()) {
                    return publishers.get(i % publishers.size());
                }
            }
        }
        return publishers.get(0);
    }

    private static long unixNano(Instant now) {
        return now.getEpochSecond() * 1_000_000_000L + now.getNano();
    }

    @Override
    public CompletionStage<String> append(MinedRelay relay) {
        return publisher().append(relay);
    }

    /** Relays accepted by {@link #append} that Redis has not confirmed yet. */
    public int unconfirmed() {
        return inFlight.relays();
    }

    @Override
    public RelayLogReader open(String supplier) {
        Reader reader = new Reader(supplier);
        reader.prepare();
        lock.lock();
        try {
            if (closed) {
                throw new RelayLogException.Closed("the relay log is closed");
            }
            Reader previous = readers.put(supplier, reader);
            if (previous != null) {
                previous.closed = true;
                previous.arrived.signalAll();
            }
            if (pollThread == null) {
                pollThread = Thread.ofPlatform().name("relay-log-reader").daemon().start(this::run);
            }
            readersChanged.signalAll();
        } finally {
            lock.unlock();
        }
        return reader;
    }

    @Override
    public void close() {
        Thread thread;
        lock.lock();
        try {
            closed = true;
            for (Reader reader : readers.values()) {
                reader.closed = true;
                reader.arrived.signalAll();
            }
            readers.clear();
            readersChanged.signalAll();
            thread = pollThread;
        } finally {
            lock.unlock();
        }
        if (thread != null) {
            try {
                thread.join(settings.block().plusSeconds(5));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        publishers.forEach(StreamPublisher::close);
    }

    // ---- the reading thread --------------------------------------------------------------------

    private void run() {
        RedisLink link = connections.dedicated(RedisConnections.Use.STREAMS_CONSUMER);
        try {
            while (true) {
                List<Reader> ready = new ArrayList<>();
                long blockNanos = selectReady(ready);
                if (blockNanos < 0) {
                    return;
                }
                if (!ready.isEmpty()) {
                    readOnce(link, ready, blockNanos);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            link.close();
        }
    }

    /**
     * Collects the readers that want entries now.
     *
     * @return how long the read may block, or -1 when the log is closed
     */
    private long selectReady(List<Reader> ready) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (true) {
                if (closed) {
                    return -1;
                }
                long now = System.nanoTime();
                long block = settings.block().toNanos();
                for (Reader reader : readers.values()) {
                    if (!reader.wanting) {
                        continue;
                    }
                    long wait = reader.notBefore - now;
                    if (wait <= 0) {
                        ready.add(reader);
                    } else {
                        block = Math.min(block, wait);
                    }
                }
                if (!ready.isEmpty()) {
                    return block;
                }
                readersChanged.awaitNanos(block);
            }
        } finally {
            lock.unlock();
        }
    }

    private void readOnce(RedisLink link, List<Reader> ready, long blockNanos)
            throws InterruptedException {
        try {
            if (connections.cluster()) {
                readEach(link, ready, blockNanos);
            } else {
                readTogether(link, ready, blockNanos);
            }
        } catch (RedisCommandExecutionException e) {
            // Missing group, missing stream, or one stream of a wrong type: find out which.
            for (Reader reader : ready) {
                try {
                    ensureGroup(reader.stream);
                } catch (RedisException problem) {
                    fail(reader, problem);
                }
            }
            pause(RETRY_NANOS);
        } catch (RedisException | TimeoutException e) {
            for (Reader reader : ready) {
                listener.readFailed(reader.supplier);
            }
            LOG.debug("reading relay streams failed; trying again", e);
            pause(RETRY_NANOS);
        }
    }

    private void pause(long nanos) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long left = nanos;
            while (!closed && left > 0) {
                left = readersChanged.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
    }

    private void readTogether(RedisLink link, List<Reader> ready, long blockNanos)
            throws InterruptedException, TimeoutException {
        // Start with another stream each time, so that the reply's order favours nobody.
        int first = Math.floorMod(turn++, ready.size());
        @SuppressWarnings({"unchecked", "rawtypes"})
        XReadArgs.StreamOffset<byte[]>[] offsets = new XReadArgs.StreamOffset[ready.size()];
        for (int i = 0; i < offsets.length; i++) {
            Reader reader = ready.get((first + i) % offsets.length);
            offsets[i] = XReadArgs.StreamOffset.lastConsumed(reader.stream);
        }
        long millis = Math.max(1, TimeUnit.NANOSECONDS.toMillis(blockNanos));
        RedisFuture<List<StreamMessage<byte[], byte[]>>> reply =
                link.async()
                        .xreadgroup(
                                Consumer.from(group, utf8(consumer)),
                                XReadArgs.Builder.count(READ_PAGE).block(millis),
                                offsets);
        deliver(ready, await(reply, settings.block().plusSeconds(5)));
    }

    @SuppressWarnings("unchecked")
    private void readEach(RedisLink link, List<Reader> ready, long blockNanos)
            throws InterruptedException, TimeoutException {
        List<RedisFuture<List<StreamMessage<byte[], byte[]>>>> replies = new ArrayList<>();
        for (Reader reader : ready) {
            replies.add(
                    link.async()
                            .xreadgroup(
                                    Consumer.from(group, utf8(consumer)),
                                    XReadArgs.Builder.count(READ_PAGE),
                                    XReadArgs.StreamOffset.lastConsumed(reader.stream)));
        }
        boolean any = false;
        for (RedisFuture<List<StreamMessage<byte[], byte[]>>> reply : replies) {
            List<StreamMessage<byte[], byte[]>> messages = await(reply, Duration.ofSeconds(5));
            any |= !messages.isEmpty();
            deliver(ready, messages);
        }
        if (!any) {
            pause(Math.min(blockNanos, settings.linger().toNanos()));
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

    private void deliver(List<Reader> ready, List<StreamMessage<byte[], byte[]>> messages) {
        if (messages.isEmpty()) {
            return;
        }
        long now = System.nanoTime();
        lock.lock();
        try {
            for (StreamMessage<byte[], byte[]> message : messages) {
                for (Reader reader : ready) {
                    if (Arrays.equals(reader.stream, message.getStream())) {
                        reader.arrivals.addLast(reader.entry(message, false));
                        reader.wanting = false;
                        reader.notBefore = now + settings.linger().toNanos();
                        reader.arrived.signalAll();
                        break;
                    }
                }
            }
        } finally {
            lock.unlock();
        }
    }

    private void fail(Reader reader, RedisException problem) {
        LOG.warn("the stream of supplier {} cannot be read", reader.supplier, problem);
        listener.readFailed(reader.supplier);
        lock.lock();
        try {
            reader.failure = problem;
            reader.wanting = false;
            reader.arrived.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void ensureGroup(byte[] stream) {
        try {
            connections
                    .sync()
                    .xgroupCreate(
                            XReadArgs.StreamOffset.from(stream, "0"),
                            group,
                            XGroupCreateArgs.Builder.mkstream());
        } catch (RedisBusyException e) {
            LOG.trace("the group exists", e);
        }
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    // ---- one reader ----------------------------------------------------------------------------

    private final class Reader implements RelayLogReader {
        private final String supplier;
        private final byte[] stream;
        private final Condition arrived = lock.newCondition();

        // Guarded by the lock.
        private final ArrayDeque<RelayLogEntry> arrivals = new ArrayDeque<>();
        private boolean wanting;
        private boolean closed;
        private long notBefore = System.nanoTime();
        private @Nullable RedisException failure;

        // Of the consuming thread only.
        private String claimCursor = START;
        private boolean claiming = true;
        private long claimIdleMillis;
        private long nextReclaim;

        Reader(String supplier) {
            this.supplier = supplier;
            this.stream = utf8(keys.stream(supplier));
        }

        /** Creates the group and removes a time to live that another program may have set. */
        void prepare() {
            guarded(
                    "open the stream",
                    () -> {
                        ensureGroup(stream);
                        return connections.sync().persist(stream);
                    });
        }

        @Override
        public List<RelayLogEntry> poll(int max, Duration wait) throws InterruptedException {
            long deadline = System.nanoTime() + wait.toNanos();
            List<RelayLogEntry> recovered = reclaim(max);
            if (!recovered.isEmpty()) {
                return recovered;
            }
            lock.lockInterruptibly();
            try {
                while (true) {
                    if (closed) {
                        throw new RelayLogException.Closed("the reader is closed");
                    }
                    RedisException problem = failure;
                    if (problem != null) {
                        failure = null;
                        throw new RelayLogException.Unavailable(
                                "the stream of supplier " + supplier + " cannot be read", problem);
                    }
                    if (!arrivals.isEmpty()) {
                        return take(max);
                    }
                    long nanos = deadline - System.nanoTime();
                    if (nanos <= 0) {
                        break;
                    }
                    if (!wanting) {
                        wanting = true;
                        readersChanged.signalAll();
                    }
                    arrived.awaitNanos(Math.min(nanos, RECLAIM_EVERY_NANOS));
                }
            } finally {
                lock.unlock();
            }
            return wait.isZero() ? lookNow(max) : List.of();
        }

        private List<RelayLogEntry> take(int max) {
            List<RelayLogEntry> batch = new ArrayList<>(Math.min(max, arrivals.size()));
            while (batch.size() < max && !arrivals.isEmpty()) {
                batch.add(arrivals.removeFirst());
            }
            listener.delivered(supplier, batch.size());
            return batch;
        }

        /** Reads without waiting for the shared read, for a consumer that drains the stream. */
        private List<RelayLogEntry> lookNow(int max) {
            return guarded(
                    "read the stream",
                    () -> {
                        List<RelayLogEntry> batch = new ArrayList<>();
                        for (StreamMessage<byte[], byte[]> message : unread(max)) {
                            batch.add(entry(message, false));
                        }
                        if (!batch.isEmpty()) {
                            listener.delivered(supplier, batch.size());
                        }
                        return batch;
                    });
        }

        @SuppressWarnings("unchecked")
        private List<StreamMessage<byte[], byte[]>> unread(int max) {
            return connections
                    .sync()
                    .xreadgroup(
                            Consumer.from(group, utf8(consumer)),
                            XReadArgs.Builder.count(max),
                            XReadArgs.StreamOffset.lastConsumed(stream));
        }

        private List<RelayLogEntry> reclaim(int max) {
            if (!claiming) {
                if (System.nanoTime() - nextReclaim < 0) {
                    return List.of();
                }
                claiming = true;
                claimCursor = START;
                claimIdleMillis = settings.reclaimIdle().toMillis();
            }
            while (claiming) {
                List<RelayLogEntry> page = guarded("take over entries", () -> claimPage(max));
                if (!page.isEmpty()) {
                    listener.reclaimed(supplier, page.size());
                    listener.delivered(supplier, page.size());
                    return page;
                }
            }
            return List.of();
        }

        private List<RelayLogEntry> claimPage(int max) {
            ClaimedMessages<byte[], byte[]> claimed =
                    connections
                            .sync()
                            .xautoclaim(
                                    stream,
                                    new XAutoClaimArgs<byte[]>()
                                            .consumer(Consumer.from(group, utf8(consumer)))
                                            .minIdleTime(claimIdleMillis)
                                            .startId(claimCursor)
                                            .count(Math.min(max, CLAIM_PAGE)));
            claimCursor = claimed.getId();
            if (claimCursor.equals(START)) {
                claiming = false;
                nextReclaim = System.nanoTime() + RECLAIM_EVERY_NANOS;
            }
            List<RelayLogEntry> page = new ArrayList<>();
            List<String> vanished = new ArrayList<>();
            for (StreamMessage<byte[], byte[]> message : claimed.getMessages()) {
                if (message.getBody() == null || message.getBody().isEmpty()) {
                    // Deleted from the stream while pending; only the reference is left.
                    vanished.add(message.getId());
                } else {
                    page.add(entry(message, true));
                }
            }
            if (!vanished.isEmpty()) {
                connections.sync().xack(stream, group, vanished.toArray(new String[0]));
            }
            return page;
        }

        private RelayLogEntry entry(StreamMessage<byte[], byte[]> message, boolean again) {
            for (Map.Entry<byte[], byte[]> field : message.getBody().entrySet()) {
                if (Arrays.equals(field.getKey(), FIELD)) {
                    try {
                        MinedRelay relay = MinedRelayCodec.decode(field.getValue());
                        long published = relay.publishedAtUnixNano();
                        listener.consumed(
                                supplier,
                                relay.serviceId(),
                                Duration.ofNanos(
                                        published <= 0
                                                ? -1
                                                : Math.max(
                                                        0, unixNano(clock.instant()) - published)));
                        return new RelayLogEntry(message.getId(), relay, "", again);
                    } catch (RedisStateException.MalformedValue e) {
                        listener.malformed(supplier);
                        return new RelayLogEntry(
                                message.getId(), null, String.valueOf(e.getMessage()), again);
                    }
                }
            }
            listener.malformed(supplier);
            return new RelayLogEntry(message.getId(), null, "the field 'data' is missing", again);
        }

        @Override
        public void acknowledge(Collection<String> ids) {
            List<String> all = List.copyOf(ids);
            for (int from = 0; from < all.size(); from += ACK_PAGE) {
                List<String> args = new ArrayList<>();
                args.add(keys.consumerGroup());
                args.addAll(all.subList(from, Math.min(all.size(), from + ACK_PAGE)));
                guarded(
                        "acknowledge entries",
                        () ->
                                ACKNOWLEDGE.integer(
                                        connections.sync(),
                                        List.of(keys.stream(supplier)),
                                        LuaScript.texts(args)));
            }
            listener.acknowledged(supplier, all.size());
        }

        @Override
        public void setAside(RelayLogEntry entry, String reason) {
            guarded(
                    "set an entry aside",
                    () ->
                            SET_ASIDE.integer(
                                    connections.sync(),
                                    List.of(keys.stream(supplier), keys.deadLetters(supplier)),
                                    LuaScript.texts(
                                            List.of(
                                                    keys.consumerGroup(),
                                                    entry.id(),
                                                    reason,
                                                    DEAD_LETTER_BOUND))));
        }

        @Override
        public String lastId() {
            return guarded(
                    "ask for the stream's end",
                    () -> {
                        List<Object> info;
                        try {
                            info = connections.sync().xinfoStream(stream);
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

        @Override
        public boolean drainedTo(String id) {
            if (id.isEmpty()) {
                return true;
            }
            return guarded(
                    "look for the oldest entry",
                    () ->
                            connections
                                    .sync()
                                    .xrange(
                                            stream,
                                            Range.from(
                                                    Range.Boundary.unbounded(),
                                                    Range.Boundary.including(id)),
                                            Limit.from(1))
                                    .isEmpty());
        }

        @Override
        public long size() {
            return guarded("ask for the stream's length", () -> connections.sync().xlen(stream));
        }

        private <T> T guarded(String what, java.util.function.Supplier<T> action) {
            try {
                return action.get();
            } catch (RedisException e) {
                throw new RelayLogException.Unavailable(
                        "Redis did not " + what + " of supplier " + supplier, e);
            }
        }

        @Override
        public void close() {
            lock.lock();
            try {
                closed = true;
                readers.remove(supplier, this);
                arrived.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }
}
