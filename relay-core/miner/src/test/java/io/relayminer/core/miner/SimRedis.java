package io.relayminer.core.miner;

import io.relayminer.core.miner.store.Outbox;
import io.relayminer.core.miner.store.OutboxEntry;
import io.relayminer.core.miner.store.SessionRecord;
import io.relayminer.core.miner.store.SessionState;
import io.relayminer.core.miner.store.SessionStore;
import io.relayminer.core.miner.store.SubmissionLog;
import io.relayminer.core.miner.store.SubmissionRecord;
import io.relayminer.core.redis.RedisStateException;
import io.relayminer.core.redis.SubmissionPhase;
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
import io.relayminer.transport.MinedRelay;
import io.relayminer.transport.RelayLog;
import io.relayminer.transport.RelayLogEntry;
import io.relayminer.transport.RelayLogException;
import io.relayminer.transport.RelayLogReader;

import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * What Redis keeps for miners, in memory, with the atomicity of the scripts and with faults: a step
 * may fail before it, lose its reply after it, or kill the caller at either point.
 */
final class SimRedis implements SessionTrees, SessionStore, Outbox, SubmissionLog, RelayLog {

    private static final class Tree {
        final TreeMap<String, LeafNode> leaves = new TreeMap<>();
        MerkleSumRoot root = MerkleSumRoot.EMPTY;
    }

    final SimFaults faults;
    final Map<String, Fence> leases = new HashMap<>();
    final Map<String, TreeMap<Long, MinedRelay>> streams = new TreeMap<>();
    final Map<String, Long> lastIds = new HashMap<>();
    final Map<String, Integer> readerGeneration = new HashMap<>();
    final List<String> aside = new ArrayList<>();
    final Map<String, SessionRecord> records = new TreeMap<>();
    private final Map<String, Tree> trees = new TreeMap<>();
    final Map<String, OutboxEntry> messages = new TreeMap<>();
    final Map<String, SubmissionRecord> submissions = new TreeMap<>();

    /** Whether there is no room for leaves. */
    boolean full;

    SimRedis(SimFaults faults) {
        this.faults = faults;
    }

    Fence grant(String supplier, String owner) {
        Fence before = leases.get(supplier);
        Fence fence = new Fence(owner, before == null ? 1 : before.epoch() + 1);
        leases.put(supplier, fence);
        return fence;
    }

    int treeCount() {
        return trees.size();
    }

    private static String key(String supplier, String session) {
        return supplier + "/" + session;
    }

    private <T> T tree(String step, Supplier<T> effect) {
        if (faults.before(step)) {
            throw new SmstStoreException(SmstStoreException.Reason.UNAVAILABLE, step);
        }
        T result = effect.get();
        if (faults.after(step)) {
            throw new SmstStoreException(SmstStoreException.Reason.UNAVAILABLE, step);
        }
        return result;
    }

    private <T> T state(String step, Supplier<T> effect) {
        if (faults.before(step)) {
            throw new RedisStateException.Unavailable(step, null);
        }
        T result = effect.get();
        if (faults.after(step)) {
            throw new RedisStateException.Unavailable(step, null);
        }
        return result;
    }

    private <T> T log(String step, Supplier<T> effect) {
        if (faults.before(step)) {
            throw new RelayLogException.Unavailable(step, null);
        }
        T result = effect.get();
        if (faults.after(step)) {
            throw new RelayLogException.Unavailable(step, null);
        }
        return result;
    }

    private boolean fenced(String supplier, Fence fence) {
        return !fence.equals(leases.get(supplier));
    }

    private void remove(String supplier, Collection<String> ids) {
        TreeMap<Long, MinedRelay> stream = streams.get(supplier);
        for (String id : ids) {
            if (stream != null) {
                stream.remove(Long.valueOf(id));
            }
        }
    }

    // ---- trees ---------------------------------------------------------------------------------

