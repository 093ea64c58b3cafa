package io.relayminer.transport;

/**
 * Creates transports of one kind. Implementations have a public constructor without parameters and
 * are registered for {@link java.util.ServiceLoader}; they must not do work in the constructor.
 */
public interface TransportProvider {

    /** Name by which a configuration selects this provider, e.g. {@code "http"}. */
    String name();

    /** Higher wins if several providers have the same name; the built-in ones have 5. */
    int priority();

    /** Whether it can work in this environment; unavailable providers are skipped. */
    boolean isAvailable();

    /**
     * Creates a transport that is not started yet.
     *
     * @throws TransportException if the options cannot be met
     */
    Transport create(TransportOptions options, TransportEvents events);
}
