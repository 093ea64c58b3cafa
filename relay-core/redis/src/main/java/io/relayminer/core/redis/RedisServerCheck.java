package io.relayminer.core.redis;

import io.lettuce.core.RedisException;
import io.lettuce.core.cluster.api.sync.RedisClusterCommands;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Looks at start-up whether the server can be trusted with unclaimed work.
 *
 * <p>Streams, sessions and leaves exist nowhere else. A server that evicts keys, or is too old for
 * the commands used, loses relays silently, so it is refused. A server that does not persist, or
 * evicts only keys with a time to live, is accepted with a warning.
 *
 * @param version for example {@code 7.2.4}
 * @param evictionPolicy for example {@code noeviction}; empty if it cannot be read
 * @param runId identity of the server process; changes with every start and fail-over
 * @param warnings what the operator should change, empty if nothing
 */
public record RedisServerCheck(
        String version, String evictionPolicy, String runId, List<String> warnings) {

    /** Copies the list. */
    public RedisServerCheck {
        warnings = List.copyOf(warnings);
    }

    /**
     * Inspects the server.
     *
     * @param connections open connections
     * @param keys the keys the process is going to use
     * @throws RedisStateException.UnsuitableServer if the server is older than 6.2, evicts keys
     *     without regard to time to live, or is a cluster while keys are not hash-tagged
     * @throws RedisStateException.Unavailable if it does not answer
     */
    public static RedisServerCheck inspect(RedisConnections connections, RedisKeys keys) {
        if (connections.cluster() && keys.layout() == KeyLayout.PLAIN) {
            throw new RedisStateException.UnsuitableServer(
                    "Redis Cluster needs hash-tagged keys, because scripts touch several keys of a"
                        + " supplier at once; set redis.key_layout: hash_tagged on every relayer"
                        + " and miner");
        }
        RedisClusterCommands<byte[], byte[]> redis = connections.sync();
        try {
            Map<String, String> info = info(redis, "server");
            String version = info.getOrDefault("redis_version", "");
            requireVersion(version);
            Map<String, String> memory = info(redis, "memory");
            String policy = memory.getOrDefault("maxmemory_policy", "");
            List<String> warnings = new ArrayList<>();
            if (policy.startsWith("allkeys-")) {
                throw new RedisStateException.UnsuitableServer(
                        "Redis evicts keys (maxmemory-policy "
                                + policy
                                + "), which silently deletes unclaimed relays; set"
                                + " maxmemory-policy noeviction");
            }
            if (policy.startsWith("volatile-")) {
                warnings.add(
                        "maxmemory-policy is "
                                + policy
                                + "; set noeviction, so that nothing is"
                                + " evicted under memory pressure");
            }
            Map<String, String> persistence = info(redis, "persistence");
            if (!persistence.getOrDefault("aof_enabled", "0").equals("1")) {
                warnings.add(
                        "the append-only file is off; a crash of Redis loses every relay since the"
                                + " last snapshot. Set appendonly yes and appendfsync everysec");
            }
            return new RedisServerCheck(version, policy, info.getOrDefault("run_id", ""), warnings);
        } catch (RedisException e) {
            throw new RedisStateException.Unavailable("Redis does not answer INFO", e);
        }
    }

    /** The identity of the server process behind a connection. */
    static String runId(String infoServer) {
        return parse(infoServer).getOrDefault("run_id", "");
    }

    private static Map<String, String> info(
            RedisClusterCommands<byte[], byte[]> redis, String section) {
        return parse(redis.info(section));
    }

    /** Lines {@code name:value}; comments and lines without a colon are skipped. */
    public static Map<String, String> parse(String info) {
        Map<String, String> values = new HashMap<>();
        for (String line : info.split("\r?\n", -1)) {
            int colon = line.indexOf(':');
            if (colon > 0 && line.charAt(0) != '#') {
                values.put(line.substring(0, colon), line.substring(colon + 1));
            }
        }
        return values;
    }

    static void requireVersion(String version) {
        String[] parts = version.split("\\.", -1);
        try {
            int major = Integer.parseInt(parts[0]);
            int minor = parts.length > 1 ? Integer.parseInt(parts[1]) : 0;
            if (major > 6 || (major == 6 && minor >= 2)) {
                return;
            }
        } catch (NumberFormatException e) {
            // A server that names no version is judged by its answers to commands.
            if (version.isEmpty()
                    || !Character.isDigit(version.toLowerCase(Locale.ROOT).charAt(0))) {
                return;
            }
        }
        throw new RedisStateException.UnsuitableServer(
                "Redis " + version + " is too old; 6.2 or newer (or Valkey) is needed");
    }
}
