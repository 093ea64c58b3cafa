package io.relayminer.core.miner.store;

import io.relayminer.transport.MinedRelay;

import org.jspecify.annotations.Nullable;

/**
 * A delivered entry of a supplier's log.
 *
 * @param id identity of the entry within its log
 * @param relay the relay, or null if the entry cannot be decoded; then only {@link
 *     SupplierStore#setAside} makes sense
 * @param problem why the entry cannot be decoded, empty if it can
 * @param redelivered whether the entry was delivered to somebody before
 */
public record RelayEntry(
        String id, @Nullable MinedRelay relay, String problem, boolean redelivered) {}
