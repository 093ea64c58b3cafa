package io.relayminer.core.cache;

/**
 * Told what a cache does, for metrics. Called on the relay path: implementations must be quick and
 * must not throw.
 */
public interface CacheObserver {

    /** An observer that does nothing. */
    CacheObserver NONE = new CacheObserver() {};

    /** A value was found at {@code level} ({@code l1}, {@code l2} or {@code l2_retry}). */
    default void hit(String type, String level) {}

    /**
     * The authority was asked: {@code level} is {@code l3} if it answered, {@code l3_error} if not.
     */
    default void miss(String type, String level) {}

    /** A lookup that went below memory took {@code nanos} and was answered by {@code level}. */
    default void latency(String type, String level, long nanos) {}

    /** Entries left memory because of {@code source} ({@code pubsub}, {@code resubscribe}). */
    default void invalidated(String type, String source) {}

    /**
     * A supplier state was found that is active but names no services, which only a writer that
     * could not read the chain leaves; {@code source} is where, e.g. {@code l2_read}.
     */
    default void supplierContaminated(String source) {}

    /** The repopulation lock was {@code acquired} or {@code contended}. */
    default void lock(String type, String result) {}
}
