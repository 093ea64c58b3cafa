package io.relayminer.smst.redis;

import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.relayminer.smst.LeafNodeSource;
import io.relayminer.smst.MerkleSumRoot;
import io.relayminer.smst.SmstStoreException;
import io.relayminer.smst.SparseMerkleSumTrie;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.IdentityHashMap;
import java.util.concurrent.CompletableFuture;

/**
 * Tries in Redis for those who want nothing else: no lease, no session, no stream. Whoever can
 * write to the keys can add leaves, and who keeps two writers from disagreeing is the caller's
 * business.
 *
 * <p>The hash has the form that {@link RedisLeafStore} and the reference's tools read. Errors are
 * {@link SmstStoreException}s. Safe for use by any thread; the connection stays the caller's.
 */
public final class RedisTrieStore {

    private final RedisClusterAsyncCommands<byte[], byte[]> redis;
    private final NodesHash nodes;

    /**
     * A store on a connection.
     *
     * @param redis commands of a connection that others may use too; keys and values are bytes
     * @param readTimeout how long one page of a blocking read may take
     */
    public RedisTrieStore(RedisClusterAsyncCommands<byte[], byte[]> redis, Duration readTimeout) {
        this.redis = redis;
        this.nodes = new NodesHash(redis, readTimeout);
    }

    /**
     * Adds leaves, all or none of them. Adding one that is there already changes nothing.
     *
     * @param keys keys of the trie; only the nodes are written
     * @param batch the leaves, without stream entries
     * @return how many of them were new
     * @throws IllegalArgumentException if the batch acknowledges stream entries, of which this
     *     store knows nothing
     */
    public CompletableFuture<Long> add(TrieKeys keys, LeafBatch batch) {
        if (batch.entries() > 0) {
            throw new IllegalArgumentException(
                    "the batch acknowledges stream entries; RedisLeafStore commits those");
        }
        IdentityHashMap<byte[], byte[]> fields = new IdentityHashMap<>();
        batch.forEachLeaf(fields::put);
        return fields.isEmpty()
                ? CompletableFuture.completedFuture(0L)
                : StoreErrors.translated(
                        redis.hset(bytes(keys.nodes()), fields).toCompletableFuture());
    }

    /**
     * Builds the trie of all leaves. Blocks.
     *
     * @param keys keys of the trie
     * @return the trie, empty if there is no such hash, and what else was found in it
     * @throws SmstStoreException if Redis does not answer
     */
    public LoadedTrie load(TrieKeys keys) {
        return nodes.load(keys);
    }

    /**
     * Builds the trie whose root is known. Blocks.
     *
     * @param keys keys of the trie
     * @param root its root
     * @return the trie
     * @throws SmstStoreException if Redis does not answer, or if the leaves do not give the root
     */
    public SparseMerkleSumTrie load(TrieKeys keys, MerkleSumRoot root) {
        return nodes.loadSealed(keys, root);
    }

    /**
     * Gives a proof the leaves that it shows.
     *
     * @param keys keys of the trie
     * @return the source; blocks when asked
     */
    public LeafNodeSource leaves(TrieKeys keys) {
        return nodes.leaves(keys);
    }

    /**
     * Deletes a trie.
     *
     * @param keys its keys
     * @return how many keys were there
     */
    public CompletableFuture<Long> delete(TrieKeys keys) {
        return StoreErrors.translated(
                redis.unlink(
                                bytes(keys.nodes()),
                                bytes(keys.liveRoot()),
                                bytes(keys.root()),
                                bytes(keys.stats()))
                        .toCompletableFuture());
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
