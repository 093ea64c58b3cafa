package io.relayminer.core.redis;

/**
 * Told when connections to Redis are lost and found. Called on event loops: implementations must be
 * quick and must not throw.
 */
public interface ReconnectListener {

    /** A listener that does nothing. */
    ReconnectListener NONE = new ReconnectListener() {};

    /** The first connection of a kind is about to be opened. */
    default void opened(RedisConnections.Use use) {}

    /** A lost connection is tried again; repeated attempts are told one by one. */
    default void attempted(RedisConnections.Use use) {}

    /** A lost connection is there again. */
    default void reconnected(RedisConnections.Use use) {}
}
