package io.relayminer.smst.redis;

import io.lettuce.core.KeyValue;
import io.lettuce.core.MapScanCursor;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.ScanArgs;
import io.lettuce.core.ScanCursor;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.relayminer.smst.LeafNode;
import io.relayminer.smst.LeafNodeSource;
import io.relayminer.smst.MalformedNodeException;
import io.relayminer.smst.MerkleSumRoot;
import io.relayminer.smst.NodeCodec;
import io.relayminer.smst.SmstStoreException;
import io.relayminer.smst.SparseMerkleSumTrie;

import org.jspecify.annotations.Nullable;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;

/**
 * Reads the hash that holds the nodes of a tree, page by page. Blocks; safe for use by any thread.
 */
final class NodesHash {

    private static final int SCAN_PAGE = 500;

    private final RedisClusterAsyncCommands<byte[], byte[]> redis;
    private final Duration readTimeout;

    NodesHash(RedisClusterAsyncCommands<byte[], byte[]> redis, Duration readTimeout) {
        this.redis = redis;
        this.readTimeout = readTimeout;
    }

    /** The trie of all leaves that are there. */
    LoadedTrie load(TrieKeys keys) {
        Collector collector = new Collector(expectedFields(keys));
        scan(keys, collector);
        return collector.loaded();
    }

    /** The trie of the leaves below a root; inner nodes tell which ones, where there are any. */
    SparseMerkleSumTrie loadSealed(TrieKeys keys, MerkleSumRoot root) {
        Map<String, byte[]> inner = new HashMap<>();
        Collector all = new Collector(expectedFields(keys));
        all.inner = inner;
        scan(keys, all);
        LoadedTrie loaded = all.loaded();
        if (loaded.trie().root().equals(root)) {
            return loaded.trie();
        }
        if (!inner.isEmpty()) {
            Set<String> reachable = reachable(root, inner);
            Collector some = new Collector(reachable.size());
            some.wanted = reachable;
            scan(keys, some);
            SparseMerkleSumTrie trie = some.loaded().trie();
            if (trie.root().equals(root)) {
                return trie;
            }
        }
        throw new SmstStoreException(
                SmstStoreException.Reason.ROOT_MISMATCH,
                "the leaves in "
                        + keys.nodes()
                        + " give the root "
                        + loaded.trie().root()
                        + " with "
                        + loaded.trie().size()
                        + " leaves ("
                        + loaded.damaged()
                        + " damaged fields) instead of the sealed "
                        + root
                        + "; leaves were lost or added after sealing");
    }

    /** Names of all nodes below a root that inner nodes lead to, leaves included. */
    private static Set<String> reachable(MerkleSumRoot root, Map<String, byte[]> inner) {
        Set<String> seen = new HashSet<>();
        Deque<String> pending = new ArrayDeque<>();
        pending.add(root.toString());
        while (!pending.isEmpty()) {
            String name = pending.remove();
            byte[] node = seen.add(name) ? inner.get(name) : null;
            if (node != null) {
                NodeCodec.children(node)
                        .forEach(child -> pending.add(HexFormat.of().formatHex(child)));
            }
        }
        return seen;
    }

    /** Reads leaf nodes by their digest. */
    LeafNodeSource leaves(TrieKeys keys) {
        return digests -> {
            byte[][] fields = digests.stream().map(LeafBatch::fieldOf).toArray(byte[][]::new);
            List<byte[]> nodes = new ArrayList<>(fields.length);
            for (KeyValue<byte[], byte[]> node : await(redis.hmget(bytes(keys.nodes()), fields))) {
                if (!node.hasValue()) {
                    throw new SmstStoreException(
                            SmstStoreException.Reason.LEAF_MISSING,
                            "a leaf that the trie was built from is no longer in " + keys.nodes());
                }
                nodes.add(node.getValue());
            }
            return nodes;
        };
    }

    /** What an active hash holds: leaves that belong there, and everything else. */
    Inventory inventory(TrieKeys keys, Predicate<LeafNode> belongs) {
        Inventory inventory = new Inventory(belongs);
        scan(keys, inventory);
        return inventory;
    }

    /** Takes the fields of a hash. A field may come twice. */
    interface Visitor {
        void visit(byte[] field, byte[] node);
    }

    /** Builds a trie out of leaves; remembers inner nodes if asked to. */
    private static final class Collector implements Visitor {

        private final SparseMerkleSumTrie.Builder builder;
        private Map<String, byte[]> inner = Map.of();
        private Set<String> wanted = Set.of();
        private final Set<String> others = new HashSet<>();
        private final Set<String> damaged = new HashSet<>();

