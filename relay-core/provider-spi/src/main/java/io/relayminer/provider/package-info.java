/**
 * The one shape of everything that can be plugged in.
 *
 * <p>A {@link io.relayminer.provider.Provider} has a type, the word by which a configuration
 * selects it, and creates things of one kind from a {@link io.relayminer.provider.ProviderContext}.
 * The context carries the provider's own section of the configuration as {@link
 * io.relayminer.provider.ProviderSettings}, which validate while they are read. {@link
 * io.relayminer.provider.Providers} finds providers on the class path and takes those that a
 * program registers; a provider that is broken but not used disturbs nobody.
 */
@NullMarked
package io.relayminer.provider;

import org.jspecify.annotations.NullMarked;
