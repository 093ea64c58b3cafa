package io.relayminer.core.redis;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.RedisCredentials;
import io.lettuce.core.RedisCredentialsProvider;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.SslVerifyMode;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.cluster.ClusterClientOptions;
import io.lettuce.core.cluster.ClusterTopologyRefreshOptions;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.cluster.api.sync.RedisClusterCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.DefaultClientResources;
import io.lettuce.core.resource.Delay;
import io.lettuce.core.resource.EventLoopGroupProvider;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.EventExecutorGroup;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ImmediateEventExecutor;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

/**
 * The connections of one process to Redis.
 *
 * <p>One connection carries the commands of all threads: commands pipeline themselves, and a
 * process with a thousand suppliers needs no more sockets than one with two. Two kinds of use get
 * connections of their own, because they would hold up everybody else: blocking reads ({@link
 * #dedicated}) and pub/sub ({@link #subscriber}).
 *
 * <p>Every command has a time limit. While a connection is down, commands queue up to a bound and
 * are sent again after the reconnect, so a command whose reply was lost may run twice: only
 * idempotent commands and scripts belong here.
 *
 * <p>Keys and values are byte arrays throughout, since several values are raw binary.
 *
 * <p>Safe for use by any thread. Closing ends all connections made here.
 */
public final class RedisConnections implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(RedisConnections.class);
    private static final int QUEUE_BOUND = 1 << 16;

    /** However long an outage was, its end is noticed within about a second. */
    private static final Delay RECONNECT =
            Delay.exponential(
                    Duration.ofMillis(10), Duration.ofSeconds(1), 2, TimeUnit.MILLISECONDS);

    private final RedisEndpoint endpoint;
    private final String clientName;
    private final Limits limits;
    private final ClientResources resources;
    private final ReconnectListener listener;
    private final Map<Use, Opener> openers = new EnumMap<>(Use.class);
    private final RedisLink shared;
    private final List<AutoCloseable> opened = new ArrayList<>();
    private boolean closed;

    /**
     * Time limits.
     *
     * @param connectTimeout for establishing a connection
     * @param commandTimeout for a command, from call to reply
     */
    public record Limits(Duration connectTimeout, Duration commandTimeout) {
        /** Five seconds to connect, three for a command. */
        public static final Limits DEFAULT =
                new Limits(Duration.ofSeconds(5), Duration.ofSeconds(3));
    }

    /** What a connection is for. */
    public enum Use {
        /** Commands of all threads. */
        COMMANDS("commands"),
        /** Blocking reads of relay streams. */
        STREAMS_CONSUMER("streams_consumer"),
        /** Relays on their way into streams. */
        STREAMS_PUBLISHER("streams_publisher"),
        /** Subscriptions to channels. */
        PUBSUB("pubsub");

        private final String label;

        Use(String label) {
            this.label = label;
        }

        /** The name in metrics. */
        public String label() {
            return label;
        }
    }

    private interface Opener extends AutoCloseable {
        RedisLink link();

        StatefulRedisPubSubConnection<byte[], byte[]> pubSub();

        @Override
        void close();
    }

    private RedisConnections(
            RedisEndpoint endpoint,
            String clientName,
            Limits limits,
            ClientResources resources,
            ReconnectListener listener) {
        this.endpoint = endpoint;
        this.clientName = clientName;
        this.limits = limits;
        this.resources = resources;
        this.listener = listener;
        try {
            this.shared = opener(Use.COMMANDS).link();
            shared.sync().ping();
        } catch (RedisException e) {
            openers.values().forEach(Opener::close);
            throw e;
        }
    }

    /** Connects with default limits. See {@link #open(RedisEndpoint, String, Limits)}. */
    public static RedisConnections open(String url) {
        return open(RedisEndpoint.parse(url), "", Limits.DEFAULT);
    }

    /** Connects without a listener. */
    public static RedisConnections open(RedisEndpoint endpoint, String clientName, Limits limits) {
        return open(endpoint, clientName, limits, ReconnectListener.NONE);
    }

    /**
     * Connects and checks with {@code PING} that the server answers.
     *
     * @param endpoint where Redis is
     * @param clientName shown by {@code CLIENT LIST}; empty for none. A name in the URL wins
     * @param limits time limits; limits in the URL win
     * @param listener told when connections are lost and found
     * @throws RedisStateException.Unavailable if there is no answer
     */
    public static RedisConnections open(
            RedisEndpoint endpoint, String clientName, Limits limits, ReconnectListener listener) {
        ClientResources resources =
                DefaultClientResources.builder().reconnectDelay(RECONNECT).build();
        try {
            return new RedisConnections(endpoint, clientName, limits, resources, listener);
        } catch (RedisException e) {
            shutdown(resources);
            throw new RedisStateException.Unavailable(
                    "Redis does not answer; check redis.url, the network and the password", e);
        }
    }

    /** What opens the connections of one kind; they share a client, and a topology in a cluster. */
    private synchronized Opener opener(Use use) {
        return openers.computeIfAbsent(use, first -> opener(first, UnaryOperator.identity()));
    }

    private Opener opener(Use use, UnaryOperator<ClientResources.Builder> more) {
        listener.opened(use);
        Reconnects reconnects = new Reconnects(resources.eventBus(), use, listener);
        return opener(
                endpoint,
                clientName,
                limits,
                more.apply(
                                resources
                                        .mutate()
                                        .eventBus(reconnects)
                                        // Else each kind had event loops of its own.
                                        .eventLoopGroupProvider(resources.eventLoopGroupProvider()))
                        .build(),
                reconnects);
    }

    private static Opener opener(
            RedisEndpoint endpoint,
            String clientName,
            Limits limits,
            ClientResources resources,
            RedisConnectionStateListener listener) {
        return switch (endpoint) {
            case RedisEndpoint.Standalone s -> {
                RedisEndpoint.UrlOptions o = s.options();
                Duration dial = o.dialTimeout() == null ? limits.connectTimeout() : o.dialTimeout();
                Duration read = o.readTimeout() == null ? limits.commandTimeout() : o.readTimeout();
                RedisURI.Builder uri =
                        RedisURI.builder()
                                .withHost(s.address().host())
                                .withPort(s.address().port())
                                .withDatabase(s.database())
                                .withSsl(s.tls())
                                .withVerifyPeer(
                                        s.verifyPeer() ? SslVerifyMode.FULL : SslVerifyMode.NONE);
                name(uri, o.clientName().isEmpty() ? clientName : o.clientName());
                yield single(
                        uri.build(), s.credentials(), new Limits(dial, read), resources, listener);
            }
            case RedisEndpoint.Sentinel s -> {
                RedisURI.Builder uri = RedisURI.builder().withSentinelMasterId(s.master());
                for (RedisEndpoint.HostPort h : s.sentinels()) {
                    uri.withSentinel(h.host(), h.port());
                }
                uri.withDatabase(s.database());
                name(uri, clientName);
                RedisEndpoint.Credentials data =
                        new RedisEndpoint.Credentials("", s.credentials().password());
                yield single(uri.build(), data, limits, resources, listener);
            }
            case RedisEndpoint.Cluster c -> cluster(c, clientName, limits, resources, listener);
        };
    }

    private static void name(RedisURI.Builder uri, String clientName) {
        if (!clientName.isEmpty()) {
            uri.withClientName(clientName);
        }
    }

    private static void login(RedisURI uri, RedisEndpoint.Credentials credentials) {
        if (credentials.password().isEmpty()) {
            return;
        }
        String user = credentials.user().isEmpty() ? null : credentials.user();
        uri.setCredentialsProvider(
                RedisCredentialsProvider.from(
                        () -> RedisCredentials.just(user, credentials.password().toCharArray())));
    }

    private static Opener single(
            RedisURI uri,
            RedisEndpoint.Credentials credentials,
            Limits limits,
            ClientResources resources,
            RedisConnectionStateListener listener) {
        login(uri, credentials);
        uri.setTimeout(limits.commandTimeout());
        RedisClient client = RedisClient.create(resources, uri);
        client.addListener(listener);
        client.setOptions(common(ClientOptions.builder(), limits).build());
        return new Opener() {
            @Override
            public RedisLink link() {
                StatefulRedisConnection<byte[], byte[]> c = client.connect(ByteArrayCodec.INSTANCE);
                return new RedisLink(c, c.async(), c.sync());
            }

            @Override
            public StatefulRedisPubSubConnection<byte[], byte[]> pubSub() {
                return client.connectPubSub(ByteArrayCodec.INSTANCE);
            }

            @Override
            public void close() {
                client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
                RedisConnections.shutdown(resources);
            }
        };
    }

    private static Opener cluster(
            RedisEndpoint.Cluster cluster,
            String clientName,
            Limits limits,
            ClientResources resources,
            RedisConnectionStateListener listener) {
        List<RedisURI> seeds = new ArrayList<>();
        for (RedisEndpoint.HostPort seed : cluster.seeds()) {
            RedisURI.Builder uri = RedisURI.builder().withHost(seed.host()).withPort(seed.port());
            name(uri, clientName);
            RedisURI built = uri.build();
            login(built, cluster.credentials());
            built.setTimeout(limits.commandTimeout());
            seeds.add(built);
        }
        RedisClusterClient client = RedisClusterClient.create(resources, seeds);
        client.addListener(listener);
        ClusterClientOptions.Builder options = ClusterClientOptions.builder();
        common(options, limits);
        options.topologyRefreshOptions(
                ClusterTopologyRefreshOptions.builder()
                        .enablePeriodicRefresh(Duration.ofSeconds(30))
                        .build());
        client.setOptions(options.build());
        return new Opener() {
            @Override
            public RedisLink link() {
                StatefulRedisClusterConnection<byte[], byte[]> c =
                        client.connect(ByteArrayCodec.INSTANCE);
                return new RedisLink(c, c.async(), c.sync());
            }

            @Override
            public StatefulRedisPubSubConnection<byte[], byte[]> pubSub() {
                return client.connectPubSub(ByteArrayCodec.INSTANCE);
            }

            @Override
            public void close() {
                client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
                RedisConnections.shutdown(resources);
            }
        };
    }

    private static ClientOptions.Builder common(ClientOptions.Builder options, Limits limits) {
        return options.autoReconnect(true)
                .requestQueueSize(QUEUE_BOUND)
                .timeoutOptions(TimeoutOptions.enabled(limits.commandTimeout()))
                .socketOptions(
                        SocketOptions.builder()
                                .connectTimeout(limits.connectTimeout())
                                .tcpNoDelay(true)
                                .keepAlive(
                                        SocketOptions.KeepAliveOptions.builder()
                                                .enable()
                                                .idle(Duration.ofSeconds(15))
                                                .interval(Duration.ofSeconds(5))
                                                .count(3)
                                                .build())
                                .build());
    }

    /** Where these connections lead. */
    public RedisEndpoint endpoint() {
        return endpoint;
    }

    /** Whether the other side is a Redis Cluster. */
    public boolean cluster() {
        return endpoint instanceof RedisEndpoint.Cluster;
    }

    /**
     * Commands on the shared connection, answered by futures. Never send a blocking command here.
     */
    public RedisClusterAsyncCommands<byte[], byte[]> async() {
        return shared.async();
    }

    /** Commands on the shared connection, for threads that may wait. */
    public RedisClusterCommands<byte[], byte[]> sync() {
        return shared.sync();
    }

    /** The shared connection, for libraries that take one. Do not close it. */
    public RedisLink shared() {
        return shared;
    }

    /** Opens a connection for one user, who closes it. */
    public RedisLink dedicated(Use use) {
        return keep(opener(use).link());
    }

    /**
     * Opens a connection for one user, who closes it, on an event loop of the caller's: what the
     * loop sends goes out from it, and its answers come back to it, without waking another thread.
     *
     * @param use what it is for
     * @param loop of the kind of transport that Netty's native libraries on the class path allow
     *     (epoll where they are, else NIO); must outlive these connections and must not be blocked
     */
    public RedisLink dedicated(Use use, EventLoop loop) {
        EventLoopGroupProvider onlyThis =
                new EventLoopGroupProvider() {
                    @Override
                    @SuppressWarnings("unchecked") // the caller knows it as an EventLoopGroup only
                    public <T extends EventLoopGroup> T allocate(Class<T> type) {
                        return (T) loop;
                    }

                    @Override
                    public int threadPoolSize() {
                        return 1;
                    }

                    @Override
                    public Future<Boolean> release(
                            EventExecutorGroup group, long quiet, long timeout, TimeUnit unit) {
                        return ImmediateEventExecutor.INSTANCE.newSucceededFuture(true);
                    }

                    @Override
                    public Future<Boolean> shutdown(long quiet, long timeout, TimeUnit unit) {
                        return ImmediateEventExecutor.INSTANCE.newSucceededFuture(true);
                    }
                };
        Opener onLoop = keep(opener(use, own -> own.eventLoopGroupProvider(onlyThis)));
        return keep(onLoop.link());
    }

    /** Opens a pub/sub connection for one user, who closes it. */
    public RedisSubscriber subscriber() {
        return keep(new RedisSubscriber(opener(Use.PUBSUB).pubSub()));
    }

    private synchronized <T extends AutoCloseable> T keep(T connection) {
        if (closed) {
            try {
                connection.close();
            } catch (Exception e) {
                throw new RedisStateException.Unavailable("connections are closed", e);
            }
            throw new RedisStateException.Unavailable("connections are closed", null);
        }
        opened.add(connection);
        return connection;
    }

    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        // A connection before the client that it came from.
        for (AutoCloseable connection : opened.reversed()) {
            try {
                connection.close();
            } catch (Exception e) {
                LOG.debug("a connection did not close; the client ends it", e);
            }
        }
        shared.close();
        openers.values().forEach(Opener::close);
        shutdown(resources);
    }

    private static void shutdown(ClientResources resources) {
        var unused = resources.shutdown(0, 2, TimeUnit.SECONDS);
    }
}
