package io.relayminer.smst.redis;

import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.relayminer.smst.LeafNode;
import io.relayminer.smst.LeafNodeSource;
import io.relayminer.smst.MerkleSumRoot;
import io.relayminer.smst.SmstStoreException;
import io.relayminer.smst.SparseMerkleSumTrie;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Predicate;

/*
 * What is stored. A session's tree is a set of leaves, and the hash of a session holds these leaves, each under its digest, and nothing
 * else. No inner node, no growing root: both are functions of the leaves, and what is not stored cannot be stale, missing or half
 * written. The encoding of a leaf and its field name are the reference's, because a leaf node says everything about itself (path, relay,
 * weight), so that a hash can change hands.
 *
 * The commit. A relay lives in the stream until it is a leaf, and it must never be neither. So one script per batch does three things
 * that are otherwise three chances to crash in between: it writes the leaves, adds what is new to the counters of the session record,
 * and acknowledges and deletes the stream entries. Redis runs a script as one step, logs it as one unit and replicates it as one.
 *
 * Why it may be repeated. The field of a leaf is the hash of its content, so writing it twice writes the same bytes, and Redis says how
 * many fields were new. Only these are counted. A batch sent again because its reply was lost, entries delivered twice, a relay that two
 * relayers published: all of them find the leaf in place and change nothing but the stream. No set of seen relays is needed, and no
 * counter can drift.
 *
 * Who may write. Each script first compares the lease with the caller's id and epoch. The lease lives in the same Redis, hence there is
 * no moment at which a paused owner is still believed: when it wakes up, its script is refused by the data it would have changed.
 *
 * The invariant. The number of fields of the hash equals the relay count of the record. Any other writer breaks it, since a store of a
 * whole trie has more nodes than leaves; the commit then refuses with NotAdopted before it writes, and adopt() makes the invariant true
 * again from the leaves found. The check costs one HLEN.
 *
 * Out of memory. Redis refuses a script at its first write, and the first write of each script here is one that it refuses. After that
 * a script is allowed to finish. Types of keys are checked before, because a command that fails on the type of its key would leave
 * what came before it.
 */

/**
 * The leaves of session trees in Redis, and the operations on them that need to be atomic. Works on
 * a single server, behind Sentinel, and on a Redis Cluster if the keys of a session carry one hash
 * tag. Needs Redis 6.2 or newer, or Valkey.
 *
 * <p>The operations that write return at once; their future completes on the client's thread with a
 * definite answer, or exceptionally with an {@link SmstStoreException} whose reason is {@code
 * UNAVAILABLE} (state unknown, repeat the same call), {@code OUT_OF_MEMORY} (nothing was changed,
 * repeat later), {@code WRONG_TYPE}, {@code OVERFLOW} or {@code REFUSED} (repeating does not help).
 * The operations that read whole trees block and are meant for virtual threads. Instances are
 * stateless and safe for use by any thread; they do not own the connection.
 */
public final class RedisLeafStore {

    private static final LuaScript COMMIT = LuaScript.load("commit.lua");
    private static final LuaScript SEAL = LuaScript.load("seal.lua");
    private static final LuaScript ROOT = LuaScript.load("root.lua");
    private static final LuaScript DISCARD = LuaScript.load("discard.lua");
    private static final LuaScript PRUNE = LuaScript.load("prune.lua");
    private static final LuaScript ADOPT = LuaScript.load("adopt.lua");
    private static final LuaScript DELETE = LuaScript.load("delete.lua");

    private static final int PRUNE_PAGE = 7000;
    private static final int MAX_ADOPT_ATTEMPTS = 5;

    private final RedisClusterAsyncCommands<byte[], byte[]> redis;
    private final NodesHash nodes;

    /**
     * A store on a connection.
     *
     * @param redis commands of a connection that others may use too; keys and values are bytes
     * @param readTimeout how long one page of a blocking read may take
     */
    public RedisLeafStore(RedisClusterAsyncCommands<byte[], byte[]> redis, Duration readTimeout) {
        this.redis = redis;
        this.nodes = new NodesHash(redis, readTimeout);
    }

