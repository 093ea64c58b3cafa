package io.relayminer.core.backend;

import io.relayminer.provider.ProviderSettings;
import io.relayminer.provider.Providers;
import io.relayminer.transport.Backend;
import io.relayminer.transport.BackendContext;
import io.relayminer.transport.BackendEvents;
import io.relayminer.transport.BackendOptions;
import io.relayminer.transport.BackendProvider;

import java.util.Map;

/** Where the one backend of each service comes from. */
@FunctionalInterface
public interface BackendSource {

    /**
     * Creates the backend of a service; called once for each.
     *
     * @throws io.relayminer.provider.ProviderException if it cannot be created as configured
     */
    Backend create(String serviceId, BackendOptions options, BackendEvents events);

    /** Backends of one provider, without settings of their own. */
    static BackendSource of(BackendProvider provider) {
        return (service, options, events) ->
                provider.create(
                        new BackendContext(ProviderSettings.empty("backend"), options, events));
    }

    /**
     * What a configuration says of a service's backend.
     *
     * @param type type of the provider
     * @param path where the settings stand, for messages
     * @param settings the provider's settings
     */
    record Choice(String type, String path, Map<String, Object> settings) {}

    /**
     * Backends by type.
     *
     * @param providers those that can be chosen
     * @param common for services without a choice of their own
     * @param services choices by service id
     */
    static BackendSource chosen(
            Providers<Backend, BackendContext> providers,
            Choice common,
            Map<String, Choice> services) {
        return (service, options, events) -> {
            Choice choice = services.getOrDefault(service, common);
            return providers.create(
                    choice.type(),
                    new BackendContext(
                            ProviderSettings.of(choice.path(), choice.settings()),
                            options,
                            events));
        };
    }
}
