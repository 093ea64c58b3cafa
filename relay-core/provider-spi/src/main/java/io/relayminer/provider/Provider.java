package io.relayminer.provider;

/**
 * Creates things of one kind, for example transports. Each kind has an interface of its own that
 * extends this one and is the service type for the class path.
 *
 * <p>An implementation that is to be found on the class path has a public constructor without
 * parameters, which does no work, and is listed in {@code META-INF/services/<service type>} (or, in
 * a named module, in {@code provides}). One provider object serves a whole process and may be
 * called from any thread.
 *
 * @param <T> what it creates
 * @param <C> what it is given to create it from
 */
public interface Provider<T, C extends ProviderContext> {

    /**
     * The word by which a configuration selects this provider, e.g. {@code "http"}; always the same
     * one, of lower-case letters, digits, {@code -} and {@code _}.
     */
    String type();

    /**
     * Creates one; there may be several of one type at once.
     *
     * <p>It reads all its settings before it opens anything, and calls {@link
     * ProviderSettings#finish()} in between if it opens something here already. What does not have
     * to be open before the first use is better opened there.
     *
     * @throws ProviderException if the settings cannot be met. Any other exception is reported to
     *     the operator with the name and the jar of the provider
     */
    T create(C context);
}
