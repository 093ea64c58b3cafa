package io.relayminer.transport;

import io.relayminer.provider.Provider;

/**
 * Creates transports of one type, which are not started yet; there may be several at once, each on
 * its own port. Registered as {@code META-INF/services/io.relayminer.transport.TransportProvider}.
 */
public interface TransportProvider extends Provider<Transport, TransportContext> {}
