package io.relayminer.core.miner;

import io.lettuce.core.RedisException;
import io.lettuce.core.SetArgs;
import io.relayminer.core.redis.MeterId;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisKeys;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What a miner tells the rest of the fleet while it works: sealed sessions, applications and
 * services it has met, and what it can do. Best effort; nothing blocks but {@link #present}.
 */
final class FleetNotices implements SessionSignals {

    private static final Logger LOG = LoggerFactory.getLogger(FleetNotices.class);

    private final RedisConnections connections;
    private final RedisKeys keys;
    private final Set<String> applications = ConcurrentHashMap.newKeySet();
    private final Set<String> services = ConcurrentHashMap.newKeySet();

    FleetNotices(RedisConnections connections, RedisKeys keys) {
        this.connections = connections;
        this.keys = keys;
    }

    @Override
    public void sealed(String supplier, String sessionId) {
        byte[] message = new MeterId(sessionId, supplier).encode();
        Set<String> channels = new TreeSet<>();
        channels.add(keys.meterCleanupChannel());
        channels.add(keys.meterCleanupChannelOfMeterBase());
        try {
            for (String channel : channels) {
                var unused = connections.async().publish(utf8(channel), message);
            }
        } catch (RedisException e) {
            LOG.debug("the clean-up of a meter was not announced", e);
        }
    }

    @Override
    public void met(String application, String service) {
        try {
            if (applications.add(application)) {
                var unused =
                        connections
                                .async()
                                .sadd(utf8(keys.known("applications")), utf8(application));
            }
            if (services.add(service)) {
                var unused = connections.async().sadd(utf8(keys.known("services")), utf8(service));
            }
        } catch (RedisException e) {
            LOG.debug("a known entity was not added", e);
        }
    }

    /**
     * Says what this replica can do, for a while, and repeats what it has met, in case somebody
     * dropped it. Blocks.
     *
     * @throws RedisException if Redis does not answer
     */
    void present(String instance, Duration life) {
        connections
                .sync()
                .set(
                        utf8(keys.capabilities(instance)),
                        utf8("{\"commit\":\"leaves\",\"takes_over_pending\":true}"),
                        SetArgs.Builder.px(life.toMillis()));
        know("applications", applications);
        know("services", services);
    }

    private void know(String plural, Set<String> members) {
        if (!members.isEmpty()) {
            long unused =
                    connections
                            .sync()
                            .sadd(
                                    utf8(keys.known(plural)),
                                    members.stream()
                                            .map(FleetNotices::utf8)
                                            .toArray(byte[][]::new));
        }
    }

    /** Suppliers that some replica of the fleet works for, or has worked for. Blocks. */
    Set<String> registeredSuppliers() {
        Set<String> suppliers = new TreeSet<>();
        for (byte[] member : connections.sync().smembers(utf8(keys.supplierRegistryIndex()))) {
            suppliers.add(new String(member, StandardCharsets.UTF_8));
        }
        return suppliers;
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
