package io.relayminer.testkit.chain.internal.block;

import com.google.protobuf.ByteString;

import io.relayminer.core.wire.shared.ServiceConfigUpdate;
import io.relayminer.core.wire.supplier.EventSupplierServiceConfigActivated;
import io.relayminer.core.wire.tendermint.types.Block;
import io.relayminer.core.wire.tendermint.types.BlockID;
import io.relayminer.core.wire.tendermint.types.BlockIDFlag;
import io.relayminer.core.wire.tendermint.types.Commit;
import io.relayminer.core.wire.tendermint.types.CommitSig;
import io.relayminer.core.wire.tendermint.types.Data;
import io.relayminer.core.wire.tendermint.types.EvidenceList;
import io.relayminer.core.wire.tendermint.types.Header;
import io.relayminer.core.wire.tendermint.types.PartSetHeader;
import io.relayminer.core.wire.tendermint.version.Consensus;
import io.relayminer.testkit.chain.genesis.Genesis;
import io.relayminer.testkit.chain.internal.bank.Bank;
import io.relayminer.testkit.chain.internal.block.Mempool.Pending;
import io.relayminer.testkit.chain.internal.block.Mempool.RefusalException;
import io.relayminer.testkit.chain.internal.claims.ProofRules;
import io.relayminer.testkit.chain.internal.encoding.Bech32Text;
import io.relayminer.testkit.chain.internal.encoding.Clocks;
import io.relayminer.testkit.chain.internal.encoding.Hashes;
import io.relayminer.testkit.chain.internal.execution.AbciEvent;
import io.relayminer.testkit.chain.internal.execution.AbciException;
import io.relayminer.testkit.chain.internal.execution.ExecutionContext;
import io.relayminer.testkit.chain.internal.execution.TxResult;
import io.relayminer.testkit.chain.internal.faults.FaultState;
import io.relayminer.testkit.chain.internal.params.ChainParams;
import io.relayminer.testkit.chain.internal.params.SessionCalendar;
import io.relayminer.testkit.chain.internal.settlement.Settlement;
import io.relayminer.testkit.chain.internal.stake.StakeRules;
import io.relayminer.testkit.chain.internal.state.Branch;
import io.relayminer.testkit.chain.internal.state.Keys;
import io.relayminer.testkit.chain.internal.state.StateReader;
import io.relayminer.testkit.chain.internal.state.StateStore;
import io.relayminer.testkit.chain.internal.tx.AnteHandler;
import io.relayminer.testkit.chain.internal.tx.AnteHandler.Mode;
import io.relayminer.testkit.chain.internal.tx.TxExecution;

import org.jspecify.annotations.Nullable;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * The chain itself: state machine, mempool and the one validator that proposes, signs and commits.
 *
 * <p>A block is made in the order of a Cosmos application: begin block (mint, fee distribution,
 * activated supplier configurations), the waiting transactions, then the end blocks of session,
 * proof, tokenomics, the stake registries and shared, and the commit. A transaction whose ante
 * handler fails when the block is put together is left out without trace. After the commit the
 * mempool's check state starts from the new state and every waiting transaction is checked again.
 *
 * <p>The hash of a block is known while it executes (its header only commits to results of earlier
 * blocks) and is stored by the session module's end block, so transactions can read the hash of
 * height <i>h</i> from height <i>h + 1</i> on.
 *
 * <p>Threads: one lock orders checks and block production. Simulations and queries read committed
 * state without it.
 */
public final class PocketChain {
    public static final long BLOCK_PROTOCOL = 11;
    public static final long MAX_BLOCK_BYTES = 22_020_096;
    public static final long MAX_BLOCK_GAS = -1;

    private static final String MINT = Bech32Text.moduleAddress("mint");
    private static final String DISTRIBUTION = Bech32Text.moduleAddress("distribution");
    private static final BigDecimal VALIDATOR_SHARE_OF_FEES = new BigDecimal("0.98");
    private static final BigDecimal COMMISSION = new BigDecimal("0.1");
    private static final int DECIMALS = 18;

    /** Where a committed transaction is. */
    public record TxLocation(long height, int index) {}

    private final Genesis genesis;
    private final NodeSettings settings;
    private final FaultState faults;
    private final ValidatorKey validatorKey;
    private final TxExecution execution;
    private final StateStore store = new StateStore();
    private final Mempool mempool;
    private final ConcurrentSkipListMap<Long, StoredBlock> blocks = new ConcurrentSkipListMap<>();
    private final Map<ByteString, TxLocation> txIndex = new ConcurrentHashMap<>();
    private final List<Consumer<StoredBlock>> listeners = new CopyOnWriteArrayList<>();
    private final ReentrantLock lock = new ReentrantLock();
    private final ByteString validatorsHash;
    private Branch checkState;
    private volatile long height;
    private volatile Instant time;
    private ByteString appHash = Hashes.sha256(ByteString.EMPTY);

