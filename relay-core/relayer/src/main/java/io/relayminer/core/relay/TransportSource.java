package io.relayminer.core.relay;

import io.relayminer.provider.ProviderException;
import io.relayminer.provider.ProviderSettings;
import io.relayminer.transport.Transport;
import io.relayminer.transport.TransportContext;
import io.relayminer.transport.TransportEvents;
import io.relayminer.transport.TransportOptions;
import io.relayminer.transport.TransportProvider;

/** Where one transport of a relayer comes from. */
@FunctionalInterface
public interface TransportSource {

    /**
     * Creates the transport, which is not started yet; called once.
     *
     * @param events what the transport reports to
     * @throws ProviderException if it cannot be created as configured
     */
    Transport create(TransportEvents events);

    /** The transport of one provider, without settings of its own. */
    static TransportSource of(TransportProvider provider, TransportOptions options) {
        return events ->
                provider.create(
                        new TransportContext(ProviderSettings.empty("transport"), options, events));
    }
}