    @Override
    public CommitResult commit(
            String supplier, Fence fence, SessionDetails session, List<RelayLogEntry> entries) {
        if (full) {
            throw new SmstStoreException(SmstStoreException.Reason.OUT_OF_MEMORY, "full");
        }
        return tree(
                "commit",
                () -> {
                    if (fenced(supplier, fence)) {
                        return new CommitResult.Fenced();
                    }
                    String key = key(supplier, session.sessionId());
                    SessionRecord record = records.get(key);
                    SessionState state =
                            record == null
                                    ? SessionState.ACTIVE
                                    : record.knownState().orElseThrow();
                    if (state.terminal()) {
                        return new CommitResult.Sealed(entries.size(), state.wire());
                    }
                    Tree tree = trees.get(key);
                    List<String> ids = entries.stream().map(RelayLogEntry::id).toList();
                    if (state != SessionState.ACTIVE) {
                        int missing = 0;
                        for (RelayLogEntry entry : entries) {
                            if (tree == null || !tree.leaves.containsKey(hex(entry))) {
                                missing++;
                            }
                        }
                        if (missing > 0) {
                            return new CommitResult.Sealed(missing, state.wire());
                        }
                        remove(supplier, ids);
                        return new CommitResult.Committed(
                                0, record.relayCount(), record.computeUnits());
                    }
                    Tree grown = trees.computeIfAbsent(key, k -> new Tree());
                    int fresh = 0;
                    for (RelayLogEntry entry : entries) {
                        MinedRelay relay = entry.relay();
                        LeafNode leaf =
                                LeafNode.of(
                                        relay.relayHash(),
                                        relay.relayBytes(),
                                        relay.computeUnitsPerRelay());
                        if (grown.leaves.put(hex(entry), leaf) == null) {
                            fresh++;
                        }
                    }
                    long sum = grown.leaves.values().stream().mapToLong(LeafNode::weight).sum();
                    SessionRecord base =
                            record == null
                                    ? SessionRecord.ofFields(session.newRecord()).orElseThrow()
                                    : record;
                    records.put(key, counters(base, grown.leaves.size(), sum));
                    remove(supplier, ids);
                    return new CommitResult.Committed(fresh, grown.leaves.size(), sum);
                });
    }

    private static String hex(RelayLogEntry entry) {
        return HexFormat.of().formatHex(entry.relay().relayHash());
    }

    private static SessionRecord counters(SessionRecord r, long relays, long units) {
        return new SessionRecord(
                r.sessionId(),
                r.supplier(),
                r.serviceId(),
                r.application(),
                r.startHeight(),
                r.endHeight(),
                r.state(),
                relays,
                units,
                r.createdAt(),
                r.lastUpdatedAt(),
                r.claimedRoot(),
                r.claimTxHash(),
                r.proofTxHash(),
                "",
                r.settlement());
    }

    @Override
    public boolean discard(String supplier, Fence fence, List<String> entryIds) {
        return tree(
                "discard",
                () -> {
                    if (fenced(supplier, fence)) {
                        return false;
                    }
                    remove(supplier, entryIds);
                    return true;
                });
    }

    @Override
    public SealResult seal(String supplier, Fence fence, SessionDetails session) {
        return tree(
                "seal",
                () -> {
                    if (fenced(supplier, fence)) {
                        return new SealResult.Fenced();
                    }
                    SessionRecord record = records.get(key(supplier, session.sessionId()));
                    if (record == null) {
                        return new SealResult.Absent();
                    }
                    SessionState state = record.knownState().orElseThrow();
                    if (state == SessionState.ACTIVE) {
                        records.put(
                                key(supplier, session.sessionId()),
                                record.withState(SessionState.CLAIMING, record.lastUpdatedAt()));
                    }
                    return new SealResult.Sealed(
                            record.relayCount(),
                            record.computeUnits(),
                            (state == SessionState.ACTIVE ? SessionState.CLAIMING : state).wire());
                });
    }

    @Override
    public RootResult storeRoot(
            String supplier, String sessionId, Fence fence, MerkleSumRoot root) {
        return tree(
                "storeRoot",
                () -> {
                    if (fenced(supplier, fence)) {
                        return new RootResult.Fenced();
                    }
                    Tree tree = trees.get(key(supplier, sessionId));
                    if (tree == null) {
                        return new RootResult.NotSealed();
                    }
                    if (!tree.root.isEmpty() && !tree.root.equals(root)) {
                        return new RootResult.Conflict(tree.root);
                    }
                    tree.root = root;
                    return new RootResult.Stored();
                });
    }

    @Override
    public MerkleSumRoot storedRoot(String supplier, String sessionId) {
        return tree(
                "storedRoot",
                () -> {
                    Tree tree = trees.get(key(supplier, sessionId));
                    return tree == null ? MerkleSumRoot.EMPTY : tree.root;
                });
    }

