package io.relayminer.core.chain;

import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicLong;
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
    private final AtomicLong tip = new AtomicLong();
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
        this.grpc = new GrpcNodes(settings, timer, clock, random, tip::get);
        this.comet = new CometNodes(settings, blocking, timer, clock, random);
        this.queries = new NodeChainQueries(grpc, comet, clock);
        this.blocks = new NodeBlockFeed(comet, clock, settings.blockInterval(), feed, tip);
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

    /**
     * A client whose nodes have been looked at. One that does not answer is reported in the log by
     * its address and may still come; one of another chain is refused.
     *
     * @throws IllegalStateException if a node belongs to another chain than the settings; the
     *     message names both
     */
    public static ChainClient openChecked(ChainSettings settings) {
        ChainClient client = open(settings);
        try {
            ChainCheck.atStart(client);
        } catch (RuntimeException e) {
            client.close();
            throw e;
        }
        return client;
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

    /** Makes submitters of type {@code cosmos} on this client; there are no settings. */
    public TxSubmitterProvider submitters() {
        return new TxSubmitterProvider() {
            @Override
            public String type() {
                return "cosmos";
            }

            @Override
            public TxSubmitter create(TxSubmitterContext context) {
                return submitter(context.transactions());
            }
        };
    }

    TxSubmitter submitter(TxSettings transactions, BlockFeed feed, RandomGenerator offsets) {
        return new NodeTxSubmitter(grpc, queries, feed, transactions, settings.chainId(), offsets);
    }

    /**
     * Looks at every node once, past all fail-over: whether it answers, and for which chain.
     *
     * @return what is wrong with the nodes, those of gRPC first; completes within a time-out of the
     *     settings, never exceptionally
     */
    public CompletionStage<List<NodeProblem>> examineNodes() {
        List<CompletableFuture<Optional<NodeProblem>>> looks = new ArrayList<>();
        looks.addAll(grpc.examine(settings.grpcTargets(), settings.plaintext()));
        looks.addAll(comet.examine(settings.chainId()));
        return CompletableFuture.allOf(looks.toArray(CompletableFuture[]::new))
                .thenApply(
                        done ->
                                looks.stream()
                                        .map(CompletableFuture::join)
                                        .flatMap(Optional::stream)
                                        .toList());
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