    /**
     * Commits a batch in one round trip: leaves, counters and acknowledgements together, or
     * nothing. Creates the session record if it does not exist. Repeating the call, with the same
     * or an overlapping batch, changes nothing that is done already.
     *
     * @param keys keys of the session
     * @param fence lease held by the caller
     * @param group consumer group of the stream
     * @param session record for a new session, time and time to live
     * @param batch relays of this session and the entries they came in
     * @return the decision
     */
    public CompletableFuture<CommitResult> commit(
            CommitKeys keys, Fence fence, String group, SessionDetails session, LeafBatch batch) {
        List<byte[]> arguments = fenced(fence);
        arguments.add(bytes(group));
        arguments.add(bytes(session.sessionId()));
        arguments.add(bytes(session.now()));
        arguments.add(LeafBatch.decimal(session.timeToLiveMillis()));
        arguments.add(LeafBatch.decimal(session.newRecord().size()));
        appendRecord(session.newRecord(), arguments);
        batch.appendTo(arguments);
        return run(
                COMMIT,
                List.of(
                        keys.lease(),
                        keys.epoch(),
                        keys.trie().nodes(),
                        keys.trie().root(),
                        keys.session(),
                        keys.sessionIndex(),
                        keys.activeIndex(),
                        keys.stream()),
                arguments,
                reply ->
                        switch ((int) reply.code()) {
                            case 0 ->
                                    new CommitResult.Committed(
                                            (int) reply.number(1),
                                            reply.number(2),
                                            reply.number(3));
                            case 1 -> new CommitResult.Fenced();
                            case 2 -> new CommitResult.Sealed((int) reply.number(1), reply.text(2));
                            case 4 -> new CommitResult.NotAdopted(reply.number(1), reply.number(2));
                            case 5 ->
                                    throw new SmstStoreException(
                                            SmstStoreException.Reason.WRONG_TYPE,
                                            "the key "
                                                    + reply.text(1)
                                                    + " holds another Redis type than a miner"
                                                    + " writes there; inspect it and rename or"
                                                    + " delete it");
                            case 6 ->
                                    throw new SmstStoreException(
                                            SmstStoreException.Reason.OVERFLOW,
                                            "the compute units of session "
                                                    + session.sessionId()
                                                    + " would exceed 2^63 - 1");
                            case 7 ->
                                    throw new SmstStoreException(
                                            SmstStoreException.Reason.REFUSED,
                                            "argument "
                                                    + reply.number(1)
                                                    + " of a commit of session "
                                                    + session.sessionId()
                                                    + " is not what the script takes");
                            default -> throw reply.unknown();
                        });
    }

    /**
     * Acknowledges and deletes entries that will never become leaves, after a definite refusal.
     *
     * @param keys keys of the supplier's session; only lease, epoch and stream are used
     * @param fence lease held by the caller
     * @param group consumer group of the stream
     * @param entryIds ids of the entries; may be empty
     * @return false if the lease is not ours and nothing was changed
     */
    public CompletableFuture<Boolean> discard(
            CommitKeys keys, Fence fence, String group, List<String> entryIds) {
        if (entryIds.isEmpty()) {
            return CompletableFuture.completedFuture(true);
        }
        List<byte[]> arguments = fenced(fence);
        arguments.add(bytes(group));
        entryIds.forEach(id -> arguments.add(bytes(id)));
        return run(
                DISCARD,
                List.of(keys.lease(), keys.epoch(), keys.stream()),
                arguments,
                reply -> reply.code() == 0);
    }

    /**
     * Closes a session to further leaves and moves it from state {@code active} to {@code
     * claiming}. From the moment this is answered the set of leaves does not change any more.
     * Idempotent.
     *
     * @param keys keys of the session
     * @param fence lease held by the caller
     * @param session id, time and time to live; the record is not created
     * @return the decision
     */
    public CompletableFuture<SealResult> seal(
            CommitKeys keys, Fence fence, SessionDetails session) {
        List<byte[]> arguments = fenced(fence);
        arguments.add(bytes(session.sessionId()));
        arguments.add(bytes(session.now()));
        arguments.add(LeafBatch.decimal(session.timeToLiveMillis()));
        return run(
                SEAL,
                List.of(
                        keys.lease(),
                        keys.epoch(),
                        keys.trie().nodes(),
                        keys.trie().root(),
                        keys.session(),
                        keys.activeIndex(),
                        keys.claimingIndex()),
                arguments,
                reply ->
                        switch ((int) reply.code()) {
                            case 0 ->
                                    new SealResult.Sealed(
                                            reply.number(1), reply.number(2), reply.text(3));
                            case 1 -> new SealResult.Fenced();
                            case 4 -> new SealResult.NotAdopted(reply.number(1), reply.number(2));
                            case 5 -> new SealResult.Absent();
                            default -> throw reply.unknown();
                        });
    }

