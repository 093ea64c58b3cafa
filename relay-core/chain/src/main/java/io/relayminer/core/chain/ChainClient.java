package io.relayminer.core.chain;

import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.random.RandomGenerator;

/**
 * The connection to the chain: one per process, shared by everything in it.
 *
 * <p>Opening it makes no connection yet; the first call does, and {@link BlockFeed#start}.
 * Thread-safe. Closing ends the feed and fails what is under way.
 */
public final class ChainClient implements AutoCloseable {

    private final ChainSettings settings;
    private final RandomGenerator random;
    private final ScheduledExecutorService timer;
    private final ExecutorService blocking;
    private final GrpcNodes grpc;
    private final CometNodes comet;
    private final NodeChainQueries queries;
    private final NodeBlockFeed blocks;

    private ChainClient(
            ChainSettings settings,
            FeedSettings feed,
            InstantSource clock,
            RandomGenerator random) {
        this.settings = settings;
        this.random = random;
        this.timer =
                Executors.newSingleThreadScheduledExecutor(
                        Thread.ofPlatform().daemon().name("chain-timer").factory());
        this.blocking =
                Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("chain-", 0).factory());
        this.grpc = new GrpcNodes(settings, timer, clock, random);
        this.comet = new CometNodes(settings, blocking, timer, clock, random);
        this.queries = new NodeChainQueries(grpc, comet, clock);
        this.blocks = new NodeBlockFeed(comet, clock, settings.blockInterval(), feed);
    }

    /** A client with the system's clock and randomness. */
    public static ChainClient open(ChainSettings settings) {
        return open(settings, InstantSource.system(), new SecureRandom());
    }

    /** A client with a clock and randomness of the caller's. */
    public static ChainClient open(
            ChainSettings settings, InstantSource clock, RandomGenerator random) {
        return new ChainClient(settings, FeedSettings.DEFAULT, clock, random);
    }

    static ChainClient open(
            ChainSettings settings,
            FeedSettings feed,
            InstantSource clock,
            RandomGenerator random) {
        return new ChainClient(settings, feed, clock, random);
    }

    /** Questions to the chain. */
    public ChainQueries queries() {
        return queries;
    }

    /** The blocks of the chain. Not started; closed with the client. */
    public BlockFeed blocks() {
        return blocks;
    }

    /** A submitter of transactions, for as long as the client is open. */
    public TxSubmitter submitter(TxSettings transactions) {
        return new NodeTxSubmitter(grpc, queries, blocks, transactions, settings.chainId(), random);
    }

    TxSubmitter submitter(TxSettings transactions, BlockFeed feed, RandomGenerator offsets) {
        return new NodeTxSubmitter(grpc, queries, feed, transactions, settings.chainId(), offsets);
    }

    @Override
    public void close() {
        blocks.close();
        grpc.close();
        comet.close();
        timer.shutdownNow();
        blocking.shutdownNow();
    }
}
