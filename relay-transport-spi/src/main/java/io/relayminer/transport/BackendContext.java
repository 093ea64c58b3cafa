package io.relayminer.transport;

import io.relayminer.provider.ProviderContext;
import io.relayminer.provider.ProviderSettings;

/**
 * What a {@link BackendProvider} is given.
 *
 * @param settings the backend's section of the configuration
 * @param options how connections are kept
 * @param events what the backend reports to
 */
public record BackendContext(
        ProviderSettings settings, BackendOptions options, BackendEvents events)
        implements ProviderContext {}