        Collector(int expectedLeaves) {
            builder = SparseMerkleSumTrie.digestBuilder(expectedLeaves).withoutInsertionOrder();
        }

        @Override
        public void visit(byte[] field, byte[] node) {
            if (LeafNode.isLeaf(node)) {
                leaf(field, node);
                return;
            }
            String name = name(field);
            if (!isNamedAfterItsDigest(field, node)) {
                damaged.add(name);
            } else if (others.add(name) && inner instanceof HashMap) {
                inner.put(name, node);
            }
        }

        private void leaf(byte[] field, byte[] node) {
            if (!wanted.isEmpty() && !wanted.contains(name(field))) {
                return;
            }
            byte[] digest = digestNamedBy(field);
            try {
                if (digest == null || !builder.addStored(digest, node)) {
                    damaged.add(name(field));
                }
            } catch (MalformedNodeException e) {
                damaged.add(name(field));
            }
        }

        LoadedTrie loaded() {
            return new LoadedTrie(builder.build(), others.size(), damaged.size());
        }
    }

    /** Sorts the fields of a hash into leaves of a session and everything else. */
    static final class Inventory implements Visitor {

        private final Predicate<LeafNode> belongs;
        final Set<String> leaves = new HashSet<>();
        private final Set<String> seen = new HashSet<>();
        final List<byte[]> foreign = new ArrayList<>();
        long computeUnits;

        private Inventory(Predicate<LeafNode> belongs) {
            this.belongs = belongs;
        }

        @Override
        public void visit(byte[] field, byte[] node) {
            String name = name(field);
            if (!seen.add(name)) {
                return;
            }
            if (LeafNode.isLeaf(node) && isNamedAfterItsDigest(field, node)) {
                LeafNode leaf = LeafNode.decode(node);
                if (leaf.isRelay()
                        && belongs.test(leaf)
                        && leaves.add(HexFormat.of().formatHex(leaf.path()))) {
                    computeUnits = Math.addExact(computeUnits, leaf.weight());
                    return;
                }
            }
            foreign.add(field);
        }
    }

    /** A field as text, whatever its bytes. */
    private static String name(byte[] field) {
        return new String(field, StandardCharsets.ISO_8859_1);
    }

    /** The digest that a field is the lower-case hex of; null if it is not. */
    private static byte @Nullable [] digestNamedBy(byte[] field) {
        if (field.length != 2 * MerkleSumRoot.BYTES) {
            return null;
        }
        byte[] digest = new byte[MerkleSumRoot.BYTES];
        for (int i = 0; i < field.length; i++) {
            int digit =
                    field[i] >= '0' && field[i] <= '9'
                            ? field[i] - '0'
                            : field[i] >= 'a' && field[i] <= 'f' ? field[i] - 'a' + 10 : -1;
            if (digit < 0) {
                return null;
            }
            digest[i >> 1] = (byte) (digest[i >> 1] << 4 | digit);
        }
        return digest;
    }

    private static boolean isNamedAfterItsDigest(byte[] field, byte[] node) {
        try {
            return Arrays.equals(digestNamedBy(field), NodeCodec.digest(node));
        } catch (MalformedNodeException e) {
            return false;
        }
    }

    private int expectedFields(TrieKeys keys) {
        long fields = await(redis.hlen(bytes(keys.nodes())));
        return (int) Math.min(SparseMerkleSumTrie.MAX_LEAVES, fields);
    }

    /** Asks for the next page before it works on the one that came. */
    private void scan(TrieKeys keys, Visitor visitor) {
        byte[] key = bytes(keys.nodes());
        ScanArgs page = ScanArgs.Builder.limit(SCAN_PAGE);
        RedisFuture<MapScanCursor<byte[], byte[]>> next =
                redis.hscan(key, ScanCursor.INITIAL, page);
        while (true) {
            MapScanCursor<byte[], byte[]> current = await(next);
            if (!current.isFinished()) {
                next = redis.hscan(key, current, page);
            }
            current.getMap().forEach(visitor::visit);
            if (current.isFinished()) {
                return;
            }
        }
    }

    <T> T await(Future<T> answer) {
        try {
            return answer.get(readTimeout.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SmstStoreException(
                    SmstStoreException.Reason.UNAVAILABLE,
                    "interrupted while waiting for Redis",
                    e);
        } catch (TimeoutException e) {
            throw new SmstStoreException(
                    SmstStoreException.Reason.UNAVAILABLE,
                    "Redis did not answer within " + readTimeout,
                    e);
        } catch (ExecutionException e) {
            throw StoreErrors.translate(e);
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
