package io.relayminer.core.relay;

import io.relayminer.core.cache.RelayCaches;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
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
public final class Warmup {

    private static final Logger LOG = LoggerFactory.getLogger(Warmup.class);

    /**
     * What is loaded besides the suppliers whose keys are loaded.
     *
     * @param applications bech32 addresses of applications whose relays are expected
     * @param concurrency applications loaded at the same time, at least 1
     * @param timeout for one supplier or application
     */
    public record Settings(List<String> applications, int concurrency, Duration timeout) {

        /** The suppliers only, five seconds each. */
        public static final Settings DEFAULT = new Settings(List.of(), 10, Duration.ofSeconds(5));

        /** Copies the list. */
        public Settings {
            applications = List.copyOf(applications);
            if (concurrency < 1) {
                throw new IllegalArgumentException(
                        "concurrency must be at least 1, got " + concurrency);
            }
        }
    }

    private final Settings settings;
    private final RelayCaches caches;
    private final SupplierKeys keys;

    Warmup(Settings settings, RelayCaches caches, SupplierKeys keys) {
        this.settings = settings;
        this.caches = caches;
        this.keys = keys;
    }

    /** Starts; the stage completes when everything was loaded or given up. */
    CompletionStage<Void> run() {
        List<CompletableFuture<?>> all = new ArrayList<>();
        for (String supplier : keys.addresses()) {
            all.add(
                    tolerant(
                            caches.supplierStates().get(supplier),
                            "state of supplier " + supplier));
        }
        if (!settings.applications().isEmpty()) {
            CompletableFuture<Void> applications = new CompletableFuture<>();
            all.add(applications);
            Thread.ofVirtual().name("warm-up").start(() -> applications(applications));
        }
        return CompletableFuture.allOf(all.toArray(CompletableFuture[]::new));
    }

    private void applications(CompletableFuture<Void> done) {
        Semaphore slots = new Semaphore(settings.concurrency());
        try {
            for (String address : settings.applications()) {
                slots.acquire();
                var unused =
                        application(address).whenComplete((loaded, failure) -> slots.release());
            }
            slots.acquire(settings.concurrency());
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
                .orTimeout(settings.timeout().toMillis(), TimeUnit.MILLISECONDS)
                .handle(
                        (value, failure) -> {
                            if (failure != null) {
                                LOG.debug("{} not warmed up: {}", what, failure.toString());
                            }
                            return null;
                        });
    }
}
