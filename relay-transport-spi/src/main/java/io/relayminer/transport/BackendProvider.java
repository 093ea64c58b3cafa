package io.relayminer.transport;

import io.relayminer.provider.Provider;

/**
 * Creates backends of one type, each with a connection pool of its own. Registered as {@code
 * META-INF/services/io.relayminer.transport.BackendProvider}.
 */
public interface BackendProvider extends Provider<Backend, BackendContext> {}
