package io.relayminer.testkit.chain;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;

import io.relayminer.core.wire.application.Application;
import io.relayminer.core.wire.proof.Claim;
import io.relayminer.core.wire.session.Session;
import io.relayminer.core.wire.shared.Params;
import io.relayminer.core.wire.shared.Supplier;
import io.relayminer.testkit.chain.faults.Faults;
import io.relayminer.testkit.chain.genesis.Genesis;
import io.relayminer.testkit.chain.internal.bank.Bank;
import io.relayminer.testkit.chain.internal.block.NodeSettings;
import io.relayminer.testkit.chain.internal.block.PocketChain;
import io.relayminer.testkit.chain.internal.block.StoredBlock;
import io.relayminer.testkit.chain.internal.execution.AbciException;
import io.relayminer.testkit.chain.internal.faults.FaultState;
import io.relayminer.testkit.chain.internal.grpc.GrpcInterface;
import io.relayminer.testkit.chain.internal.grpc.NodeQueries;
import io.relayminer.testkit.chain.internal.grpc.TxQueries;
import io.relayminer.testkit.chain.internal.node.ChainNode;
import io.relayminer.testkit.chain.internal.params.ChainParams;
import io.relayminer.testkit.chain.internal.params.SessionCalendar;
import io.relayminer.testkit.chain.internal.query.QueryRouter;
import io.relayminer.testkit.chain.internal.query.StateQueries;
import io.relayminer.testkit.chain.internal.rpc.RpcServer;
import io.relayminer.testkit.chain.internal.session.SessionDraw;
import io.relayminer.testkit.chain.internal.stake.ServiceRegistry;
import io.relayminer.testkit.chain.internal.stake.SupplierRegistry;
import io.relayminer.testkit.chain.internal.state.ChainAccount;
import io.relayminer.testkit.chain.internal.state.Keys;
import io.relayminer.testkit.chain.internal.tx.TxDecoder;
import io.vertx.core.Vertx;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.function.UnaryOperator;

/**
 * A Pocket chain in this process: one validator, the whole rule book, real sockets.
 *
 * <p>It serves gRPC and CometBFT's RPC (HTTP and websocket) as a full node does, accepts and
 * refuses transactions with the network's codes and words, hydrates sessions, checks claims and
 * proofs, settles and slashes. Clients, relayers and miners written for the network run against it
 * unchanged. It is written from the protocol and shares only message codecs and curve arithmetic
 * with the code it is meant to test.
 *
 * <p>Blocks are made by {@link #advance}, for tests that decide when time passes, or by a timer.
 * Faults of a node are switched on in {@link #faults()}.
 *
 * <p>All methods may be called from any thread. {@link #close()} frees the ports and ends all
 * threads.
 */