    @Override
    public SparseMerkleSumTrie load(String supplier, String sessionId) {
        return tree(
                "load",
                () -> {
                    Tree tree = trees.get(key(supplier, sessionId));
                    SparseMerkleSumTrie.Builder builder =
                            SparseMerkleSumTrie.digestBuilder(
                                    tree == null ? 0 : tree.leaves.size());
                    if (tree != null) {
                        tree.leaves.values().forEach(builder::add);
                    }
                    return builder.build();
                });
    }

    @Override
    public SparseMerkleSumTrie loadSealed(String supplier, String sessionId, MerkleSumRoot root) {
        SparseMerkleSumTrie trie = load(supplier, sessionId);
        if (!trie.root().equals(root)) {
            throw new SmstStoreException(
                    SmstStoreException.Reason.ROOT_MISMATCH, "sealed tree of " + sessionId);
        }
        return trie;
    }

    @Override
    public LeafNodeSource leaves(String supplier, String sessionId) {
        return digests ->
                tree(
                        "leaves",
                        () -> {
                            List<byte[]> nodes = new ArrayList<>();
                            for (byte[] digest : digests) {
                                for (LeafNode leaf :
                                        trees.get(key(supplier, sessionId)).leaves.values()) {
                                    if (java.util.Arrays.equals(leaf.digest(), digest)) {
                                        nodes.add(leaf.encode());
                                        break;
                                    }
                                }
                            }
                            return nodes;
                        });
    }

    @Override
    public AdoptResult adopt(
            String supplier, Fence fence, SessionDetails session, Predicate<LeafNode> belongs) {
        throw new UnsupportedOperationException("no other kind of miner writes here");
    }

    @Override
    public boolean delete(String supplier, String sessionId, Fence fence) {
        return tree(
                "delete",
                () -> {
                    if (fenced(supplier, fence)) {
                        return false;
                    }
                    trees.remove(key(supplier, sessionId));
                    return true;
                });
    }

    @Override
    public void expire(String supplier, String sessionId) {
        tree("expire", () -> expiring.add(key(supplier, sessionId)));
    }

    private final Set<String> expiring = new java.util.HashSet<>();

    /** Trees that would stay for ever. */
    List<String> leakedTrees() {
        return trees.keySet().stream().filter(k -> !expiring.contains(k)).toList();
    }

    // ---- records -------------------------------------------------------------------------------

    @Override
    public Optional<SessionRecord> find(String supplier, String sessionId) {
        return state("find", () -> Optional.ofNullable(records.get(key(supplier, sessionId))));
    }

    @Override
    public List<SessionRecord> live(String supplier) {
        return state(
                "live",
                () ->
                        records.values().stream()
                                .filter(r -> r.supplier().equals(supplier))
                                .filter(r -> !r.knownState().orElseThrow().terminal())
                                .toList());
    }

    @Override
    public Moved move(
            Fence fence,
            String supplier,
            String sessionId,
            Set<SessionState> from,
            Change change,
            OffsetDateTime now) {
        return state(
                "move to " + change.to(),
                () -> {
                    if (fenced(supplier, fence)) {
                        return Moved.FENCED;
                    }
                    SessionRecord r = records.get(key(supplier, sessionId));
                    if (r == null) {
                        return Moved.ABSENT;
                    }
                    if (!from.contains(r.knownState().orElseThrow())) {
                        return Moved.ILLEGAL;
                    }
                    records.put(
                            key(supplier, sessionId),
                            new SessionRecord(
                                    r.sessionId(),
                                    r.supplier(),
                                    r.serviceId(),
                                    r.application(),
                                    r.startHeight(),
                                    r.endHeight(),
                                    change.to().wire(),
                                    r.relayCount(),
                                    r.computeUnits(),
                                    r.createdAt(),
                                    now,
                                    change.claimedRoot() == null
                                            ? r.claimedRoot()
                                            : change.claimedRoot(),
                                    change.claimTxHash() == null
                                            ? r.claimTxHash()
                                            : change.claimTxHash(),
                                    change.proofTxHash() == null
                                            ? r.proofTxHash()
                                            : change.proofTxHash(),
                                    "",
                                    change.settlement() == null
                                            ? r.settlement()
                                            : change.settlement()));
                    return Moved.DONE;
                });
    }

    // ---- outbox and submissions ----------------------------------------------------------------

    private static String message(
            SubmissionPhase phase, String supplier, long end, String session) {
        return phase.wire() + "/" + supplier + "/" + end + "/" + session;
    }

