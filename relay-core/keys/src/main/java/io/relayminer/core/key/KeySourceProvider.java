package io.relayminer.core.key;

/**
 * Makes sources of one kind. Implementations are found by {@link java.util.ServiceLoader} and need
 * a public constructor without parameters; the kind is what the configuration names under {@code
 * keys.sources}.
 */
public interface KeySourceProvider {

    /** Kind of the sources, as written in the configuration, for example {@code keys_file}. */
    String kind();

    /**
     * Makes a source. It should check what can be checked without loading keys, such as that a path
     * exists.
     *
     * @throws KeySourceException if the settings are wrong; the message names the setting
     */
    KeySource open(KeySourceSettings settings);
}
