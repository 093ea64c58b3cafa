package io.relayminer.core.key;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/**
 * All supplier keys of a process, from all its sources.
 *
 * <p>Looking up a key never blocks and sees either all or nothing of a reload. A source that fails
 * during a reload keeps what it gave last: a file caught half-written must not look like the
 * removal of every supplier in it. Keys disappear only when a source that can be read no longer has
 * them.
 *
 * <p>Thread-safe. Listeners are called on the reloading thread after the change is visible, one
 * reload at a time.
 */
public final class KeyRing implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(KeyRing.class);

    private final List<KeySource> sources;
    private final Map<KeySource, List<SupplierKey>> lastLoaded = new LinkedHashMap<>();
    private final Map<KeySource, String> fingerprints = new LinkedHashMap<>();
    private final List<Consumer<KeyChanges>> listeners = new CopyOnWriteArrayList<>();
    private final Counter reloads;
    private final Counter added;
    private final Counter removed;
    private final MeterRegistry registry;
    private final Map<String, Counter> loadErrors = new ConcurrentHashMap<>();
    private volatile Map<String, SupplierKey> keys = Map.of();

    /**
     * A ring without keys yet; {@link #reload} loads them.
     *
     * @param sources where keys come from; closed with the ring
     * @param registry where the number of keys, reloads, changes and load errors are counted
     */
    public KeyRing(List<KeySource> sources, MeterRegistry registry) {
        this.sources = List.copyOf(sources);
        this.registry = registry;
        this.reloads = Counter.builder("ha_keys_reloads").register(registry);
        this.added = Counter.builder("ha_keys_changes").tag("type", "added").register(registry);
        this.removed = Counter.builder("ha_keys_changes").tag("type", "removed").register(registry);
        Gauge.builder("ha_keys_supplier_keys_active", this, ring -> ring.keys.size())
                .register(registry);
    }

    /** The key of a supplier. */
    public Optional<SupplierKey> find(String address) {
        return Optional.ofNullable(keys.get(address));
    }

    /** Whether the ring has the key of a supplier. */
    public boolean contains(String address) {
        return keys.containsKey(address);
    }

    /** The suppliers whose keys are here, in ascending order. */
    public SortedSet<String> addresses() {
        return Collections.unmodifiableSortedSet(new TreeSet<>(keys.keySet()));
    }

    /** Calls the listener after every reload that changed something. */
    public void onChange(Consumer<KeyChanges> listener) {
        listeners.add(listener);
    }

    /** Loads all sources again. Blocks while they are read. */
    public synchronized KeyChanges reload() {
        Map<String, SupplierKey> fresh = new LinkedHashMap<>();
        for (KeySource source : sources) {
            for (SupplierKey key : load(source)) {
                fresh.put(key.address(), key);
            }
        }
        Map<String, SupplierKey> before = keys;
        KeyChanges changes = new KeyChanges(new TreeSet<>(), new TreeSet<>());
        for (String address : fresh.keySet()) {
            if (!before.containsKey(address)) {
                changes.added().add(address);
            }
        }
        for (String address : before.keySet()) {
            if (!fresh.containsKey(address)) {
                changes.removed().add(address);
            }
        }
        keys = Map.copyOf(fresh);
        reloads.increment();
        added.increment(changes.added().size());
        removed.increment(changes.removed().size());
        if (!changes.isEmpty()) {
            LOG.info(
                    "supplier keys: {} in use, added {}, removed {}",
                    fresh.size(),
                    changes.added(),
                    changes.removed());
            for (Consumer<KeyChanges> listener : listeners) {
                try {
                    listener.accept(changes);
                } catch (RuntimeException e) {
                    LOG.error("a listener of key changes failed", e);
                }
            }
        }
        return changes;
    }

    /**
     * Loads again if a source says that it may have changed since the last load.
     *
     * @return whether it did load
     */
    public synchronized boolean reloadIfChanged() {
        boolean changed = false;
        for (KeySource source : sources) {
            try {
                changed |= !source.fingerprint().equals(fingerprints.get(source));
            } catch (KeyException e) {
                LOG.warn("cannot look for changed keys: {}", e.getMessage());
            }
        }
        if (changed) {
            reload();
        }
        return changed;
    }

    private List<SupplierKey> load(KeySource source) {
        try {
            // Taken before loading: a change in between is then seen the next time.
            fingerprints.put(source, source.fingerprint());
            LoadedKeys loaded = source.load();
            for (String problem : loaded.problems()) {
                countError(source);
                LOG.warn("{}: {}", source.description(), problem);
            }
            lastLoaded.put(source, new ArrayList<>(loaded.keys()));
        } catch (KeyException e) {
            countError(source);
            LOG.warn(
                    "keys not loaded, the {} known before stay in use: {}",
                    lastLoaded.getOrDefault(source, List.of()).size(),
                    e.getMessage());
        }
        return lastLoaded.getOrDefault(source, List.of());
    }

    private void countError(KeySource source) {
        loadErrors
                .computeIfAbsent(
                        source.metricName(),
                        name ->
                                Counter.builder("ha_keys_load_errors")
                                        .tag("provider", name)
                                        .register(registry))
                .increment();
    }

    /** Closes the sources. The keys stay usable. */
    @Override
    public void close() {
        sources.forEach(KeySource::close);
    }
}
