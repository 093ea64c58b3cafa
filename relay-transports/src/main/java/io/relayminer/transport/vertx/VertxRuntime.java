package io.relayminer.transport.vertx;

import io.netty.util.concurrent.MultithreadEventExecutorGroup;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.dns.AddressResolverOptions;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.internal.VertxInternal;

import org.jspecify.annotations.Nullable;

/**
 * The event loops of the process, shared by all transports and backends of this package and counted
 * by reference: the first user starts them, the last one stops them.
 *
 * <p>Sharing is what makes a relay stay on its thread, and providers, which {@link
 * java.util.ServiceLoader} creates, have no other common owner.
 */
final class VertxRuntime {

    /** An entry of the hosts file counts no longer than this after it has gone. */
    private static final int HOSTS_REFRESH_MILLIS = 10_000;

    /** A DNS answer counts as long as it says, and no longer than this. */
    private static final int LONGEST_DNS_SECONDS = 60;

    private static final Object LOCK = new Object();
    private static @Nullable Vertx shared;
    private static int users;

    private VertxRuntime() {}

    /**
     * The shared instance; to be given back with exactly one {@link #release}.
     *
     * @param eventLoops how many loops to start if none run yet; 0 means one per processor
     */
    static Vertx acquire(int eventLoops) {
        synchronized (LOCK) {
            if (shared == null) {
                shared =
                        Vertx.vertx(
                                new VertxOptions()
                                        .setPreferNativeTransport(true)
                                        .setEventLoopPoolSize(
                                                eventLoops > 0 ? eventLoops : eventLoops())
                                        .setAddressResolverOptions(
                                                new AddressResolverOptions()
                                                        .setHostsRefreshPeriod(HOSTS_REFRESH_MILLIS)
                                                        .setCacheMaxTimeToLive(LONGEST_DNS_SECONDS))
                                        .setFileSystemOptions(
                                                new FileSystemOptions()
                                                        .setFileCachingEnabled(false)
                                                        .setClassPathResolvingEnabled(false)));
            }
            users++;
            return shared;
        }
    }

    /** Gives the instance back; the stage completes when, after the last user, it has stopped. */
    static Future<Void> release() {
        Vertx closing = null;
        synchronized (LOCK) {
            users--;
            if (users == 0) {
                closing = shared;
                shared = null;
            }
        }
        return closing == null ? Future.succeededFuture() : closing.close();
    }

    /** How many event loops an instance runs. */
    static int eventLoops(VertxInternal vertx) {
        return ((MultithreadEventExecutorGroup) vertx.nettyEventLoopGroup()).executorCount();
    }

    /** One event loop per processor. */
    static int eventLoops() {
        return Math.max(1, Runtime.getRuntime().availableProcessors());
    }
}
