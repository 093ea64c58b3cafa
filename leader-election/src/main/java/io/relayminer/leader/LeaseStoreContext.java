package io.relayminer.leader;

import io.relayminer.provider.ProviderContext;
import io.relayminer.provider.ProviderSettings;

import java.time.InstantSource;

/**
 * What a lease store is made from.
 *
 * @param settings the section of the configuration that selected it
 * @param membership keys of the list of instances, for stores that keep it under keys
 * @param time wall clock; for showing to people, never to judge a lease by
 */
public record LeaseStoreContext(
        ProviderSettings settings, MembershipKeys membership, InstantSource time)
        implements ProviderContext {}
