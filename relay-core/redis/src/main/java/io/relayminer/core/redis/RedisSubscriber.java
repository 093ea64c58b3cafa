package io.relayminer.core.redis;

import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/**
 * Subscriptions to channels over one connection. After a reconnect they are renewed by themselves;
 * messages sent in between are lost, so each subscription has a hook that runs whenever it was
 * (re-)established, in which a cache drops what it can no longer trust.
 *
 * <p>Handlers run on the connection's event loop, one at a time: they must be quick and must not
 * block. What they throw is logged and dropped.
 */
public final class RedisSubscriber implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(RedisSubscriber.class);

    private record Subscription(Consumer<byte[]> onMessage, Runnable onSubscribed) {}

    private final StatefulRedisPubSubConnection<byte[], byte[]> connection;
    private final Map<String, Subscription> subscriptions = new ConcurrentHashMap<>();

    RedisSubscriber(StatefulRedisPubSubConnection<byte[], byte[]> connection) {
        this.connection = connection;
        connection.addListener(
                new RedisPubSubAdapter<>() {
                    @Override
                    public void message(byte[] channel, byte[] message) {
                        Subscription s = subscriptions.get(text(channel));
                        if (s != null) {
                            guarded(text(channel), () -> s.onMessage().accept(message));
                        }
                    }

                    @Override
                    public void subscribed(byte[] channel, long count) {
                        Subscription s = subscriptions.get(text(channel));
                        if (s != null) {
                            guarded(text(channel), s.onSubscribed());
                        }
                    }
                });
    }

    /**
     * Subscribes to a channel. A channel has one subscription; subscribing again replaces it.
     *
     * @param channel the channel
     * @param onMessage receives each message
     * @param onSubscribed runs each time the subscription was established
     * @return completes when the server confirmed the subscription
     */
    public CompletionStage<Void> subscribe(
            String channel, Consumer<byte[]> onMessage, Runnable onSubscribed) {
        subscriptions.put(channel, new Subscription(onMessage, onSubscribed));
        return connection.async().subscribe(channel.getBytes(StandardCharsets.UTF_8));
    }

    private static String text(byte[] channel) {
        return new String(channel, StandardCharsets.UTF_8);
    }

    private static void guarded(String channel, Runnable action) {
        try {
            action.run();
        } catch (RuntimeException e) {
            LOG.warn("a message on {} could not be handled", channel, e);
        }
    }

    @Override
    public void close() {
        connection.close();
    }
}