    /**
     * Stores the root of a sealed session, and {@code count:sum} beside it. A root that is stored
     * is never replaced by another one.
     *
     * @param keys keys of the session
     * @param fence lease held by the caller
     * @param root root of the trie of all leaves
     * @param timeToLiveMillis how long root and statistics live; 0 for ever
     * @return the decision
     */
    public CompletableFuture<RootResult> storeRoot(
            CommitKeys keys, Fence fence, MerkleSumRoot root, long timeToLiveMillis) {
        List<byte[]> arguments = fenced(fence);
        arguments.add(root.toBytes());
        arguments.add(
                bytes(
                        Long.toUnsignedString(root.count())
                                + ":"
                                + Long.toUnsignedString(root.sum())));
        arguments.add(LeafBatch.decimal(timeToLiveMillis));
        return run(
                ROOT,
                List.of(
                        keys.lease(),
                        keys.epoch(),
                        keys.trie().root(),
                        keys.trie().stats(),
                        keys.session()),
                arguments,
                reply ->
                        switch ((int) reply.code()) {
                            case 0 -> new RootResult.Stored();
                            case 1 -> new RootResult.Fenced();
                            case 2 -> new RootResult.Conflict(MerkleSumRoot.of(reply.bytes(1)));
                            case 3 -> new RootResult.NotSealed();
                            default -> throw reply.unknown();
                        });
    }

    /**
     * Deletes the tree of a session that is settled or was given up, all four keys. The session
     * record stays.
     *
     * @param keys keys of the session
     * @param fence lease held by the caller
     * @return false if the lease is not ours and nothing was changed
     */
    public CompletableFuture<Boolean> delete(CommitKeys keys, Fence fence) {
        return run(
                DELETE,
                List.of(
                        keys.lease(),
                        keys.epoch(),
                        keys.trie().nodes(),
                        keys.trie().liveRoot(),
                        keys.trie().root(),
                        keys.trie().stats()),
                fenced(fence),
                reply -> reply.code() == 0);
    }

    /**
     * The root that was stored for a session.
     *
     * @param keys keys of the tree
     * @return the root; {@link MerkleSumRoot#EMPTY} if there is none or if what is there is not a
     *     root
     */
    public CompletableFuture<MerkleSumRoot> storedRoot(TrieKeys keys) {
        return StoreErrors.translated(redis.get(bytes(keys.root())).toCompletableFuture())
                .thenApply(
                        value ->
                                value == null || value.length != MerkleSumRoot.BYTES
                                        ? MerkleSumRoot.EMPTY
                                        : MerkleSumRoot.of(value));
    }

    /**
     * Builds the trie of all leaves of a session, reading the hash page by page. Blocks; costs
     * about as many bytes of network as the relays have and 80 bytes of memory per leaf. What comes
     * out is exact if the session is sealed, and a moment's view otherwise.
     *
     * @param keys keys of the tree
     * @return the trie and what else was found; the trie is empty if there is no hash
     * @throws SmstStoreException if Redis does not answer
     */
    public LoadedTrie load(TrieKeys keys) {
        return nodes.load(keys);
    }

    /**
     * Builds the trie whose root is known, as it is needed for a proof. If the hash was written by
     * another kind of miner, leaves that are not part of the sealed tree are left out by following
     * its inner nodes from the root.
     *
     * @param keys keys of the tree
     * @param root root that was claimed
     * @return the trie with this root
     * @throws SmstStoreException if Redis does not answer, or with reason {@code ROOT_MISMATCH} if
     *     the leaves do not give the root
     */
    public SparseMerkleSumTrie loadSealed(TrieKeys keys, MerkleSumRoot root) {
        return nodes.loadSealed(keys, root);
    }

    /**
     * Reads leaves for a proof, one round trip for both. Blocks.
     *
     * @param keys keys of the tree
     * @return the source; throws {@link SmstStoreException} with reason {@code LEAF_MISSING} if a
     *     leaf is gone
     */
    public LeafNodeSource leaves(TrieKeys keys) {
        return nodes.leaves(keys);
    }

