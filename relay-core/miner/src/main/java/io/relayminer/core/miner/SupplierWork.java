package io.relayminer.core.miner;

import io.relayminer.core.chain.Block;
import io.relayminer.core.tx.TxSigner;
import io.relayminer.leader.Lease;
import io.relayminer.leader.LeaseWork;
import io.relayminer.smst.redis.Fence;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * The workers of the suppliers that this replica owns, one virtual thread for each. Safe for use by
 * any thread.
 */
final class SupplierWork {

    private static final Logger LOG = LoggerFactory.getLogger(SupplierWork.class);
    private static final Duration OPENING_PAUSE = Duration.ofMillis(500);

    private final Function<String, Optional<? extends TxSigner>> signers;
    private final SupplierWorker.Services services;
    private final SupplierStates states;
    private final NodeGauges gauges;
    private final Supplier<Optional<Block>> latest;
    private final Map<String, SupplierWorker> workers = new ConcurrentHashMap<>();

    SupplierWork(
            Function<String, Optional<? extends TxSigner>> signers,
            SupplierWorker.Services services,
            SupplierStates states,
            NodeGauges gauges,
            Supplier<Optional<Block>> latest) {
        this.signers = signers;
        this.services = services;
        this.states = states;
        this.gauges = gauges;
        this.latest = latest;
    }

    /** Operator addresses that are worked for at the moment; a copy. */
    Set<String> suppliers() {
        return new TreeSet<>(workers.keySet());
    }

    /** Hands a block to every worker. */
    void block(Block block) {
        for (SupplierWorker worker : workers.values()) {
            worker.block(block);
        }
    }

    /** Begins to work on the supplier of a lease. */
    LeaseWork.Running own(Lease lease) {
        String supplier = lease.resource();
        TxSigner signer =
                signers.apply(supplier)
                        .orElseThrow(
                                () ->
                                        new IllegalStateException(
                                                "the key of supplier " + supplier + " is gone"));
        OwnedSupplier owned =
                new OwnedSupplier(
                        supplier, signer, new Fence(lease.owner(), lease.epoch()), lease::isValid);
        CompletableFuture<Void> ended = new CompletableFuture<>();
        CompletableFuture<SupplierWorker> opened = new CompletableFuture<>();
        Thread thread =
                Thread.ofVirtual()
                        .name("supplier-" + supplier)
                        .start(
                                () -> {
                                    try {
                                        work(owned, opened);
                                        ended.complete(null);
                                    } catch (RuntimeException | Error e) {
                                        ended.completeExceptionally(e);
                                    }
                                });
        return new LeaseWork.Running() {
            @Override
            public CompletableFuture<Void> ended() {
                return ended;
            }

            @Override
            public void abandon() {
                var unused = opened.thenAccept(SupplierWorker::stop);
                thread.interrupt();
            }

            @Override
            public void drain() {
                var unused = opened.thenAccept(SupplierWorker::stop);
                if (!opened.isDone()) {
                    thread.interrupt();
                }
            }

            @Override
            public boolean isBusy() {
                SupplierWorker worker = opened.getNow(null);
                return worker != null && worker.submitting();
            }
        };
    }

    private void work(OwnedSupplier owned, CompletableFuture<SupplierWorker> opened) {
        SupplierWorker worker = null;
        while (worker == null) {
            try {
                worker = new SupplierWorker(owned, services);
            } catch (RuntimeException e) {
                LOG.warn("work on supplier {} cannot start yet", owned.address(), e);
                try {
                    Thread.sleep(OPENING_PAUSE.toMillis());
                } catch (InterruptedException stop) {
                    Thread.currentThread().interrupt();
                    opened.cancel(false);
                    return;
                }
            }
        }
        workers.put(owned.address(), worker);
        gauges.supplierChanged("ha_miner_supplier_claimed", owned.address());
        opened.complete(worker);
        try {
            Optional<Block> block = latest.get();
            block.ifPresent(worker::block);
            states.register(owned.address(), "active", "add", "");
            // What relayers are told does not hold up what is due at this block.
            Thread.ofVirtual()
                    .name("supplier-state-" + owned.address())
                    .start(
                            () -> {
                                SupplierStates.Standing unused =
                                        states.publish(
                                                owned.address(),
                                                block.map(Block::height).orElse(0L));
                            });
            worker.run();
        } finally {
            workers.remove(owned.address(), worker);
            gauges.supplierChanged("ha_miner_supplier_released", owned.address());
        }
    }
}
