package io.relayminer.core.redis;

import io.netty.channel.EventLoop;
import io.relayminer.transport.MinedRelay;
import io.relayminer.transport.RelayLog;

import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;

/**
 * The relay log on Redis Streams: one stream per supplier.
 *
 * <p>Appending is one {@code XADD} per relay with the single field {@code data}; see {@code
 * StreamPublisher} for pipelining, bounds and fail-over. A stream never gets a time to live: an
 * expiring stream takes unread relays with it.
 *
 * <p>Safe for use by any thread.
 */
public final class RedisStreamRelayLog implements RelayLog {

    /** Connections that are appended through at most. */
    private static final int MOST_PUBLISHERS = 4;

    private final RedisKeys keys;
    private final RelayLogSettings settings;
    private final RelayLogListener listener;
    private final InstantSource clock;
    private final InFlight inFlight;
    private final List<EventLoop> loops;
    private final List<StreamPublisher> publishers;

    /**
     * A log over open connections, which stay the caller's.
     *
     * @param connections open connections
     * @param keys names of streams
     * @param settings bounds and times
     * @param clock wall clock, for the time of publication
     * @param listener observer
     */
    public RedisStreamRelayLog(
            RedisConnections connections,
            RedisKeys keys,
            RelayLogSettings settings,
            InstantSource clock,
            RelayLogListener listener) {
        this(connections, keys, settings, clock, listener, List.of());
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
            RelayLogSettings settings,
            InstantSource clock,
            RelayLogListener listener,
            List<EventLoop> loops) {
        this.keys = keys;
        this.settings = settings;
        this.listener = listener;
        this.clock = clock;
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

    @Override
    public int unconfirmed() {
        return inFlight.relays();
    }

    @Override
    public void close() {
        publishers.forEach(StreamPublisher::close);
    }
}
