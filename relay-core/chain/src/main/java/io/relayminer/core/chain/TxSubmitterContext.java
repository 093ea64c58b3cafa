package io.relayminer.core.chain;

import io.relayminer.provider.ProviderContext;
import io.relayminer.provider.ProviderSettings;

/**
 * What a submitter is made from.
 *
 * @param settings the section of the configuration that selected it
 * @param queries questions to the chain
 * @param blocks blocks of the chain
 * @param transactions how the operator wants transactions made
 */
public record TxSubmitterContext(
        ProviderSettings settings, ChainQueries queries, BlockFeed blocks, TxSettings transactions)
        implements ProviderContext {}