    public PocketChain(Genesis genesis, NodeSettings settings, FaultState faults) {
        this.genesis = genesis;
        this.settings = settings;
        this.faults = faults;
        this.validatorKey = new ValidatorKey(genesis.validator().seed());
        this.execution =
                new TxExecution(new AnteHandler(genesis.chainId(), settings.minimumGasPrice()));
        this.mempool = new Mempool(settings);
        this.validatorsHash =
                CometHashes.validatorsHash(
                        genesis.validator().publicKey(), genesis.validator().power());
        this.time = genesis.time();
        Branch initial = new Branch(store.at(0));
        GenesisState.write(initial, genesis);
        store.commit(0, initial.writes());
        this.checkState = new Branch(store.at(0));
    }

    public Genesis genesis() {
        return genesis;
    }

    public NodeSettings settings() {
        return settings;
    }

    /** Height of the last committed block, 0 before the first. */
    public long height() {
        return height;
    }

    /** Time of the last committed block; the genesis time before the first. */
    public Instant time() {
        return time;
    }

    public StateReader state() {
        return store.at(height);
    }

    public StateReader stateAt(long atHeight) {
        return store.at(atHeight);
    }

    public @Nullable StoredBlock block(long atHeight) {
        return blocks.get(atHeight);
    }

    /** The block whose header has this hash, or {@code null}. */
    public @Nullable StoredBlock blockByHash(ByteString hash) {
        for (StoredBlock block : blocks.values()) {
            if (block.id().getHash().equals(hash)) {
                return block;
            }
        }
        return null;
    }

    public @Nullable TxLocation find(ByteString txHash) {
        return txIndex.get(txHash);
    }

    /** All blocks, ascending. */
    public Iterable<StoredBlock> allBlocks() {
        return blocks.values();
    }

    /** Calls {@code listener} after every commit, in order of height, on the producing thread. */
    public void onBlock(Consumer<StoredBlock> listener) {
        listeners.add(listener);
    }

