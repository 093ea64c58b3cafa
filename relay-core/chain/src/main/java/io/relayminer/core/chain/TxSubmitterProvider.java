package io.relayminer.core.chain;

import io.relayminer.provider.Provider;
import io.relayminer.provider.Providers;

/**
 * Makes submitters of transactions of one type. Built in is {@code cosmos}, which a program that
 * has a {@link ChainClient} adds with {@link ChainClient#submitters}.
 */
public interface TxSubmitterProvider extends Provider<TxSubmitter, TxSubmitterContext> {

    /**
     * The providers on the class path.
     *
     * @return a registry to add others to
     */
    static Providers<TxSubmitter, TxSubmitterContext> onClassPath() {
        return Providers.onClassPath("transaction submitter", TxSubmitterProvider.class);
    }
}
