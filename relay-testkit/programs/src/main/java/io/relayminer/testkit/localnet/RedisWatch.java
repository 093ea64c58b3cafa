package io.relayminer.testkit.localnet;

import com.google.protobuf.ByteString;

import io.lettuce.core.KeyScanCursor;
import io.lettuce.core.MapScanCursor;
import io.lettuce.core.RedisException;
import io.lettuce.core.ScanArgs;
import io.lettuce.core.ScanCursor;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.models.stream.PendingMessages;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.wire.RelayCodec;
import io.relayminer.core.wire.WireLimits;
import io.relayminer.smst.LeafNode;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Looks at what the daemons keep in Redis. Not thread-safe. */
final class RedisWatch implements AutoCloseable {

    private static final Pattern INSTANCE_PID = Pattern.compile("-(\\d+)x[0-9a-f]{8}$");

    private static final String KEY_PATTERN = "ha:*";

    private final StatefulRedisConnection<String, byte[]> connection;
    private final RedisCommands<String, byte[]> redis;
    private final RedisKeys keys;
    private final List<String> suppliers;

    RedisWatch(
            StatefulRedisConnection<String, byte[]> connection,
            RedisKeys keys,
            List<String> suppliers) {
        this.connection = connection;
        this.redis = connection.sync();
        this.keys = keys;
        this.suppliers = List.copyOf(suppliers);
    }

    /**
     * Notes the size of each tree. The tree is removed once it is settled; the counter in its
     * session record is written by the same script as the leaves and stays for hours, so a sample
     * taken late misses nothing.
     */
    void sampleLeaves(Ledger ledger) {
        for (Map.Entry<RowKey, Ledger.Row> entry : ledger.rows().entrySet()) {
            RowKey key = entry.getKey();
            long size = redis.hlen(keys.smstNodes(key.supplier(), key.sessionId()));
            long recorded = recorded(keys.session(key.supplier(), key.sessionId()));
            entry.getValue().leaves.accumulateAndGet(Math.max(size, recorded), Math::max);
        }
    }

    /**
     * Notes, for each tree that is claimed and so does not change any more, of which relays its
     * leaves are; once for each tree, in pages, so that a large one does not have to fit in memory.
     * A tree that was removed meanwhile is not noted.
     */
    void readTrees(Ledger ledger) {
        for (Map.Entry<RowKey, Ledger.Row> entry : ledger.rows().entrySet()) {
            Ledger.Row row = entry.getValue();
            if (row.claimed != null && row.tree == null) {
                RowKey key = entry.getKey();
                List<ByteString> relays = relaysOf(keys.smstNodes(key.supplier(), key.sessionId()));
                if (redis.exists(keys.smstNodes(key.supplier(), key.sessionId())) > 0) {
                    row.tree = relays;
                }
            }
        }
    }

    private List<ByteString> relaysOf(String tree) {
        Map<String, ByteString> byField = new HashMap<>();
        ScanCursor cursor = ScanCursor.INITIAL;
        do {
            MapScanCursor<String, byte[]> page =
                    redis.hscan(tree, cursor, ScanArgs.Builder.limit(500));
            page.getMap()
                    .forEach(
                            (field, node) -> {
                                if (LeafNode.isLeaf(node)) {
                                    byField.put(field, relayOf(LeafNode.decode(node)));
                                }
                            });
            cursor = page;
        } while (!cursor.isFinished());
        return List.copyOf(byField.values());
    }

    private static ByteString relayOf(LeafNode leaf) {
        return Ledger.nameOf(RelayCodec.decodeRelay(leaf.value(), WireLimits.RELAY).getReq());
    }

    private long recorded(String session) {
        byte[] count = redis.hget(session, "relay_count");
        return count == null ? 0 : Long.parseLong(new String(count, StandardCharsets.UTF_8));
    }

    /** Process id of the miner that leads, or −1 if none does. */
    long leaderPid() {
        return pid(redis.get(keys.globalLeader()));
    }

    /** Process id of the miner that owns a supplier, or −1 if none does. */
    long ownerPid(String supplier) {
        return pid(redis.get(keys.lease(supplier)));
    }

    private static long pid(byte @org.jspecify.annotations.Nullable [] instance) {
        if (instance == null) {
            return -1;
        }
        Matcher m = INSTANCE_PID.matcher(new String(instance, StandardCharsets.UTF_8));
        return m.find() ? Long.parseLong(m.group(1)) : -1;
    }

    /** What should have been worked off but is still there; empty when all is done. */
    List<String> leftovers(Ledger ledger) {
        List<String> left = new ArrayList<>();
        for (String supplier : suppliers) {
            String stream = keys.stream(supplier);
            long entries = redis.xlen(stream);
            if (entries > 0) {
                left.add(entries + " entries in " + stream);
            }
            long pending = pending(stream);
            if (pending > 0) {
                left.add(pending + " unacknowledged entries in " + stream);
            }
            long dead = redis.exists(keys.deadLetters(supplier));
            if (dead > 0) {
                left.add("entries that could not be processed in " + keys.deadLetters(supplier));
            }
        }
        for (RowKey key : ledger.rows().keySet()) {
            String tree = keys.smstNodes(key.supplier(), key.sessionId());
            if (redis.exists(tree) > 0) {
                left.add("the tree " + tree);
            }
        }
        return left;
    }

    private long pending(String stream) {
        try {
            PendingMessages pending = redis.xpending(stream, keys.consumerGroup());
            return pending.getCount();
        } catch (RedisException noGroup) {
            return 0;
        }
    }

    /** All keys of relayers and miners. */
    Set<String> keys() {
        Set<String> found = new HashSet<>();
        ScanCursor cursor = ScanCursor.INITIAL;
        do {
            KeyScanCursor<String> page =
                    redis.scan(cursor, ScanArgs.Builder.matches(KEY_PATTERN).limit(1000));
            found.addAll(page.getKeys());
            cursor = page;
        } while (!cursor.isFinished());
        return found;
    }

    /** Removes all keys of relayers and miners except some. */
    void removeAllBut(Set<String> kept) {
        Set<String> gone = keys();
        gone.removeAll(kept);
        for (String key : gone) {
            redis.unlink(key);
        }
    }

    @Override
    public void close() {
        connection.close();
    }
}