    /** State hash after the last block. */
    ByteString appHash() {
        lock.lock();
        try {
            return appHash;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Checks a transaction and, if it passes, queues it.
     *
     * @return result of the check
     * @throws RefusalException when the mempool does not even check it
     */
    public TxResult broadcast(ByteString tx) throws RefusalException {
        ByteString hash = Hashes.sha256(tx);
        lock.lock();
        try {
            mempool.admit(tx, hash);
            TxResult injected = faults.refusalOf(tx);
            if (injected != null) {
                return injected;
            }
            TxResult result =
                    execution
                            .run(new ExecutionContext(checkState, height, time), tx, Mode.CHECK)
                            .result();
            if (result.ok()) {
                if (faults.dropsAccepted(tx)) {
                    mempool.remember(hash);
                } else {
                    mempool.add(tx, hash, height + 1 + faults.inclusionDelay());
                }
            }
            return result;
        } finally {
            lock.unlock();
        }
    }

    /** Checks a transaction against the mempool's state without queueing it. */
    public TxResult check(ByteString tx) {
        lock.lock();
        try {
            return execution
                    .run(new ExecutionContext(new Branch(checkState), height, time), tx, Mode.CHECK)
                    .result();
        } finally {
            lock.unlock();
        }
    }

    /** Runs a transaction on a copy of the last committed state, with that height and time. */
    public TxExecution.Outcome simulate(ByteString tx) {
        long at = height;
        return execution.run(
                new ExecutionContext(new Branch(store.at(at)), at, time), tx, Mode.SIMULATE);
    }

    public List<ByteString> waiting() {
        lock.lock();
        try {
            return mempool.waiting().stream().map(Pending::tx).toList();
        } finally {
            lock.unlock();
        }
    }

    /** Drops all waiting transactions; they stay known, as after an eviction. Returns how many. */
    public int evictMempool() {
        lock.lock();
        try {
            int dropped = mempool.removeIf(tx -> true);
            checkState = new Branch(store.at(height));
            return dropped;
        } finally {
            lock.unlock();
        }
    }

    /** Empties the mempool and its memory of seen transactions, as a restart does. */
    public void restart() {
        lock.lock();
        try {
            mempool.removeIf(tx -> true);
            mempool.forgetSeen();
            checkState = new Branch(store.at(height));
        } finally {
            lock.unlock();
        }
    }

    /**
     * Queues a state change that runs at the beginning of the next block, before its transactions.
     */
    public void atNextBlock(Consumer<ExecutionContext> change) {
        lock.lock();
        try {
            scheduled.add(change);
        } finally {
            lock.unlock();
        }
    }

    private final List<Consumer<ExecutionContext>> scheduled = new ArrayList<>();

    /**
     * Makes and commits one block.
     *
     * @param wanted time of the block; moved to one nanosecond after the last block's if it is not
     *     later
     */
    public StoredBlock produce(Instant wanted) {
        StoredBlock block;
        lock.lock();
        try {
            block = produceLocked(wanted);
        } finally {
            lock.unlock();
        }
        for (Consumer<StoredBlock> listener : listeners) {
            listener.accept(block);
        }
        return block;
    }

    private StoredBlock produceLocked(Instant wanted) {
        long next = height + 1;
        Instant blockTime =
                next == 1 ? genesis.time() : wanted.isAfter(time) ? wanted : time.plusNanos(1);
        Branch state = new Branch(store.at(height));
        ExecutionContext context = new ExecutionContext(state, next, blockTime);
        pruneNonces(context);
        List<AbciEvent> events = new ArrayList<>();
        beginBlock(context);
        context.events().forEach(event -> events.add(event.with("mode", "BeginBlock")));

        List<ByteString> included = new ArrayList<>();
        List<TxResult> results = new ArrayList<>();
        for (Pending pending : mempool.waiting()) {
            if (pending.earliestHeight() > next) {
                continue;
            }
            mempool.remove(Hashes.sha256(pending.tx()));
            TxExecution.Outcome outcome =
                    execution.run(
                            new ExecutionContext(state, next, blockTime),
                            pending.tx(),
                            Mode.DELIVER);
            if (outcome.anteOk()) {
                included.add(pending.tx());
                results.add(outcome.result());
            }
        }
        Block block = propose(next, blockTime, included);
        BlockID id = CometHashes.blockId(block);
        ExecutionContext end = new ExecutionContext(state, next, blockTime);
        endBlock(end, id.getHash());
        end.events().forEach(event -> events.add(event.with("mode", "EndBlock")));

        appHash = StateStore.appHash(appHash, state.writes());
        store.commit(next, state.writes());
        StoredBlock stored = new StoredBlock(block, id, results, events, appHash, true);
        blocks.put(next, stored);
        for (int i = 0; i < included.size(); i++) {
            txIndex.put(Hashes.sha256(included.get(i)), new TxLocation(next, i));
        }
        time = blockTime;
        height = next;
        recheck();
        return stored;
    }

    private void recheck() {
        checkState = new Branch(store.at(height));
        for (Pending pending : mempool.waiting()) {
            boolean passes =
                    execution
                            .run(
                                    new ExecutionContext(checkState, height, time),
                                    pending.tx(),
                                    Mode.CHECK)
                            .result()
                            .ok();
            if (!passes) {
                mempool.remove(Hashes.sha256(pending.tx()));
            }
        }
    }

    private static void pruneNonces(ExecutionContext context) {
        long now = Clocks.unixNanos(context.time());
        for (Map.Entry<String, Object> entry : context.state().scan(Keys.NONCES)) {
            if (Keys.nonceTime(entry.getKey()) >= now) {
                break;
            }
            context.state().delete(entry.getKey());
        }
    }

    private void beginBlock(ExecutionContext context) {
        for (Consumer<ExecutionContext> change : scheduled) {
            change.accept(context);
        }
        scheduled.clear();
        try {
            Bank.send(context, MINT, AnteHandler.FEE_COLLECTOR, List.of());
            context.emit(
                    AbciEvent.of(
                            "mint",
                            "bonded_ratio",
                            new BigDecimal(genesis.validator().bondedUpokt())
                                    .divide(
                                            new BigDecimal(
                                                    Bank.supply(context.state(), Bank.DENOM)),
                                            DECIMALS,
                                            RoundingMode.DOWN)
                                    .toPlainString(),
                            "inflation",
                            BigDecimal.ZERO.setScale(DECIMALS).toPlainString(),
                            "annual_provisions",
                            BigDecimal.ZERO.setScale(DECIMALS).toPlainString(),
                            "amount",
                            "0"));
            if (context.height() > 1) {
                distributeFees(context);
            }
        } catch (AbciException e) {
            throw new IllegalStateException("the fee collector cannot pay what it holds", e);
        }
        activateSupplierConfigs(context);
    }

    private void distributeFees(ExecutionContext context) throws AbciException {
        BigInteger fees = Bank.balance(context.state(), AnteHandler.FEE_COLLECTOR, Bank.DENOM);
        boolean some = fees.signum() > 0;
        Bank.send(
                context,
                AnteHandler.FEE_COLLECTOR,
                DISTRIBUTION,
                some ? List.of(Bank.coin(fees)) : List.of());
        BigDecimal reward =
                new BigDecimal(fees).multiply(VALIDATOR_SHARE_OF_FEES).setScale(DECIMALS);
        BigDecimal commission = reward.multiply(COMMISSION).setScale(DECIMALS, RoundingMode.DOWN);
        String operator = genesis.validator().operatorAddress();
        context.emit(
                AbciEvent.of(
                        "commission",
                        "amount",
                        some ? decCoin(commission) : "",
                        "validator",
                        operator));
        context.emit(
                AbciEvent.of(
                        "rewards", "amount", some ? decCoin(reward) : "", "validator", operator));
    }

    private static String decCoin(BigDecimal amount) {
        return amount.toPlainString() + Bank.DENOM;
    }

    private static void activateSupplierConfigs(ExecutionContext context) {
        if (!new SessionCalendar(ChainParams.shared(context.state())).isStart(context.height())) {
            return;
        }
        for (ServiceConfigUpdate update :
                context.state().values(Keys.SUPPLIER_CONFIGS, ServiceConfigUpdate.class)) {
            if (update.getActivationHeight() == context.height()) {
                context.emit(
                        EventSupplierServiceConfigActivated.newBuilder()
                                .setActivationHeight(update.getActivationHeight())
                                .setOperatorAddress(update.getOperatorAddress())
                                .setServiceId(update.getService().getServiceId())
                                .build());
            }
        }
    }

    private void endBlock(ExecutionContext context, ByteString blockHash) {
        context.state().put(Keys.blockHash(context.height()), blockHash);
        ProofRules.endBlock(context);
        try {
            Settlement.endBlock(context, genesis.validator());
            StakeRules.endBlock(context);
        } catch (AbciException e) {
            throw new IllegalStateException(
                    "the end block of height "
                            + context.height()
                            + " cannot move coins: the genesis is inconsistent",
                    e);
        }
        ChainParams.promoteShared(context.state(), context.height());
    }

    private Block propose(long atHeight, Instant blockTime, List<ByteString> txs) {
        StoredBlock last = blocks.get(atHeight - 1);
        Commit lastCommit = last == null ? emptyCommit() : commitFor(last, blockTime);
        Header header =
                Header.newBuilder()
                        .setVersion(Consensus.newBuilder().setBlock(BLOCK_PROTOCOL))
                        .setChainId(genesis.chainId())
                        .setHeight(atHeight)
                        .setTime(CometHashes.timestamp(blockTime))
                        .setLastBlockId(last == null ? emptyBlockId() : last.id())
                        .setLastCommitHash(CometHashes.commitHash(lastCommit))
                        .setDataHash(CometHashes.dataHash(txs))
                        .setValidatorsHash(validatorsHash)
                        .setNextValidatorsHash(validatorsHash)
                        .setConsensusHash(CometHashes.consensusHash(MAX_BLOCK_BYTES, MAX_BLOCK_GAS))
                        .setAppHash(appHash)
                        .setLastResultsHash(
                                CometHashes.resultsHash(last == null ? List.of() : last.results()))
                        .setEvidenceHash(Hashes.sha256(ByteString.EMPTY))
                        .setProposerAddress(genesis.validator().address())
                        .build();
        return Block.newBuilder()
                .setHeader(header)
                .setData(Data.newBuilder().addAllTxs(txs))
                .setEvidence(EvidenceList.getDefaultInstance())
                .setLastCommit(lastCommit)
                .build();
    }

    private static BlockID emptyBlockId() {
        return BlockID.newBuilder().setPartSetHeader(PartSetHeader.getDefaultInstance()).build();
    }

    private static Commit emptyCommit() {
        return Commit.newBuilder().setBlockId(emptyBlockId()).build();
    }

    /** The validator's commit to a block, signed at {@code signedAt}. */
    public Commit commitFor(StoredBlock block, Instant signedAt) {
        Commit unsigned =
                Commit.newBuilder().setHeight(block.height()).setBlockId(block.id()).build();
        return unsigned.toBuilder()
                .addSignatures(
                        CommitSig.newBuilder()
                                .setBlockIdFlag(BlockIDFlag.BLOCK_ID_FLAG_COMMIT)
                                .setValidatorAddress(genesis.validator().address())
                                .setTimestamp(CometHashes.timestamp(signedAt))
                                .setSignature(
                                        validatorKey.sign(
                                                CometHashes.voteSignBytes(
                                                        genesis.chainId(),
                                                        unsigned,
                                                        CometHashes.timestamp(signedAt)))))
                .build();
    }
}
