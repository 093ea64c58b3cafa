package io.relayminer.provider;

/**
 * Something pluggable cannot be used as it is configured. The message is for the operator: it says
 * where (the path of the key, or the provider and its jar), what, and what to do. It never repeats
 * the value of a setting that could be a secret.
 */
public final class ProviderException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** A message alone. */
    public ProviderException(String message) {
        super(message);
    }

    /** A message and the exception behind it. */
    public ProviderException(String message, Throwable cause) {
        super(message, cause);
    }
}
