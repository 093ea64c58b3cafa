package io.relayminer.core.cache;

/**
 * The byte form of one kind of value in the shared tier. Implementations are stateless.
 *
 * @param <V> value
 */
public interface ValueCodec<V> {

    /** Encodes a value. */
    byte[] encode(V value);

    /**
     * Decodes a value.
     *
     * @throws IllegalArgumentException if the bytes are not of this form; the entry then counts as
     *     a miss
     */
    V decode(byte[] bytes);
}
