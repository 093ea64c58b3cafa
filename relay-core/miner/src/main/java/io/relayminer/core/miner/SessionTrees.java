package io.relayminer.core.miner;

import io.relayminer.core.miner.store.SessionRecord;
import io.relayminer.smst.LeafNode;
import io.relayminer.smst.LeafNodeSource;
import io.relayminer.smst.MerkleSumRoot;
import io.relayminer.smst.SparseMerkleSumTrie;
import io.relayminer.smst.redis.AdoptResult;
import io.relayminer.smst.redis.CommitResult;
import io.relayminer.smst.redis.Fence;
import io.relayminer.smst.redis.RootResult;
import io.relayminer.smst.redis.SealResult;
import io.relayminer.smst.redis.SessionDetails;
import io.relayminer.transport.RelayLogEntry;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Predicate;

/**
 * The trees of sessions as the miner uses them: blocking, by supplier and session. The methods have
 * the meaning of those of {@link io.relayminer.smst.redis.RedisLeafStore}; they throw {@link
 * io.relayminer.smst.SmstStoreException}.
 */
interface SessionTrees {

    /** What the store writes when it meets a session for the first time. */
    static SessionDetails details(SessionRecord started) {
        return new SessionDetails(
                started.sessionId(),
                started.metadataFields(),
                new String(
                        SessionRecord.encodeTime(started.lastUpdatedAt()), StandardCharsets.UTF_8),
                0);
    }

    /** Commits entries of one session: leaves, counters and acknowledgement in one step. */
    CommitResult commit(
            String supplier, Fence fence, SessionDetails session, List<RelayLogEntry> entries);

    /** Acknowledges entries that never become leaves; false if fenced. */
    boolean discard(String supplier, Fence fence, List<String> entryIds);

    SealResult seal(String supplier, Fence fence, SessionDetails session);

    RootResult storeRoot(String supplier, String sessionId, Fence fence, MerkleSumRoot root);

    MerkleSumRoot storedRoot(String supplier, String sessionId);

    SparseMerkleSumTrie load(String supplier, String sessionId);

    SparseMerkleSumTrie loadSealed(String supplier, String sessionId, MerkleSumRoot root);

    LeafNodeSource leaves(String supplier, String sessionId);

    AdoptResult adopt(
            String supplier, Fence fence, SessionDetails session, Predicate<LeafNode> belongs);

    /**
     * Limits the life of a tree and its record, before the record says that the session is over: if
     * this process dies in between, Redis forgets them by itself.
     */
    void expire(String supplier, String sessionId);

    /** Deletes a tree; false if fenced. */
    boolean delete(String supplier, String sessionId, Fence fence);
}
