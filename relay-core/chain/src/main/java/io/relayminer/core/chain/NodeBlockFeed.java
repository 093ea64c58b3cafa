package io.relayminer.core.chain;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.ByteString;

import io.relayminer.core.wire.tendermint.types.Header;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.net.http.WebSocket;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/*
 * One virtual thread owns the feed: it connects, reads what the WebSocket puts into its inbox, fills gaps, and asks the nodes when the
 * subscription has been silent for too long. Everything that can happen to a subscription (a refused or failed connection, a closed or
 * half-open one, a cancelled subscription, lost or repeated events) ends in one of two ways: a connection that is known to be gone is
 * replaced by one to the next node, and one that is only silent is found out by asking all nodes, since the one that is silent may have
 * halted and would confirm that nothing has happened.
 *
 * The block id is computed from the header of the event. That saves a request per block, but relies on this program and the nodes
 * agreeing on the hash, so the first block is compared: if they do not agree, ids are asked for instead.
 */

/** {@link BlockFeed} over the WebSockets of the nodes with their HTTP endpoints as a watchdog. */
final class NodeBlockFeed implements BlockFeed {

    private static final Logger LOG = LoggerFactory.getLogger(NodeBlockFeed.class);

    private static final String SUBSCRIBE =
            "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"subscribe\",\"params\":"
                    + "{\"query\":\"tm.event='NewBlockHeader'\"}}";

    /** Bound on a frame: a header event is about two kilobytes. */
    private static final int MAX_FRAME_CHARS = 1 << 20;

    /** Announcements beyond this are dropped: the next one or the watchdog makes up for them. */
    private static final int MAX_INBOX = 4096;

    /** Weight of the newest interval in the smoothed one. */
    private static final double SMOOTHING = 0.2;

    private final CometNodes nodes;
    private final InstantSource clock;
    private final FeedSettings settings;
    private final AtomicLong tip;
    private final BlockingQueue<Signal> inbox = new LinkedBlockingQueue<>();
    private final List<Listening> listeners = new CopyOnWriteArrayList<>();
    private final CompletableFuture<Block> started = new CompletableFuture<>();
    private final AtomicBoolean running = new AtomicBoolean();
    private volatile boolean closed;
    private volatile boolean ended;
    private volatile @Nullable Block latest;
    private volatile double intervalSeconds;
    private volatile @Nullable Thread thread;

    // Confined to the feed's thread.
    private boolean idsAreComputed;
    private int node;
    private @Nullable Connection connection;
    private Duration retry;
    private long nextConnect;
    private long lastHeard;

    /** What the feed's thread reacts to. */
    private sealed interface Signal {}

    private record Announced(Connection from, Header header) implements Signal {}

    private record Lost(Connection connection, String reason) implements Signal {}

    private record Wake() implements Signal {}

    NodeBlockFeed(
            CometNodes nodes,
            InstantSource clock,
            Duration expectedInterval,
            FeedSettings settings,
            AtomicLong tip) {
        this.nodes = nodes;
        this.clock = clock;
        this.settings = settings;
        this.tip = tip;
        this.retry = settings.firstRetry();
        this.intervalSeconds = seconds(expectedInterval);
    }

    @Override
    public CompletionStage<Block> start() {
        if (running.compareAndSet(false, true)) {
            thread = Thread.ofVirtual().name("block-feed").start(this::run);
        }
        return started.minimalCompletionStage();
    }

    @Override
    public Block latest() {
        Block block = latest;
        if (block == null) {
            throw new IllegalStateException("no block is known yet");
        }
        return block;
    }

    @Override
    public Duration blockInterval() {
        return Duration.ofNanos((long) (intervalSeconds * 1e9));
    }

    @Override
    public Subscription subscribe(Consumer<Block> listener) {
        Listening listening = new Listening(listener, listeners);
        listeners.add(listening);
        Block known = latest;
        if (known != null) {
            listening.offer(known);
        }
        return listening;
    }

    @Override
    public void close() {
        closed = true;
        inbox.add(new Wake());
        Thread feeding = thread;
        if (feeding != null) {
            feeding.interrupt();
        }
        listeners.forEach(Listening::close);
        started.completeExceptionally(
                new ChainUnavailableException("the block feed was closed", null));
    }

    private void run() {
        try {
            while (!closed) {
                try {
                    follow();
                } catch (RuntimeException e) {
                    // A feed that has ended is a miner that sleeps through its windows.
                    LOG.error("the block feed failed and begins anew", e);
                    Connection failed = connection;
                    connection = null;
                    if (failed != null) {
                        failed.abort();
                    }
                    TimeUnit.MILLISECONDS.sleep(settings.maxRetry().toMillis());
                }
            }
        } catch (InterruptedException e) {
            // Closed.
        } finally {
            ended = true;
            Connection open = connection;
            if (open != null) {
                open.abort();
            }
        }
    }