    @Override
    public boolean put(
            Fence fence,
            SubmissionPhase phase,
            String supplier,
            long sessionEnd,
            String sessionId,
            OutboxEntry entry) {
        return state(
                "put " + phase,
                () -> {
                    if (fenced(supplier, fence)) {
                        return false;
                    }
                    messages.put(message(phase, supplier, sessionEnd, sessionId), entry);
                    return true;
                });
    }

    @Override
    public void remove(SubmissionPhase phase, String supplier, long sessionEnd, String sessionId) {
        state(
                "remove " + phase,
                () -> {
                    messages.remove(message(phase, supplier, sessionEnd, sessionId));
                    return true;
                });
    }

    @Override
    public Map<String, OutboxEntry> entries(
            SubmissionPhase phase, String supplier, long sessionEnd) {
        return state(
                "entries",
                () -> {
                    Map<String, OutboxEntry> found = new HashMap<>();
                    String prefix = message(phase, supplier, sessionEnd, "");
                    messages.forEach(
                            (key, entry) -> {
                                if (key.startsWith(prefix)) {
                                    found.put(key.substring(prefix.length()), entry);
                                }
                            });
                    return found;
                });
    }

    @Override
    public Optional<SubmissionRecord> find(String supplier, long sessionEnd, String sessionId) {
        return state(
                "find submission",
                () -> Optional.ofNullable(submissions.get(key(supplier, sessionId))));
    }

    @Override
    public void save(SubmissionRecord record) {
        state(
                "save submission",
                () -> submissions.put(key(record.supplier(), record.sessionId()), record));
    }

    // ---- log -----------------------------------------------------------------------------------

    @Override
    public CompletionStage<String> append(MinedRelay relay) {
        long id = lastIds.merge(relay.supplier(), 1L, Long::sum);
        streams.computeIfAbsent(relay.supplier(), s -> new TreeMap<>()).put(id, relay);
        return CompletableFuture.completedFuture(Long.toString(id));
    }

    @Override
    public RelayLogReader open(String supplier) {
        int generation = readerGeneration.merge(supplier, 1, Integer::sum);
        return new RelayLogReader() {
            private long next = 1;
            private boolean closed;

            private TreeMap<Long, MinedRelay> stream() {
                return streams.computeIfAbsent(supplier, s -> new TreeMap<>());
            }

            @Override
            public List<RelayLogEntry> poll(int max, Duration wait) {
                if (closed) {
                    throw new RelayLogException.Closed("closed");
                }
                return log(
                        "poll",
                        () -> {
                            // A zombie reads, too: it steals deliveries but not entries.
                            List<RelayLogEntry> batch = new ArrayList<>();
                            for (Map.Entry<Long, MinedRelay> e :
                                    stream().tailMap(next).entrySet()) {
                                if (batch.size() == max) {
                                    break;
                                }
                                batch.add(
                                        new RelayLogEntry(
                                                Long.toString(e.getKey()),
                                                e.getValue(),
                                                "",
                                                generation > 1));
                            }
                            if (!batch.isEmpty()) {
                                next = Long.parseLong(batch.get(batch.size() - 1).id()) + 1;
                            }
                            // Pending entries come back from time to time.
                            if (batch.isEmpty()) {
                                next = 1;
                            }
                            return batch;
                        });
            }

            @Override
            public void acknowledge(Collection<String> ids) {
                log(
                        "acknowledge",
                        () -> {
                            SimRedis.this.remove(supplier, ids);
                            return true;
                        });
            }

            @Override
            public void setAside(RelayLogEntry entry, String reason) {
                log(
                        "set aside",
                        () -> {
                            aside.add(reason);
                            SimRedis.this.remove(supplier, List.of(entry.id()));
                            return true;
                        });
            }

            @Override
            public String lastId() {
                return log(
                        "last id",
                        () -> {
                            Long last = lastIds.get(supplier);
                            return last == null ? "" : Long.toString(last);
                        });
            }

            @Override
            public boolean drainedTo(String id) {
                return log(
                        "drained",
                        () ->
                                id.isEmpty()
                                        || stream().isEmpty()
                                        || stream().firstKey() > Long.parseLong(id));
            }

            @Override
            public long size() {
                return log("size", () -> (long) stream().size());
            }

            @Override
            public void close() {
                closed = true;
            }
        };
    }

    @Override
    public void close() {}
}
