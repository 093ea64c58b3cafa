package io.relayminer.core.miner.store;

import io.relayminer.provider.ProviderContext;
import io.relayminer.provider.ProviderSettings;

import java.time.InstantSource;

/**
 * What a miner's store is made from.
 *
 * @param settings the section of the configuration that selected it
 * @param instance id of this process: the owner in the leases under which it opens suppliers
 * @param listener is told what the store does
 * @param time wall clock, for the age of relays
 */
public record MinerStoreContext(
        ProviderSettings settings, String instance, MinerStoreListener listener, InstantSource time)
        implements ProviderContext {}