    private void follow() throws InterruptedException {
        if (latest == null) {
            seed();
        }
        while (!closed) {
            connectIfDue();
            Signal signal = inbox.poll(pauseMillis(), TimeUnit.MILLISECONDS);
            switch (signal) {
                case null -> askIfSilent();
                case Announced announced -> announced(announced);
                case Lost lost -> lost(lost);
                case Wake wake -> {}
            }
        }
    }

    @Override
    public boolean isAlive() {
        return !ended || closed;
    }

    /** The newest block that any node has, and which one that is. */
    private record Newest(Block block, int node) {}

    /**
     * Asks every node, at once: one that has halted answers as well as the others, and believes
     * what it says.
     *
     * @param first the node to prefer among those that have come equally far, counted round
     */
    private Newest newest(int first) throws InterruptedException {
        List<CompletableFuture<Block>> asked = new ArrayList<>();
        for (int i = 0; i < nodes.count(); i++) {
            asked.add(nodes.latestBlockOf(first + i));
        }
        Newest best = null;
        ChainException failure =
                new ChainUnavailableException("latest block: no chain node answered", null);
        for (int i = 0; i < asked.size(); i++) {
            try {
                Block block = await(asked.get(i));
                if (best == null || block.height() > best.block().height()) {
                    best = new Newest(block, first + i);
                }
            } catch (ChainException e) {
                failure = e;
            }
        }
        if (best == null) {
            throw failure;
        }
        return best;
    }

    private void seed() throws InterruptedException {
        Duration pause = settings.firstRetry();
        while (!closed) {
            try {
                Newest first = newest(0);
                lastHeard = clock.millis();
                node = first.node();
                accept(first.block());
                boolean unused = started.complete(first.block());
                return;
            } catch (ChainException e) {
                LOG.warn("no chain node gives a first block, trying again: {}", e.getMessage());
                Signal unused = inbox.poll(pause.toMillis(), TimeUnit.MILLISECONDS);
                pause = longer(pause);
            }
        }
    }

    private Duration longer(Duration pause) {
        Duration doubled = pause.multipliedBy(2);
        return doubled.compareTo(settings.maxRetry()) > 0 ? settings.maxRetry() : doubled;
    }

    private void connectIfDue() throws InterruptedException {
        if (connection != null || clock.millis() < nextConnect) {
            return;
        }
        Connection opening = new Connection();
        try {
            WebSocket socket = await(nodes.open(node, opening));
            opening.socket = socket;
            connection = opening;
            await(
                    socket.sendText(SUBSCRIBE, true)
                            .orTimeout(nodes.timeout().toNanos(), TimeUnit.NANOSECONDS));
        } catch (ChainException e) {
            opening.abort();
            connection = null;
            backOff("cannot subscribe to blocks: " + e.getMessage());
        }
    }

    private void backOff(String reason) {
        LOG.warn("{}; next attempt at another node in {} ms", reason, retry.toMillis());
        nextConnect = clock.millis() + retry.toMillis();
        retry = longer(retry);
        node++;
    }

    private long pauseMillis() {
        long now = clock.millis();
        long untilSilent = lastHeard + silence().toMillis() - now;
        long untilConnect = connection == null ? nextConnect - now : Long.MAX_VALUE;
        return Math.max(1, Math.min(untilSilent, untilConnect));
    }

    private Duration silence() {
        Duration twice = blockInterval().multipliedBy(2);
        return twice.compareTo(settings.silence()) > 0 ? twice : settings.silence();
    }

    /**
     * The watchdog: a subscription that says nothing may be dead without anybody having noticed.
     */
    private void askIfSilent() throws InterruptedException {
        if (clock.millis() < lastHeard + silence().toMillis()) {
            return;
        }
        lastHeard = clock.millis();
        try {
            Newest newest = newest(node + 1);
            if (newest.block().height() > latest().height()) {
                Connection silent = connection;
                if (silent != null) {
                    connection = null;
                    silent.abort();
                    backOff("the block subscription is silent");
                }
                node = newest.node();
                advance(newest.block());
            }
        } catch (ChainException e) {
            LOG.warn("no chain node tells its newest block: {}", e.getMessage());
        }
    }

    private void announced(Announced announced) throws InterruptedException {
        if (announced.from() != connection) {
            return;
        }
        lastHeard = clock.millis();
        retry = settings.firstRetry();
        Header header = announced.header();
        if (header.getHeight() <= latest().height()) {
            return;
        }
        try {
            Optional<ByteString> id = idsAreComputed ? HeaderHash.of(header) : Optional.empty();
            Block block =
                    id.isPresent()
                            ? CometJson.block(header.getHeight(), id.get(), header.getTime())
                            : await(nodes.block(header.getHeight()));
            advance(block);
            if (!idsAreComputed && HeaderHash.of(header).equals(Optional.of(block.hash()))) {
                idsAreComputed = true;
            }
        } catch (ChainException e) {
            // The watchdog or the next block brings it.
            LOG.warn(
                    "block {} was announced but is not known: {}",
                    header.getHeight(),
                    e.getMessage());
        }
    }

    private void lost(Lost lost) {
        if (lost.connection() == connection) {
            connection = null;
            backOff("the block subscription ended: " + lost.reason());
        }
    }

