package io.relayminer.provider;

/**
 * What a provider is given to create something from. Each kind of provider has a context of its own
 * with what is there for all providers of the kind: limits, events, shared resources.
 */
public interface ProviderContext {

    /** The section of the configuration that selected the provider; empty if there is none. */
    ProviderSettings settings();
}
