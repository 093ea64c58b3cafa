package io.relayminer.relayer;

import io.relayminer.core.cache.RelayCaches;
import io.relayminer.core.relay.SupplierKeys;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Loads the states of the suppliers whose keys are loaded, and the applications an operator named,
 * before the relayer takes traffic. What cannot be loaded is loaded when it is needed: a warm-up
 * never fails.
 */
final class Warmup {

    private static final Logger LOG = LoggerFactory.getLogger(Warmup.class);

    private final RelayerConfig.WarmupConfig config;
    private final RelayCaches caches;
    private final SupplierKeys keys;

    Warmup(RelayerConfig.WarmupConfig config, RelayCaches caches, SupplierKeys keys) {
        this.config = config;
        this.caches = caches;
        this.keys = keys;
    }

    /** Starts; the stage completes when everything was loaded or given up. */
    CompletionStage<Void> run() {
        if (!config.enabled()) {
            return CompletableFuture.completedFuture(null);
        }
        List<CompletableFuture<?>> all = new ArrayList<>();
        for (String supplier : keys.addresses()) {
            all.add(
                    tolerant(
                            caches.supplierStates().get(supplier),
                            "state of supplier " + supplier));
        }
        if (!config.knownApplications().isEmpty()) {
            CompletableFuture<Void> applications = new CompletableFuture<>();
            all.add(applications);
            Thread.ofVirtual().name("warm-up").start(() -> applications(applications));
        }
        return CompletableFuture.allOf(all.toArray(CompletableFuture[]::new));
    }

    private void applications(CompletableFuture<Void> done) {
        Semaphore slots = new Semaphore(config.warmupConcurrency());
        try {
            for (String address : config.knownApplications()) {
                slots.acquire();
                var unused =
                        application(address).whenComplete((loaded, failure) -> slots.release());
            }
            slots.acquire(config.warmupConcurrency());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            done.complete(null);
        }
    }

    private CompletableFuture<?> application(String address) {
        return tolerant(
                caches.applications()
                        .get(address)
                        .thenCompose(
                                application -> {
                                    List<CompletableFuture<?>> keysOfRing = new ArrayList<>();
                                    keysOfRing.add(
                                            caches.publicKeys().get(address).toCompletableFuture());
                                    for (String gateway :
                                            application.getDelegateeGatewayAddressesList()) {
                                        keysOfRing.add(
                                                caches.publicKeys()
                                                        .get(gateway)
                                                        .toCompletableFuture());
                                    }
                                    return CompletableFuture.allOf(
                                            keysOfRing.toArray(CompletableFuture[]::new));
                                }),
                "application " + address);
    }

    private CompletableFuture<?> tolerant(CompletionStage<?> loading, String what) {
        return loading.toCompletableFuture()
                .copy()
                .orTimeout(config.warmupTimeoutSeconds(), TimeUnit.SECONDS)
                .handle(
                        (value, failure) -> {
                            if (failure != null) {
                                LOG.debug("{} not warmed up: {}", what, failure.toString());
                            }
                            return null;
                        });
    }
}