public final class DevChain implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DevChain.class);

    private final Genesis genesis;
    private final InstantSource clock;
    private final FaultState faults = new FaultState();
    private final PocketChain chain;
    private final QueryRouter router = new QueryRouter();
    private final String host;
    private final GrpcInterface grpc;
    private final Vertx vertx;
    private final RpcServer rpc;
    private final @Nullable ControlServer admin;
    private final @Nullable ScheduledExecutorService timer;
    private volatile boolean halted;

    private DevChain(Builder builder) {
        this.genesis = builder.genesis;
        this.clock = builder.clock;
        this.host = builder.host;
        this.chain =
                new PocketChain(
                        genesis,
                        new NodeSettings(
                                builder.minimumGasPrice,
                                builder.mempoolSize,
                                NodeSettings.LOCALNET.maxTxsBytes(),
                                builder.maxTxBytes,
                                1,
                                builder.commitTimeout),
                        faults);
        StateQueries.register(router);
        TxQueries.register(router, chain);
        ChainNode node =
                new ChainNode(
                        chain,
                        router,
                        "tcp://" + host + ":" + builder.rpcPort,
                        builder.applicationVersion);
        NodeQueries.register(router, node);
        chain.produce(genesis.time());
        this.grpc = new GrpcInterface(chain, router, faults, host, builder.grpcPort);
        this.vertx = Vertx.vertx();
        this.rpc = new RpcServer(node, faults, vertx, host, builder.rpcPort);
        chain.onBlock(block -> rpc.publish(block, faults.takeEventCopies()));
        this.admin =
                builder.adminPort < 0
                        ? null
                        : new ControlServer(this, vertx, host, builder.adminPort);
        this.timer = builder.timed ? startTimer() : null;
    }

    /**
     * A chain with {@code genesis} on free loopback ports, at height 1, whose blocks are made by
     * call.
     */
    public static DevChain start(Genesis genesis) {
        return builder(genesis).start();
    }

    /** Configures how a chain is served. */
    public static Builder builder(Genesis genesis) {
        return new Builder(genesis);
    }

    /** Options of a {@link DevChain}; not thread safe. */
    public static final class Builder {
        private final Genesis genesis;
        private String host = "127.0.0.1";
        private int grpcPort;
        private int rpcPort;
        private int adminPort = -1;
        private boolean timed;
        private InstantSource clock = InstantSource.system();
        private BigDecimal minimumGasPrice = BigDecimal.ZERO;
        private int mempoolSize = NodeSettings.LOCALNET.mempoolSize();
        private int maxTxBytes = NodeSettings.LOCALNET.maxTxBytes();
        private Duration commitTimeout = NodeSettings.LOCALNET.commitTimeout();
        private String applicationVersion = "0.1.35";

        private Builder(Genesis genesis) {
            this.genesis = genesis;
        }

        /** Address to listen on; loopback by default. */
        public Builder host(String address) {
            host = address;
            return this;
        }

        /** Port of the gRPC interface; 0, the default, picks a free one. */
        public Builder grpcPort(int port) {
            grpcPort = port;
            return this;
        }

        /** Port of CometBFT's RPC; 0, the default, picks a free one. */
        public Builder rpcPort(int port) {
            rpcPort = port;
            return this;
        }

        /**
         * Port of the HTTP interface to blocks and faults; 0 picks a free one, −1, the default,
         * leaves it out.
         */
        public Builder adminPort(int port) {
            adminPort = port;
            return this;
        }

        /** Makes a block every {@link Genesis#blockTime()}, with wall-clock times. */
        public Builder timedBlocks() {
            timed = true;
            return this;
        }

        /** The clock that timed blocks take their time from. */
        public Builder clock(InstantSource source) {
            clock = source;
            return this;
        }

        /** Lowest gas price the mempool accepts, in upokt; 0 by default. */
        public Builder minimumGasPrice(BigDecimal price) {
            minimumGasPrice = price;
            return this;
        }

        /** Most transactions the mempool holds. */
        public Builder mempoolSize(int transactions) {
            mempoolSize = transactions;
            return this;
        }

        /** Longest transaction in bytes. */
        public Builder maxTxBytes(int bytes) {
            maxTxBytes = bytes;
            return this;
        }

        /**
         * How long {@code broadcast_tx_commit} waits for a block with its transaction; 10 s by
         * default.
         */
        public Builder commitTimeout(Duration patience) {
            commitTimeout = patience;
            return this;
        }

        /**
         * Version of the application that the node reports; 0.1.35 by default. Some clients end if
         * it is no semantic version. A node that was built without a version reports an empty one.
         */
        public Builder applicationVersion(String version) {
            applicationVersion = version;
            return this;
        }

        /** Starts the chain, at height 1. */
        public DevChain start() {
            return new DevChain(this);
        }
    }

    private ScheduledExecutorService startTimer() {
        ScheduledExecutorService executor =
                Executors.newSingleThreadScheduledExecutor(
                        Thread.ofPlatform().name("devchain-blocks").daemon().factory());
        long nanos = genesis.blockTime().toNanos();
        var ticking = executor.scheduleAtFixedRate(this::tick, nanos, nanos, TimeUnit.NANOSECONDS);
        LOG.debug("blocks every {} ns, cancelled: {}", nanos, ticking.isCancelled());
        return executor;
    }

    private void tick() {
        if (halted) {
            return;
        }
        try {
            chain.produce(clock.instant().minus(faults.blockTimeLag()));
        } catch (RuntimeException e) {
            halted = true;
            LOG.error("the chain stopped at height {}", chain.height(), e);
        }
    }

    /** {@code host:port} of the gRPC interface (plaintext). */
    public String grpcAddress() {
        return host + ":" + grpc.port();
    }

    /** Base URL of CometBFT's RPC; the websocket is at {@code /websocket} below it. */
    public String rpcAddress() {
        return "http://" + host + ":" + rpc.port();
    }

    /** Base URL of the HTTP interface to blocks and faults, if there is one. */
    public Optional<String> adminAddress() {
        return Optional.ofNullable(admin).map(server -> "http://" + host + ":" + server.port());
    }

    /** The genesis this chain began with. */
    public Genesis genesis() {
        return genesis;
    }

    /** Switches for misbehaviour. */
    public Faults faults() {
        return faults;
    }

    /** Height of the last block. */
    public long height() {
        return chain.height();
    }

    /** Time of the last block. */
    public Instant time() {
        return chain.time();
    }

    /**
     * Makes {@code blocks} blocks, each one block time later than the one before; returns the new
     * height.
     */
    public long advance(int blocks) {
        for (int i = 0; i < blocks; i++) {
            chain.produce(chain.time().plus(genesis.blockTime()));
        }
        return chain.height();
    }

    /** Makes blocks until the chain has {@code height}; does nothing if it has it already. */
    public long advanceTo(long height) {
        while (chain.height() < height) {
            advance(1);
        }
        return chain.height();
    }

    /**
     * Makes one block with a time of the caller's choice (or the first possible time after the last
     * block's).
     */
    public long advanceAt(Instant time) {
        return chain.produce(time).height();
    }

    /** Stops timed blocks. */
    public void haltBlocks() {
        halted = true;
    }

    /** Continues timed blocks. */
    public void resumeBlocks() {
        halted = false;
    }

    /** Calls {@code listener} with the height of every new block, after it can be queried. */
    public void onBlock(LongConsumer listener) {
        chain.onBlock(block -> listener.accept(block.height()));
    }

    /** Hash of a block, 32 bytes; empty if there is no such block. */
    public ByteString blockHash(long height) {
        StoredBlock block = chain.block(height);
        return block == null ? ByteString.EMPTY : block.id().getHash();
    }

    /** The session of an application and a service at a height, or nothing if there is none. */
    public Optional<Session> session(String application, String serviceId, long height) {
        try {
            return Optional.of(
                    SessionDraw.hydrate(
                            chain.state(), chain.height(), application, serviceId, height));
        } catch (SessionDraw.HydrationException e) {
            LOG.debug("no session: {}", e.text());
            return Optional.empty();
        }
    }

    /** All claims that are not settled yet. */
    public List<Claim> claims() {
        return chain.state().values(Keys.CLAIMS, Claim.class);
    }

    /** The claim of a supplier for a session, unless there is none or it is settled. */
    public Optional<Claim> claim(String sessionId, String supplier) {
        return Optional.ofNullable(chain.state().get(Keys.claim(sessionId, supplier), Claim.class));
    }

    /** Verdicts on all proofs so far. */
    public List<ProofCheck> proofChecks() {
        return ChainRecords.proofChecks(chain.allBlocks());
    }

    /** How all claims so far ended. */
    public List<ClaimOutcome> outcomes() {
        return ChainRecords.outcomes(chain.allBlocks());
    }

    /** All committed transactions, in order. */
    public List<CommittedTx> transactions() {
        return ChainRecords.transactions(chain.allBlocks());
    }

    /** Balance in upokt. */
    public BigInteger balance(String address) {
        return Bank.balance(chain.state(), address, Bank.DENOM);
    }

    /** Stake of an application in upokt; 0 if it is not staked. */
    public BigInteger applicationStake(String address) {
        Application app = chain.state().get(Keys.APPLICATIONS + address, Application.class);
        return app == null ? BigInteger.ZERO : Bank.amount(app.getStake());
    }

    /** Stake of a supplier in upokt; 0 if it is not staked. */
    public BigInteger supplierStake(String operator) {
        Supplier supplier = chain.state().get(Keys.SUPPLIERS + operator, Supplier.class);
        return supplier == null ? BigInteger.ZERO : Bank.amount(supplier.getStake());
    }

    /** The live shared parameters. */
    public Params sharedParams() {
        return ChainParams.shared(chain.state());
    }

    /** Number of transactions waiting for a block. */
    public int mempoolSize() {
        return chain.waiting().size();
    }

    /** The messages of all transactions that wait for a block. */
    public List<Any> waitingMessages() {
        List<Any> messages = new ArrayList<>();
        for (ByteString tx : chain.waiting()) {
            try {
                messages.addAll(TxDecoder.decode(tx).body().getMessagesList());
            } catch (AbciException e) {
                throw new IllegalStateException("the mempool holds what cannot be decoded", e);
            }
        }
        return messages;
    }

    /** Drops all waiting transactions; returns how many. */
    public int evictMempool() {
        return chain.evictMempool();
    }

    /** Forgets the mempool and what it has seen, as a restarted node does. State stays. */
    public void restartNode() {
        rpc.cutWebSockets();
        chain.restart();
    }

    /** Closes all websockets with a normal close frame. */
    public void closeWebSockets() {
        rpc.closeWebSockets();
    }

    /** Cuts all websockets without a word. */
    public void cutWebSockets() {
        rpc.cutWebSockets();
    }

    /**
     * Changes the shared parameters by governance, in the next block. Session timing follows at the
     * next session start.
     *
     * @throws IllegalArgumentException in {@link #advance}, when the chain would refuse the
     *     parameters
     */
    public void updateShared(UnaryOperator<Params.Builder> change) {
        chain.atNextBlock(
                context ->
                        ChainParams.updateShared(
                                context.state(),
                                context.height(),
                                change.apply(ChainParams.shared(context.state()).toBuilder())
                                        .build()));
    }

    /** Changes the number of suppliers per session from the next session on, in the next block. */
    public void updateSuppliersPerSession(int suppliers) {
        chain.atNextBlock(
                context ->
                        ChainParams.updateSession(
                                context.state(),
                                context.height(),
                                io.relayminer.core.wire.session.Params.newBuilder()
                                        .setNumSuppliersPerSession(suppliers)
                                        .build()));
    }

    /** Changes the proof parameters, in the next block, at once. */
    public void updateProof(Consumer<io.relayminer.core.wire.proof.Params.Builder> change) {
        chain.atNextBlock(
                context -> {
                    io.relayminer.core.wire.proof.Params.Builder params =
                            ChainParams.proof(context.state()).toBuilder();
                    change.accept(params);
                    context.state().put(ChainParams.PROOF, params.build());
                });
    }

    /** Changes the service parameters (target number of relays), in the next block, at once. */
    public void updateServiceParams(
            Consumer<io.relayminer.core.wire.service.Params.Builder> change) {
        chain.atNextBlock(
                context -> {
                    io.relayminer.core.wire.service.Params.Builder params =
                            ChainParams.service(context.state()).toBuilder();
                    change.accept(params);
                    context.state().put(ChainParams.SERVICE, params.build());
                });
    }

    /** Changes the tokenomics parameters, in the next block, at once. */
    public void updateTokenomics(
            Consumer<io.relayminer.core.wire.tokenomics.Params.Builder> change) {
        chain.atNextBlock(
                context -> {
                    io.relayminer.core.wire.tokenomics.Params.Builder params =
                            ChainParams.tokenomics(context.state()).toBuilder();
                    change.accept(params);
                    context.state().put(ChainParams.TOKENOMICS, params.build());
                });
    }

    /** Changes what a relay of a service costs, from the next session on, in the next block. */
    public void updateComputeUnitsPerRelay(String serviceId, long computeUnits) {
        chain.atNextBlock(
                context ->
                        ServiceRegistry.updateComputeUnits(
                                context.state(), context.height(), serviceId, computeUnits));
    }

    /** Adds or replaces an application, in the next block; nobody pays for it. */
    public void putApplication(Application application) {
        chain.atNextBlock(
                context ->
                        context.state()
                                .put(Keys.APPLICATIONS + application.getAddress(), application));
    }

    /** Removes an application, in the next block, as when it was pruned from state. */
    public void removeApplication(String address) {
        chain.atNextBlock(context -> context.state().delete(Keys.APPLICATIONS + address));
    }

    /**
     * Adds or replaces a supplier, in the next block; its services are active from the next session
     * on.
     */
    public void putSupplier(Supplier supplier) {
        chain.atNextBlock(
                context ->
                        SupplierRegistry.put(
                                context.state(),
                                supplier,
                                new SessionCalendar(ChainParams.shared(context.state()))
                                                .end(context.height())
                                        + 1));
    }

    /** Removes a supplier's record, in the next block. */
    public void removeSupplier(String operator) {
        chain.atNextBlock(context -> context.state().delete(Keys.SUPPLIERS + operator));
    }

    /** Sets a balance in upokt, in the next block. */
    public void setBalance(String address, BigInteger upokt) {
        chain.atNextBlock(
                context -> {
                    Bank.ensureAccount(context.state(), address);
                    Bank.setBalance(context.state(), address, Bank.DENOM, upokt);
                });
    }

    /** Makes the chain forget the public key of an account, in the next block. */
    public void forgetPublicKey(String address) {
        chain.atNextBlock(
                context -> {
                    ChainAccount account = Bank.account(context.state(), address);
                    if (account != null) {
                        Bank.putAccount(context.state(), account.withPublicKey(ByteString.EMPTY));
                    }
                });
    }

    PocketChain machine() {
        return chain;
    }

    @Override
    public void close() {
        ScheduledExecutorService blocks = timer;
        if (blocks != null) {
            blocks.shutdownNow();
        }
        ControlServer adminServer = admin;
        if (adminServer != null) {
            adminServer.close();
        }
        rpc.close();
        grpc.close();
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }
}
