package io.relayminer.core.redis;

import io.lettuce.core.RedisChannelHandler;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.event.Event;
import io.lettuce.core.event.EventBus;
import io.lettuce.core.event.connection.ReconnectAttemptEvent;

import reactor.core.publisher.Flux;

import java.net.SocketAddress;
import java.util.Collections;
import java.util.Set;
import java.util.WeakHashMap;

/**
 * What a listener is told, from what the client library tells of the connections of one kind:
 * attempts are events on its bus, and a reconnect is a connect of a connection that was lost.
 */
final class Reconnects implements EventBus, RedisConnectionStateListener {

    private final EventBus bus;
    private final RedisConnections.Use use;
    private final ReconnectListener listener;
    private final Set<RedisChannelHandler<?, ?>> lost =
            Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));

    Reconnects(EventBus bus, RedisConnections.Use use, ReconnectListener listener) {
        this.bus = bus;
        this.use = use;
        this.listener = listener;
    }

    @Override
    public Flux<Event> get() {
        return bus.get();
    }

    @Override
    public void publish(Event event) {
        if (event instanceof ReconnectAttemptEvent) {
            listener.attempted(use);
        }
        bus.publish(event);
    }

    @Override
    public void onRedisConnected(RedisChannelHandler<?, ?> connection, SocketAddress address) {
        if (lost.remove(connection)) {
            listener.reconnected(use);
        }
    }

    @Override
    public void onRedisDisconnected(RedisChannelHandler<?, ?> connection) {
        lost.add(connection);
    }
}
