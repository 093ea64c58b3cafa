package io.relayminer.transport;

import io.relayminer.provider.ProviderContext;
import io.relayminer.provider.ProviderSettings;

/**
 * What a {@link TransportProvider} is given.
 *
 * @param settings the transport's section of the configuration
 * @param defaults what counts for everything that the section does not say. A transport that
 *     listens reads {@link #options()} instead, which has both
 * @param events what the transport reports to
 */
public record TransportContext(
        ProviderSettings settings, TransportOptions defaults, TransportEvents events)
        implements ProviderContext {

    /**
     * The defaults with what the settings say otherwise: {@code listen_addr} (host:port, an empty
     * host meaning all addresses), {@code max_body_size_bytes}, {@code read_timeout}, {@code
     * write_timeout}, {@code idle_timeout}.
     *
     * @throws io.relayminer.provider.ProviderException if one of them cannot be used
     */
    public TransportOptions options() {
        return defaults.overriddenBy(settings);
    }
}
