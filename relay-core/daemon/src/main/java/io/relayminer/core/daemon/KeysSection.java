package io.relayminer.core.daemon;

import io.micrometer.core.instrument.MeterRegistry;
import io.relayminer.core.config.KeysConfig;
import io.relayminer.core.key.KeyRing;
import io.relayminer.core.key.KeySources;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** What the {@code keys} section of a configuration means: a key ring that follows its sources. */
public final class KeysSection {

    private static final Logger LOG = LoggerFactory.getLogger(KeysSection.class);
    private static final long CHECK_SECONDS = 5;

    private KeysSection() {}

    /**
     * Loads the keys.
     *
     * @throws IllegalStateException if there is none
     */
    public static KeyRing load(KeysConfig config, MeterRegistry registry) {
        KeyRing ring = new KeyRing(KeySources.open(config.all()), registry);
        try {
            ring.reload();
            if (ring.addresses().isEmpty()) {
                throw new IllegalStateException(
                        "no supplier key was loaded; without one nothing can be signed. See the"
                                + " warnings above and check the keys section of the"
                                + " configuration");
            }
            LOG.info("signing for {} suppliers", ring.addresses().size());
            return ring;
        } catch (RuntimeException e) {
            ring.close();
            throw e;
        }
    }

    /**
     * Loads keys again whenever a source has changed, which is looked at every five seconds.
     *
     * @return ends it when closed
     */
    public static AutoCloseable follow(KeyRing ring) {
        ScheduledExecutorService timer =
                Executors.newSingleThreadScheduledExecutor(
                        task -> Thread.ofPlatform().daemon().name("key-reload").unstarted(task));
        Runnable check =
                () -> {
                    try {
                        ring.reloadIfChanged();
                    } catch (RuntimeException e) {
                        LOG.warn("keys could not be checked for changes: {}", e.getMessage());
                    }
                };
        var unused =
                timer.scheduleWithFixedDelay(check, CHECK_SECONDS, CHECK_SECONDS, TimeUnit.SECONDS);
        return timer::shutdownNow;
    }
}