    /** Goes on to a block, through those between. */
    private void advance(Block newest) throws InterruptedException {
        long next = latest().height() + 1;
        long missing = newest.height() - next;
        if (missing > settings.maxGap()) {
            LOG.warn("jumping over {} blocks to {}", missing, newest.height());
        } else {
            for (long height = next; height < newest.height(); height++) {
                try {
                    accept(await(nodes.block(height)));
                } catch (ChainException e) {
                    LOG.warn("block {} is skipped: {}", height, e.getMessage());
                }
            }
        }
        accept(newest);
    }

    private void accept(Block block) {
        Block before = latest;
        if (before != null && block.height() == before.height() + 1) {
            double interval = seconds(Duration.between(before.time(), block.time()));
            if (interval > 0) {
                double smoothed = intervalSeconds;
                intervalSeconds = smoothed + SMOOTHING * (interval - smoothed);
            }
        }
        latest = block;
        tip.set(block.height());
        listeners.forEach(listener -> listener.offer(block));
    }

    private static double seconds(Duration duration) {
        return duration.getSeconds() + duration.getNano() / 1e9;
    }

    /** Waits on the feed's own thread. Whatever fails is a chain node that failed. */
    private static <T> T await(CompletableFuture<T> stage) throws InterruptedException {
        try {
            return stage.get();
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            if (cause instanceof CompletionException wrapped && wrapped.getCause() != null) {
                cause = wrapped.getCause();
            }
            if (cause instanceof ChainException known) {
                throw known;
            }
            throw new ChainUnavailableException(
                    "a chain node failed ("
                            + (cause == null ? "unknown" : cause.getClass().getSimpleName())
                            + ")",
                    null);
        }
    }

    /** A WebSocket. It only puts signals into the inbox. */
    private final class Connection implements WebSocket.Listener {

        private final StringBuilder frame = new StringBuilder();
        volatile @Nullable WebSocket socket;

        @Override
        public @Nullable CompletionStage<?> onText(
                WebSocket webSocket, CharSequence data, boolean last) {
            if (frame.length() + data.length() > MAX_FRAME_CHARS) {
                inbox.add(new Lost(this, "a frame is too large"));
                webSocket.abort();
                return null;
            }
            frame.append(data);
            if (last) {
                String text = frame.toString();
                frame.setLength(0);
                received(text);
            }
            webSocket.request(1);
            return null;
        }

        private void received(String text) {
            try {
                JsonNode json = CometJson.tree(text);
                JsonNode error = json.get("error");
                if (error != null && !error.isNull()) {
                    inbox.add(
                            new Lost(
                                    this, CometJson.refused("block subscription", error).reason()));
                    return;
                }
                Header header = CometJson.newHeader(json);
                if (header != null && inbox.size() < MAX_INBOX) {
                    inbox.add(new Announced(this, header));
                }
            } catch (ChainAnswerException e) {
                inbox.add(new Lost(this, "a frame that makes no sense"));
            }
        }

        @Override
        public @Nullable CompletionStage<?> onClose(
                WebSocket webSocket, int statusCode, String reason) {
            inbox.add(new Lost(this, "closed with code " + statusCode));
            return null;
        }

        @Override
        public void onError(WebSocket webSocket, Throwable error) {
            inbox.add(new Lost(this, error.getClass().getSimpleName()));
        }

        void abort() {
            WebSocket open = socket;
            if (open != null) {
                open.abort();
            }
        }
    }

    /** A listener with a thread of its own, so that it delays nobody else. */
    private static final class Listening implements Subscription {

        /** Blocks a slow listener can be behind; older ones are dropped, as only heights matter. */
        private static final int MAX_BEHIND = 1024;

        private final Consumer<Block> listener;
        private final List<Listening> all;
        private final BlockingQueue<Block> blocks = new LinkedBlockingQueue<>();
        private final Thread thread;
        private volatile boolean closed;
        private long lastOffered;

        Listening(Consumer<Block> listener, List<Listening> all) {
            this.listener = listener;
            this.all = all;
            this.thread = Thread.ofVirtual().name("block-listener").start(this::run);
        }

        synchronized void offer(Block block) {
            // Subscribing races with a new block, which must not come twice.
            if (block.height() > lastOffered) {
                lastOffered = block.height();
                while (blocks.size() >= MAX_BEHIND) {
                    blocks.poll();
                }
                blocks.add(block);
            }
        }

        private void run() {
            try {
                while (!closed) {
                    Block block = blocks.take();
                    if (!closed) {
                        call(block);
                    }
                }
            } catch (InterruptedException e) {
                // Closed.
            }
        }

        private void call(Block block) {
            try {
                listener.accept(block);
            } catch (RuntimeException e) {
                LOG.error("a block listener failed at block {}", block.height(), e);
            }
        }

        @Override
        public void close() {
            closed = true;
            all.remove(this);
            thread.interrupt();
            if (Thread.currentThread() == thread) {
                return;
            }
            try {
                thread.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