    /**
     * Makes the tree of an active session ours: keeps every leaf, reachable from a root or not,
     * removes what is not a leaf of this session, and sets the counters to what the leaves say.
     * Call it when {@link CommitResult.NotAdopted} asks for it, and when a supplier is taken over
     * while other miners may have written. Blocks. Idempotent, also after a crash in between.
     *
     * @param keys keys of the session
     * @param fence lease held by the caller
     * @param session record for a new session, time and time to live
     * @param belongs whether a leaf, whose path is that of its relay, is one of this session: right
     *     supplier, session and weight
     * @return the decision
     * @throws SmstStoreException if Redis does not answer, or if somebody keeps writing to the hash
     */
    public AdoptResult adopt(
            CommitKeys keys, Fence fence, SessionDetails session, Predicate<LeafNode> belongs) {
        int removed = 0;
        for (int attempt = 0; attempt < MAX_ADOPT_ATTEMPTS; attempt++) {
            NodesHash.Inventory inventory = nodes.inventory(keys.trie(), belongs);
            for (int from = 0; from < inventory.foreign.size(); from += PRUNE_PAGE) {
                int to = Math.min(from + PRUNE_PAGE, inventory.foreign.size());
                List<byte[]> arguments = fenced(fence);
                arguments.addAll(inventory.foreign.subList(from, to));
                Reply reply =
                        nodes.await(
                                run(
                                        PRUNE,
                                        List.of(
                                                keys.lease(),
                                                keys.epoch(),
                                                keys.trie().nodes(),
                                                keys.trie().liveRoot(),
                                                keys.trie().root()),
                                        arguments,
                                        Function.identity()));
                switch ((int) reply.code()) {
                    case 0 -> removed += (int) reply.number(1);
                    case 1 -> {
                        return new AdoptResult.Fenced();
                    }
                    case 2 -> {
                        return new AdoptResult.Sealed();
                    }
                    default -> throw reply.unknown();
                }
            }
            Reply reply =
                    nodes.await(
                            run(
                                    ADOPT,
                                    List.of(
                                            keys.lease(),
                                            keys.epoch(),
                                            keys.trie().nodes(),
                                            keys.trie().root(),
                                            keys.session(),
                                            keys.sessionIndex(),
                                            keys.activeIndex()),
                                    adoptArguments(fence, session, inventory),
                                    Function.identity()));
            switch ((int) reply.code()) {
                case 0 -> {
                    return new AdoptResult.Adopted(
                            inventory.leaves.size(),
                            inventory.computeUnits,
                            reply.number(1),
                            removed);
                }
                case 1 -> {
                    return new AdoptResult.Fenced();
                }
                case 2 -> {
                    return new AdoptResult.Sealed();
                }
                case 4 -> {
                    // Somebody wrote between the scan and the script: look again.
                }
                default -> throw reply.unknown();
            }
        }
        throw new SmstStoreException(
                SmstStoreException.Reason.UNAVAILABLE,
                "another miner keeps writing to "
                        + keys.trie().nodes()
                        + "; stop it, or wait for it to notice that it"
                        + " lost the lease");
    }

    private static List<byte[]> adoptArguments(
            Fence fence, SessionDetails session, NodesHash.Inventory inventory) {
        List<byte[]> arguments = fenced(fence);
        arguments.add(bytes(session.sessionId()));
        arguments.add(bytes(session.now()));
        arguments.add(LeafBatch.decimal(session.timeToLiveMillis()));
        arguments.add(LeafBatch.decimal(inventory.leaves.size()));
        arguments.add(LeafBatch.decimal(inventory.computeUnits));
        appendRecord(session.newRecord(), arguments);
        return arguments;
    }

    private <T> CompletableFuture<T> run(
            LuaScript script,
            List<String> keys,
            List<byte[]> arguments,
            Function<Reply, T> decode) {
        byte[][] names = keys.stream().map(RedisLeafStore::bytes).toArray(byte[][]::new);
        return StoreErrors.translated(script.run(redis, names, arguments.toArray(byte[][]::new)))
                .thenApply(values -> decode.apply(new Reply(values)));
    }

    private static List<byte[]> fenced(Fence fence) {
        List<byte[]> arguments = new ArrayList<>();
        arguments.add(bytes(fence.owner()));
        arguments.add(LeafBatch.decimal(fence.epoch()));
        return arguments;
    }

    private static void appendRecord(Map<String, byte[]> record, List<byte[]> arguments) {
        record.forEach(
                (field, value) -> {
                    arguments.add(bytes(field));
                    arguments.add(value);
                });
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
