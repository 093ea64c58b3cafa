package io.relayminer.core.redis;

import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.cluster.api.sync.RedisClusterCommands;

/**
 * One connection to a server or a cluster, seen through the commands both have in common.
 *
 * <p>Commands may be sent by any thread. With flushing turned off ({@link #holdCommands}) they stay
 * in the buffer until {@link #flush}, which turns many commands into one write.
 */
public final class RedisLink implements AutoCloseable {

    private final StatefulConnection<byte[], byte[]> connection;
    private final RedisClusterAsyncCommands<byte[], byte[]> async;
    private final RedisClusterCommands<byte[], byte[]> sync;

    RedisLink(
            StatefulConnection<byte[], byte[]> connection,
            RedisClusterAsyncCommands<byte[], byte[]> async,
            RedisClusterCommands<byte[], byte[]> sync) {
        this.connection = connection;
        this.async = async;
        this.sync = sync;
    }

    /** Commands answered by futures. */
    public RedisClusterAsyncCommands<byte[], byte[]> async() {
        return async;
    }

    /** Commands for threads that may wait. */
    public RedisClusterCommands<byte[], byte[]> sync() {
        return sync;
    }

    /** The underlying connection, for what the common commands do not cover. */
    public StatefulConnection<byte[], byte[]> connection() {
        return connection;
    }

    /** From now on commands wait for {@link #flush}. */
    void holdCommands() {
        connection.setAutoFlushCommands(false);
    }

    /** Sends the commands that wait. */
    void flush() {
        connection.flushCommands();
    }

    @Override
    public void close() {
        connection.close();
    }
}
