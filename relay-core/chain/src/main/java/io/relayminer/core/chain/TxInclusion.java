package io.relayminer.core.chain;

import java.util.Optional;

/**
 * A transaction in a block.
 *
 * @param height block that includes it
 * @param gasUsed gas used
 * @param gasWanted gas limit
 * @param failure why its messages were not executed; empty if they were. The fee is paid either way
 */
public record TxInclusion(long height, long gasUsed, long gasWanted, Optional<TxFailure> failure) {}
