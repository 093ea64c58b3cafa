package io.relayminer.testkit.redis;

/**
 * A Redis server that a test starts, crashes and starts again, on a port of its own.
 *
 * <p>Port and data stay the same across {@link #kill()} and {@link #restart()}. Implementations are
 * not thread-safe.
 */
public interface RedisServer extends AutoCloseable {

    /** {@code redis://<host>:<port>}, reachable from this process. */
    String uri();

    /** Ends the server like {@code kill -9}: nothing is flushed, clients see a reset. */
    void kill();

    /** Starts the server again on the same port and data; waits until it answers. */
    void restart();

    /** Ends the server and deletes its data. */
    @Override
    void close();
}
