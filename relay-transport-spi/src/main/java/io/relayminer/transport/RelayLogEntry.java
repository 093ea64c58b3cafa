package io.relayminer.transport;

import org.jspecify.annotations.Nullable;

/**
 * A delivered entry of a relay log.
 *
 * @param id identity of the entry within its log
 * @param relay the relay, or null if the entry cannot be decoded; then only {@link
 *     RelayLogReader#setAside} makes sense
 * @param problem why the entry cannot be decoded, empty if it can
 * @param redelivered whether the entry was delivered to somebody before
 */
public record RelayLogEntry(
        String id, @Nullable MinedRelay relay, String problem, boolean redelivered) {}
