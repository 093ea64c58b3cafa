package io.relayminer.core.miner;

import io.relayminer.core.chain.Block;
import io.relayminer.core.chain.ChainQueries;
import io.relayminer.core.chain.TxSubmitter;
import io.relayminer.core.miner.store.ClosedException;
import io.relayminer.core.miner.store.FencedException;
import io.relayminer.core.miner.store.MinerStore;
import io.relayminer.core.miner.store.MinerStoreException;
import io.relayminer.core.miner.store.SupplierStore;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/**
 * Works on one supplier while this process owns it: consumes its log and advances its sessions, in
 * turn, on one thread. There is nothing to lock, and the order of effects is the order of the code.
 *
 * <p>{@link #turn} is one round and is all a test needs to drive a worker; {@link #run} repeats it
 * until it is stopped, interrupted or fenced.
 */
final class SupplierWorker {

    private static final Logger LOG = LoggerFactory.getLogger(SupplierWorker.class);
    private static final Duration OUTAGE_PAUSE = Duration.ofMillis(250);
    private static final Duration FAULT_PAUSE = Duration.ofSeconds(1);
    private static final long SIZE_EVERY_BLOCKS = 2;

    /**
     * What all workers of a process share.
     *
     * @param store what is kept of all suppliers
     * @param constants constants of sessions
     * @param chain questions to the chain
     * @param submitter transactions
     * @param calls how long to wait for the chain
     * @param signals what others are told
     * @param blockInterval time between blocks as observed lately
     * @param settings behaviour
     * @param metrics metrics
     * @param clock wall clock, for time stamps only
     */
    record Services(
            MinerStore store,
            SessionConstantsSource constants,
            ChainQueries chain,
            TxSubmitter submitter,
            ChainCalls calls,
            SessionSignals signals,
            Supplier<Duration> blockInterval,
            MinerSettings settings,
            MinerMetrics metrics,
            InstantSource clock) {}

    private final OwnedSupplier supplier;
    private final Services services;
    private final SupplierStore store;
    private final RelayIntake intake;
    private final SessionLifecycle lifecycle;
    private final AtomicReference<@Nullable Block> latest = new AtomicReference<>();
    private volatile boolean stopped;
    private volatile boolean submitting;
    private long doneHeight = -1;
    private long sizedAt = -1;

    SupplierWorker(OwnedSupplier supplier, Services services) {
        this.supplier = supplier;
        this.services = services;
        this.store = services.store().open(supplier.address(), supplier.fence());
        this.intake =
                new RelayIntake(
                        supplier,
                        store,
                        services.constants(),
                        services.settings(),
                        services.metrics(),
                        services.clock(),
                        this::tip,
                        record -> lifecycle().committed(record));
        this.lifecycle = new SessionLifecycle(supplier, intake, store, services);
    }

    private SessionLifecycle lifecycle() {
        return lifecycle;
    }

    private long tip() {
        Block block = latest.get();
        return block == null ? 0 : block.height();
    }

    /** Announces a block; heights only go up. Any thread. */
    void block(Block block) {
        latest.accumulateAndGet(
                block,
                (known, offered) ->
                        known == null || (offered != null && offered.height() > known.height())
                                ? offered
                                : known);
    }

    /** Whether a hand-over now would interrupt a claim or proof. Any thread. */
    boolean submitting() {
        return submitting;
    }

    /**
     * One round: what is due at the newest block, then one batch of relays.
     *
     * @param wait how long to wait for relays
     * @throws FencedException if the supplier is not ours any more
     */
    void turn(Duration wait) throws InterruptedException {
        Block block = latest.get();
        if (block == null) {
            // Nothing can be judged without a height.
            Thread.sleep(Math.min(50, Math.max(1, wait.toMillis())));
            return;
        }
        if (block.height() > doneHeight) {
            services.metrics().lag(supplier.address(), block.height() - Math.max(doneHeight, 0));
            lifecycle.advance(block);
            doneHeight = block.height();
            submitting = lifecycle.submitting();
            if (block.height() - sizedAt >= SIZE_EVERY_BLOCKS) {
                sizedAt = block.height();
                services.metrics().streamLength(supplier.address(), store.backlog());
            }
        }
        intake.step(wait);
    }

    /** Works until stopped. Returns when the supplier was lost, too. */
    void run() {
        try {
            while (!stopped && !Thread.currentThread().isInterrupted()) {
                try {
                    turn(services.settings().pollWait());
                } catch (ClosedException e) {
                    return;
                } catch (MinerStoreException | MinerException.Unavailable e) {
                    LOG.warn("work on supplier {} pauses: {}", supplier.address(), e.getMessage());
                    Thread.sleep(OUTAGE_PAUSE.toMillis());
                } catch (FencedException e) {
                    throw e;
                } catch (RuntimeException e) {
                    // A supplier whose lease we hold must not stay unserved because of a fault in
                    // one step; the step is tried again and the fault stays visible.
                    LOG.error("work on supplier {} failed and goes on", supplier.address(), e);
                    services.metrics().recovered("supplier_worker");
                    Thread.sleep(FAULT_PAUSE.toMillis());
                }
            }
        } catch (FencedException e) {
            LOG.warn("work on supplier {} ends: {}", supplier.address(), e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            store.close();
            services.metrics().released(supplier.address());
        }
    }

    /** Ends {@link #run} after the current round. Any thread. */
    void stop() {
        stopped = true;
        store.close();
    }

    /** The sessions in work, for tests. */
    SessionLifecycle sessions() {
        return lifecycle;
    }
}
