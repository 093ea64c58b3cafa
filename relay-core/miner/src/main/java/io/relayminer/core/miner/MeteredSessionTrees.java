package io.relayminer.core.miner;

import io.relayminer.smst.LeafNode;
import io.relayminer.smst.LeafNodeSource;
import io.relayminer.smst.MerkleSumRoot;
import io.relayminer.smst.SmstStoreException;
import io.relayminer.smst.SparseMerkleSumTrie;
import io.relayminer.smst.redis.AdoptResult;
import io.relayminer.smst.redis.CommitResult;
import io.relayminer.smst.redis.Fence;
import io.relayminer.smst.redis.RootResult;
import io.relayminer.smst.redis.SealResult;
import io.relayminer.smst.redis.SessionDetails;
import io.relayminer.transport.RelayLogEntry;

import java.time.Duration;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** Counts and times what is done to trees. An answer that refuses is an answer, not an error. */
final class MeteredSessionTrees implements SessionTrees {

    private final SessionTrees trees;
    private final MinerMetrics metrics;

    MeteredSessionTrees(SessionTrees trees, MinerMetrics metrics) {
        this.trees = trees;
        this.metrics = metrics;
    }

    private <T> T metered(String operation, Supplier<T> step) {
        long began = System.nanoTime();
        boolean success = false;
        try {
            T result = step.get();
            success = true;
            return result;
        } catch (SmstStoreException e) {
            metrics.treeError(operation, e.reason());
            throw e;
        } finally {
            metrics.treeOperation(operation, success, Duration.ofNanos(System.nanoTime() - began));
        }
    }

    @Override
    public CommitResult commit(
            String supplier, Fence fence, SessionDetails session, List<RelayLogEntry> entries) {
        return metered("commit", () -> trees.commit(supplier, fence, session, entries));
    }

    @Override
    public boolean discard(String supplier, Fence fence, List<String> entryIds) {
        return metered("discard", () -> trees.discard(supplier, fence, entryIds));
    }

    @Override
    public SealResult seal(String supplier, Fence fence, SessionDetails session) {
        return metered("seal", () -> trees.seal(supplier, fence, session));
    }

    @Override
    public RootResult storeRoot(
            String supplier, String sessionId, Fence fence, MerkleSumRoot root) {
        return metered("set_root", () -> trees.storeRoot(supplier, sessionId, fence, root));
    }

    @Override
    public MerkleSumRoot storedRoot(String supplier, String sessionId) {
        return metered("get_root", () -> trees.storedRoot(supplier, sessionId));
    }

    @Override
    public SparseMerkleSumTrie load(String supplier, String sessionId) {
        return metered("load", () -> trees.load(supplier, sessionId));
    }

    @Override
    public SparseMerkleSumTrie loadSealed(String supplier, String sessionId, MerkleSumRoot root) {
        return metered("load", () -> trees.loadSealed(supplier, sessionId, root));
    }

    /** Read by and by, so nothing is timed here. */
    @Override
    public LeafNodeSource leaves(String supplier, String sessionId) {
        return trees.leaves(supplier, sessionId);
    }

    @Override
    public AdoptResult adopt(
            String supplier, Fence fence, SessionDetails session, Predicate<LeafNode> belongs) {
        return metered("adopt", () -> trees.adopt(supplier, fence, session, belongs));
    }

    @Override
    public void expire(String supplier, String sessionId) {
        boolean unused =
                metered(
                        "expire",
                        () -> {
                            trees.expire(supplier, sessionId);
                            return true;
                        });
    }

    @Override
    public boolean delete(String supplier, String sessionId, Fence fence) {
        return metered("delete", () -> trees.delete(supplier, sessionId, fence));
    }
}
