package io.relayminer.core.key;

/**
 * A place that keys are loaded from, once at start and again whenever it changes.
 *
 * <p>Called by one thread at a time; calls may block, on files or on a remote service, and are
 * never made on an event loop.
 */
public interface KeySource extends AutoCloseable {

    /** What it is, for messages, for example {@code keys file /etc/relayer/keys.yaml}. */
    String description();

    /**
     * Name of the kind of source in metrics, for example {@code file}; one of a handful of values.
     */
    default String metricName() {
        return "custom";
    }

    /**
     * Loads all keys.
     *
     * @throws KeySourceException if the source as a whole cannot be used. During a reload its keys
     *     then stay as they were
     */
    LoadedKeys load();

    /**
     * A text that changes whenever {@link #load} might give something else, and is cheap to get.
     * The default never changes: such a source is only reloaded on demand.
     *
     * @throws KeySourceException if that cannot be found out now
     */
    default String fingerprint() {
        return "";
    }

    /** Releases what the source holds. Does nothing by default. */
    @Override
    default void close() {}
}
