package io.relayminer.core.miner;

import io.relayminer.core.miner.store.SessionState;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.smst.LeafNode;
import io.relayminer.smst.LeafNodeSource;
import io.relayminer.smst.MerkleSumRoot;
import io.relayminer.smst.SmstStoreException;
import io.relayminer.smst.SparseMerkleSumTrie;
import io.relayminer.smst.redis.AdoptResult;
import io.relayminer.smst.redis.CommitKeys;
import io.relayminer.smst.redis.CommitResult;
import io.relayminer.smst.redis.Fence;
import io.relayminer.smst.redis.LeafBatch;
import io.relayminer.smst.redis.RedisLeafStore;
import io.relayminer.smst.redis.RootResult;
import io.relayminer.smst.redis.SealResult;
import io.relayminer.smst.redis.SessionDetails;
import io.relayminer.smst.redis.TrieKeys;
import io.relayminer.transport.MinedRelay;
import io.relayminer.transport.RelayLogEntry;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Predicate;

/** Trees in Redis: puts the keys of this product and the leaf store together. */
final class RedisSessionTrees implements SessionTrees {

    /** Long after any settlement. */
    private static final Duration OVER_LIFE = Duration.ofHours(24);

    private final RedisConnections connections;
    private final RedisKeys keys;
    private final RedisLeafStore store;

    RedisSessionTrees(RedisConnections connections, RedisKeys keys, Duration readTimeout) {
        this.connections = connections;
        this.keys = keys;
        this.store = new RedisLeafStore(connections.async(), readTimeout);
    }

    private CommitKeys keys(String supplier, String sessionId) {
        return new CommitKeys(
                keys.lease(supplier),
                keys.leaseEpoch(supplier),
                keys.stream(supplier),
                keys.session(supplier, sessionId),
                keys.sessionIndex(supplier),
                keys.sessionStateIndex(supplier, SessionState.ACTIVE.wire()),
                keys.sessionStateIndex(supplier, SessionState.CLAIMING.wire()),
                trie(supplier, sessionId));
    }

    private TrieKeys trie(String supplier, String sessionId) {
        return new TrieKeys(
                keys.smstNodes(supplier, sessionId),
                keys.smstLiveRoot(supplier, sessionId),
                keys.smstRoot(supplier, sessionId),
                keys.smstStats(supplier, sessionId));
    }

    @Override
    public CommitResult commit(
            String supplier, Fence fence, SessionDetails session, List<RelayLogEntry> entries) {
        LeafBatch batch = new LeafBatch();
        for (RelayLogEntry entry : entries) {
            MinedRelay relay = entry.relay();
            if (relay != null) {
                batch.add(relay.relayHash(), relay.relayBytes(), relay.computeUnitsPerRelay());
            }
            batch.acknowledge(entry.id());
        }
        return join(
                store.commit(
                        keys(supplier, session.sessionId()),
                        fence,
                        keys.consumerGroup(),
                        session,
                        batch));
    }

    @Override
    public boolean discard(String supplier, Fence fence, List<String> entryIds) {
        return join(store.discard(keys(supplier, "-"), fence, keys.consumerGroup(), entryIds));
    }

    @Override
    public SealResult seal(String supplier, Fence fence, SessionDetails session) {
        return join(store.seal(keys(supplier, session.sessionId()), fence, session));
    }

    @Override
    public RootResult storeRoot(
            String supplier, String sessionId, Fence fence, MerkleSumRoot root) {
        return join(store.storeRoot(keys(supplier, sessionId), fence, root, 0));
    }

    @Override
    public MerkleSumRoot storedRoot(String supplier, String sessionId) {
        return join(store.storedRoot(trie(supplier, sessionId)));
    }

    @Override
    public SparseMerkleSumTrie load(String supplier, String sessionId) {
        return store.load(trie(supplier, sessionId)).trie();
    }

    @Override
    public SparseMerkleSumTrie loadSealed(String supplier, String sessionId, MerkleSumRoot root) {
        return store.loadSealed(trie(supplier, sessionId), root);
    }

    @Override
    public LeafNodeSource leaves(String supplier, String sessionId) {
        return store.leaves(trie(supplier, sessionId));
    }

    @Override
    public AdoptResult adopt(
            String supplier, Fence fence, SessionDetails session, Predicate<LeafNode> belongs) {
        return store.adopt(keys(supplier, session.sessionId()), fence, session, belongs);
    }

    @Override
    public void expire(String supplier, String sessionId) {
        TrieKeys tree = trie(supplier, sessionId);
        for (String key :
                List.of(
                        tree.nodes(),
                        tree.root(),
                        tree.stats(),
                        keys.session(supplier, sessionId))) {
            join(
                    connections
                            .async()
                            .pexpire(key.getBytes(StandardCharsets.UTF_8), OVER_LIFE.toMillis())
                            .toCompletableFuture());
        }
    }

    @Override
    public boolean delete(String supplier, String sessionId, Fence fence) {
        return join(store.delete(keys(supplier, sessionId), fence));
    }

    private static <T> T join(CompletableFuture<T> reply) {
        try {
            return reply.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof SmstStoreException store) {
                throw store;
            }
            throw e;
        }
    }
}
