package io.relayminer.core.redis;

import io.lettuce.core.RedisFuture;
import io.lettuce.core.XAddArgs;
import io.relayminer.transport.MinedRelay;
import io.relayminer.transport.RelayLogException;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;

/**
 * Appends relays to streams: pipelined, bounded, and repeated after a fail-over.
 *
 * <p><b>Group commit.</b> The first append goes out at once. Those that arrive while replies are
 * outstanding are buffered and written together when a reply comes back, so under load one system
 * call carries many relays, and on an idle system an append costs one round trip and no delay. See
 * {@link GroupCommit} for why no append is ever left behind.
 *
 * <p><b>Bounds.</b> Relays in the buffer or in flight are bounded in number and bytes, see {@link
 * InFlight}; beyond that appends fail at once with {@code Full}, and the caller's policy decides.
 *
 * <p><b>Ring.</b> Redis replicates asynchronously, so a relay that was confirmed may be gone after
 * a fail-over. The publisher therefore remembers what it published in the last seconds, bounded in
 * bytes, and publishes it again when it finds itself connected to another server process (its run
 * id changed). Duplicates are harmless: consumers take each relay hash once.
 */
final class StreamPublisher implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(StreamPublisher.class);
    private static final byte[] FIELD = "data".getBytes(StandardCharsets.US_ASCII);
    private static final long CLOSE_WAIT_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final RedisLink link;
    private final RedisKeys keys;
    private final RelayLogSettings settings;
    private final LongSupplier nanoTime;
    private final LongSupplier unixNano;
    private final RelayLogListener listener;

    private final InFlight inFlight;
    private final AtomicInteger waiting = new AtomicInteger();
    private final GroupCommit writes;
    private final Map<String, byte[]> streamNames = new ConcurrentHashMap<>();
    private final Ring ring;
    private volatile boolean closed;
    private volatile String runId = "";

    StreamPublisher(
            RedisLink link,
            RedisKeys keys,
            RelayLogSettings settings,
            InFlight inFlight,
            Ring ring,
            LongSupplier nanoTime,
            LongSupplier unixNano,
            RelayLogListener listener) {
        this.link = link;
        this.inFlight = inFlight;
        this.ring = ring;
        this.keys = keys;
        this.settings = settings;
        this.nanoTime = nanoTime;
        this.unixNano = unixNano;
        this.listener = listener;
        this.runId = RedisServerCheck.runId(link.sync().info("server"));
        this.writes = new GroupCommit(link::flush, settings.flushEvery());
        link.holdCommands();
        link.connection()
                .addListener(
                        new io.lettuce.core.RedisConnectionStateListener() {
                            @Override
                            public void onRedisConnected(
                                    io.lettuce.core.RedisChannelHandler<?, ?> connection,
                                    java.net.SocketAddress address) {
                                connected();
                            }
                        });
    }

    CompletionStage<String> append(MinedRelay relay) {
        String problem = relay.incomplete();
        if (problem != null) {
            return CompletableFuture.failedFuture(new RelayLogException.Refused(problem));
        }
        if (closed) {
            return CompletableFuture.failedFuture(
                    new RelayLogException.Closed("the relay log is closed"));
        }
        MinedRelay stamped =
                relay.publishedAtUnixNano() == 0 ? relay.publishedAt(unixNano.getAsLong()) : relay;
        byte[] entry = MinedRelayCodec.encode(stamped);
        if (!inFlight.enter(entry.length)) {
            listener.failed(relay, "full");
            return CompletableFuture.failedFuture(new RelayLogException.Full(inFlight.toString()));
        }
        CompletableFuture<String> result = new CompletableFuture<>();
        byte[] stream =
                streamNames.computeIfAbsent(
                        relay.supplier(), s -> keys.stream(s).getBytes(StandardCharsets.UTF_8));
        long since = nanoTime.getAsLong();
        waiting.incrementAndGet();
        send(relay, stream, entry, since, result);
        if (settings.confirm()) {
            return result;
        }
        result.exceptionally(e -> "");
        return CompletableFuture.completedFuture("");
    }

    private void send(
            MinedRelay relay,
            byte[] stream,
            byte[] entry,
            long since,
            CompletableFuture<String> result) {
        RedisFuture<String> reply = link.async().xadd(stream, new XAddArgs(), FIELD, entry);
        reply.whenComplete(
                (id, failure) -> {
                    writes.answered();
                    if (failure != null && mayRetry(since)) {
                        // The link queues while it is down, so this does not spin.
                        send(relay, stream, entry, since, result);
                        return;
                    }
                    waiting.decrementAndGet();
                    inFlight.leave(entry.length);
                    if (failure == null) {
                        ring.add(nanoTime.getAsLong(), stream, entry);
                        listener.appended(relay, nanoTime.getAsLong() - since);
                        result.complete(id);
                    } else {
                        listener.failed(relay, "redis");
                        result.completeExceptionally(
                                new RelayLogException.Unavailable(
                                        "Redis did not confirm a relay of supplier "
                                                + relay.supplier(),
                                        failure));
                    }
                });
        writes.buffered();
    }

    private boolean mayRetry(long since) {
        if (closed) {
            return false;
        }
        return nanoTime.getAsLong() - since < settings.appendTimeout().toNanos();
    }

    private void connected() {
        RedisFuture<String> info = link.async().info("server");
        link.flush();
        info.whenComplete(
                (text, failure) -> {
                    if (failure != null) {
                        return;
                    }
                    String now = RedisServerCheck.runId(text);
                    String before = runId;
                    runId = now;
                    if (!before.isEmpty() && !now.isEmpty() && !before.equals(now)) {
                        replay();
                    }
                });
    }

    private void replay() {
        List<Ring.Item> items = ring.drain(nanoTime.getAsLong());
        if (items.isEmpty()) {
            return;
        }
        LOG.warn(
                "Redis failed over or was restarted; {} recent relays are appended again",
                items.size());
        listener.replayed(items.size());
        for (Ring.Item item : items) {
            link.async()
                    .xadd(item.stream(), new XAddArgs(), FIELD, item.entry())
                    .whenComplete(
                            (id, failure) -> {
                                if (failure == null) {
                                    ring.add(nanoTime.getAsLong(), item.stream(), item.entry());
                                }
                            });
        }
        link.flush();
    }

    @Override
    public void close() {
        closed = true;
        long deadline = nanoTime.getAsLong() + CLOSE_WAIT_NANOS;
        writes.writeAll();
        while (waiting.get() > 0 && nanoTime.getAsLong() - deadline < 0) {
            try {
                TimeUnit.MILLISECONDS.sleep(2);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                break;
            }
            writes.writeAll();
        }
        link.close();
    }

    /** What was published lately, oldest first, bounded by age and bytes. */
    static final class Ring {

        @SuppressWarnings("ArrayRecordComponent") // identity is never asked for
        record Item(long nanos, byte[] stream, byte[] entry) {}

        private final long maxAge;
        private final long maxBytes;
        private final ArrayDeque<Item> items = new ArrayDeque<>();
        private long bytes;

        Ring(Duration maxAge, long maxBytes) {
            this.maxAge = maxAge.toNanos();
            this.maxBytes = maxBytes;
        }

        synchronized void add(long now, byte[] stream, byte[] entry) {
            items.addLast(new Item(now, stream, entry));
            bytes += entry.length;
            trim(now);
        }

        private void trim(long now) {
            Item oldest = items.peekFirst();
            while (oldest != null && (bytes > maxBytes || now - oldest.nanos() > maxAge)) {
                items.removeFirst();
                bytes -= oldest.entry().length;
                oldest = items.peekFirst();
            }
        }

        synchronized List<Item> drain(long now) {
            trim(now);
            List<Item> all = new ArrayList<>(items);
            items.clear();
            bytes = 0;
            return all;
        }
    }
}
