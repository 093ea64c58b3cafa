package io.relayminer.core.miner.redis;

import io.lettuce.core.RedisException;
import io.relayminer.core.miner.store.CommitOutcome;
import io.relayminer.core.miner.store.FencedException;
import io.relayminer.core.miner.store.MinerStoreException;
import io.relayminer.core.miner.store.MinerStoreException.Reason;
import io.relayminer.core.miner.store.MinerStoreListener;
import io.relayminer.core.miner.store.OutboxEntry;
import io.relayminer.core.miner.store.RelayEntry;
import io.relayminer.core.miner.store.SessionChange;
import io.relayminer.core.miner.store.SessionRecord;
import io.relayminer.core.miner.store.SessionState;
import io.relayminer.core.miner.store.SubmissionReport;
import io.relayminer.core.miner.store.SupplierStore;
import io.relayminer.core.redis.LuaScript;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.redis.RedisStateException;
import io.relayminer.core.redis.SubmissionPhase;
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
import io.relayminer.smst.redis.LoadedTrie;
import io.relayminer.smst.redis.RedisLeafStore;
import io.relayminer.smst.redis.RootResult;
import io.relayminer.smst.redis.SealResult;
import io.relayminer.smst.redis.SessionDetails;
import io.relayminer.smst.redis.TrieKeys;
import io.relayminer.transport.MinedRelay;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** What Redis keeps of one supplier, under its lease. */
final class RedisSupplierStore implements SupplierStore {

    private static final Logger LOG = LoggerFactory.getLogger(RedisSupplierStore.class);

    private static final LuaScript SET_ASIDE =
            LuaScript.load(RedisSupplierStore.class, "set_aside.lua");
    private static final LuaScript PUT_REPORT =
            LuaScript.load(RedisSupplierStore.class, "put_report.lua");
    private static final String DEAD_LETTER_BOUND = "10000";
    private static final int ADOPTIONS = 3;

    private final RedisConnections connections;
    private final RedisKeys keys;
    private final RedisMinerStoreSettings settings;
    private final MinerStoreListener listener;
    private final RedisLeafStore trees;
    private final StreamInbox inbox;
    private final SessionRecords records;
    private final String supplier;
    private final Fence fence;

    RedisSupplierStore(
            RedisConnections connections,
            RedisKeys keys,
            RedisMinerStoreSettings settings,
            MinerStoreListener listener,
            RedisLeafStore trees,
            StreamInbox inbox,
            String supplier,
            Fence fence) {
        this.connections = connections;
        this.keys = keys;
        this.settings = settings;
        this.listener = listener;
        this.trees = trees;
        this.inbox = inbox;
        this.supplier = supplier;
        this.fence = fence;
        this.records =
                new SessionRecords(connections, keys, settings, listener, trees, supplier, fence);
    }

    @Override
    public List<RelayEntry> poll(int max, Duration wait) throws InterruptedException {
        return inbox.poll(max, wait);
    }

    @Override
    public List<RelayEntry> takeOver(int max) {
        return inbox.takeOver(max);
    }

    @Override
    public String newestEntry() {
        return inbox.newestEntry();
    }

    @Override
    public boolean drainedTo(String entry) {
        return inbox.drainedTo(entry);
    }

    @Override
    public long backlog() {
        return inbox.backlog();
    }

    @Override
    public void discard(Collection<String> entries) {
        // Keys of no session in particular: only those of the supplier are used.
        boolean done =
                tree(
                        "discard",
                        () ->
                                join(
                                        trees.discard(
                                                keys("-"),
                                                fence,
                                                keys.consumerGroup(),
                                                List.copyOf(entries))));
        require(done);
    }

    @Override
    public void setAside(RelayEntry entry, String reason) {
        require(
                script(
                                "set an entry aside",
                                SET_ASIDE,
                                List.of(keys.stream(supplier), keys.deadLetters(supplier)),
                                LuaScript.texts(
                                        List.of(
                                                keys.consumerGroup(),
                                                entry.id(),
                                                reason,
                                                DEAD_LETTER_BOUND)))
                        == 1);
    }

    @Override
    public List<SessionRecord> sessions() {
        return records.open();
    }

    @Override
    public CommitOutcome commit(
            SessionRecord start, List<RelayEntry> entries, Predicate<LeafNode> belongs) {
        LeafBatch batch = new LeafBatch();
        for (RelayEntry entry : entries) {
            MinedRelay relay = entry.relay();
            if (relay == null) {
                throw new IllegalArgumentException("entry " + entry.id() + " has no relay");
            }
            batch.add(relay.relayHash(), relay.relayBytes(), relay.computeUnitsPerRelay());
            batch.acknowledge(entry.id());
        }
        CommitKeys session = keys(start.sessionId());
        SessionDetails details = details(start);
        for (int adoptions = 0; ; adoptions++) {
            var result =
                    tree(
                            "commit",
                            () ->
                                    join(
                                            trees.commit(
                                                    session,
                                                    fence,
                                                    keys.consumerGroup(),
                                                    details,
                                                    batch)));
            switch (result) {
                case CommitResult.Committed c -> {
                    return new CommitOutcome.Committed(
                            c.newLeaves(), c.relayCount(), c.computeUnits());
                }
                case CommitResult.Sealed s -> {
                    return new CommitOutcome.TooLate(s.lateLeaves());
                }
                case CommitResult.Fenced f -> throw new FencedException(supplier);
                case CommitResult.NotAdopted n -> adopt(session, details, belongs, adoptions);
            }
        }
    }

    @Override
    public Optional<Sealed> seal(SessionRecord start, Predicate<LeafNode> belongs) {
        CommitKeys session = keys(start.sessionId());
        SessionDetails details = details(start);
        for (int adoptions = 0; ; adoptions++) {
            SealResult result = tree("seal", () -> join(trees.seal(session, fence, details)));
            switch (result) {
                case SealResult.Sealed s -> {
                    return Optional.of(new Sealed(s.relayCount(), s.computeUnits(), s.state()));
                }
                case SealResult.Absent a -> {
                    return Optional.empty();
                }
                case SealResult.Fenced f -> throw new FencedException(supplier);
                case SealResult.NotAdopted n -> adopt(session, details, belongs, adoptions);
            }
        }
    }

    /** Makes a tree ours that another miner has written to. */
    private void adopt(
            CommitKeys session,
            SessionDetails details,
            Predicate<LeafNode> belongs,
            int adoptions) {
        if (adoptions == ADOPTIONS) {
            throw new MinerStoreException(
                    Reason.UNAVAILABLE,
                    "another miner keeps writing to session " + details.sessionId(),
                    null);
        }
        AdoptResult adopted = tree("adopt", () -> trees.adopt(session, fence, details, belongs));
        if (adopted instanceof AdoptResult.Fenced) {
            throw new FencedException(supplier);
        }
        LOG.info(
                "the tree of session {} of supplier {} was written by another miner: {}",
                details.sessionId(),
                supplier,
                adopted);
    }

    @Override
    public boolean change(SessionRecord session, SessionChange change) {
        return records.change(session, change, treeOf(session.sessionId()));
    }

    @Override
    public MerkleSumRoot storeRoot(String session, MerkleSumRoot root) {
        RootResult result =
                tree("set_root", () -> join(trees.storeRoot(keys(session), fence, root, 0)));
        return switch (result) {
            case RootResult.Stored s -> root;
            case RootResult.Conflict conflict -> conflict.stored();
            case RootResult.Fenced f -> throw new FencedException(supplier);
            case RootResult.NotSealed n ->
                    throw new MinerStoreException(
                            Reason.UNAVAILABLE,
                            "session " + session + " takes leaves still; seal it first",
                            null);
        };
    }

    @Override
    public MerkleSumRoot root(String session) {
        return tree("get_root", () -> join(trees.storedRoot(treeOf(session))));
    }

    @Override
    public SparseMerkleSumTrie trie(String session) {
        LoadedTrie loaded = tree("load", () -> trees.load(treeOf(session)));
        if (loaded.damaged() > 0) {
            LOG.error(
                    "{} nodes of the tree of session {} of supplier {} are damaged and left out",
                    loaded.damaged(),
                    session,
                    supplier);
        }
        return loaded.trie();
    }

    @Override
    public SparseMerkleSumTrie trie(String session, MerkleSumRoot root) {
        return tree("load", () -> trees.loadSealed(treeOf(session), root));
    }

    @Override
    public LeafNodeSource leaves(String session) {
        return trees.leaves(treeOf(session));
    }

    @Override
    public Map<String, OutboxEntry> messages(SubmissionPhase phase, long sessionEnd) {
        return guarded(
                "list messages",
                () -> {
                    Map<String, OutboxEntry> entries = new LinkedHashMap<>();
                    connections
                            .sync()
                            .hgetall(utf8(keys.outbox(phase, supplier, sessionEnd)))
                            .forEach(
                                    (id, value) -> {
                                        String session = new String(id, StandardCharsets.UTF_8);
                                        readable(session, value, OutboxEntry::decode)
                                                .ifPresent(entry -> entries.put(session, entry));
                                    });
                    return entries;
                });
    }

    @Override
    public Optional<SubmissionReport> report(String session, long sessionEnd) {
        return guarded(
                "read a report",
                () ->
                        Optional.ofNullable(
                                        connections
                                                .sync()
                                                .get(
                                                        utf8(
                                                                keys.submission(
                                                                        supplier,
                                                                        sessionEnd,
                                                                        session))))
                                .flatMap(
                                        stored ->
                                                readable(
                                                        session,
                                                        stored,
                                                        SubmissionReport::decode)));
    }

    /** A value of a session; one that cannot be read is no reason to know nothing of the others. */
    private <T> Optional<T> readable(String session, byte[] stored, Function<byte[], T> decoder) {
        try {
            return Optional.of(decoder.apply(stored));
        } catch (RedisStateException.MalformedValue e) {
            LOG.error(
                    "what is stored about session {} of supplier {} cannot be read: {}",
                    session,
                    supplier,
                    e.getMessage());
            return Optional.empty();
        }
    }

    @Override
    public void report(SubmissionReport report) {
        require(
                script(
                                "store a report",
                                PUT_REPORT,
                                List.of(
                                        keys.submission(
                                                supplier, report.sessionEnd(), report.sessionId())),
                                List.of(
                                        report.encode(),
                                        utf8(Long.toString(settings.reportLife().toMillis()))))
                        == 1);
    }

    @Override
    public void close() {
        inbox.close();
    }

    private CommitKeys keys(String session) {
        return new CommitKeys(
                keys.lease(supplier),
                keys.leaseEpoch(supplier),
                keys.stream(supplier),
                keys.session(supplier, session),
                keys.sessionIndex(supplier),
                keys.sessionStateIndex(supplier, SessionState.ACTIVE.wire()),
                keys.sessionStateIndex(supplier, SessionState.CLAIMING.wire()),
                treeOf(session));
    }

    private TrieKeys treeOf(String session) {
        return new TrieKeys(
                keys.smstNodes(supplier, session),
                keys.smstLiveRoot(supplier, session),
                keys.smstRoot(supplier, session),
                keys.smstStats(supplier, session));
    }

    private static SessionDetails details(SessionRecord start) {
        return new SessionDetails(
                start.sessionId(),
                start.metadataFields(),
                new String(SessionRecord.encodeTime(start.lastUpdatedAt()), StandardCharsets.UTF_8),
                0);
    }

    private void require(boolean owned) {
        if (!owned) {
            throw new FencedException(supplier);
        }
    }

    private long script(String what, LuaScript script, List<String> names, List<byte[]> more) {
        return guarded(what, () -> fenced(connections, keys, supplier, fence, script, names, more));
    }

    /** Runs a script whose first keys and arguments are the lease. */
    static long fenced(
            RedisConnections connections,
            RedisKeys keys,
            String supplier,
            Fence fence,
            LuaScript script,
            List<String> names,
            List<byte[]> more) {
        List<String> all = new ArrayList<>();
        all.add(keys.lease(supplier));
        all.add(keys.leaseEpoch(supplier));
        all.addAll(names);
        List<byte[]> arguments = new ArrayList<>();
        arguments.add(utf8(fence.owner()));
        arguments.add(utf8(Long.toString(fence.epoch())));
        arguments.addAll(more);
        return script.integer(connections.sync(), all, arguments);
    }

    private <T> T guarded(String what, Supplier<T> action) {
        try {
            return action.get();
        } catch (RedisException e) {
            throw new MinerStoreException(
                    Reason.UNAVAILABLE, "Redis did not " + what + " of supplier " + supplier, e);
        }
    }

    /** Does something to a tree, timed. */
    private <T> T tree(String operation, Supplier<T> act) {
        long began = System.nanoTime();
        @Nullable Reason failure = null;
        try {
            return act.get();
        } catch (SmstStoreException e) {
            failure = reason(e);
            throw new MinerStoreException(failure, String.valueOf(e.getMessage()), e);
        } finally {
            listener.treeOperation(operation, Duration.ofNanos(System.nanoTime() - began), failure);
        }
    }

    private static Reason reason(SmstStoreException e) {
        return switch (e.reason()) {
            case UNAVAILABLE -> Reason.UNAVAILABLE;
            case OUT_OF_MEMORY -> Reason.OUT_OF_MEMORY;
            case REFUSED -> Reason.REFUSED;
            case OVERFLOW -> Reason.OVERFLOW;
            case ROOT_MISMATCH -> Reason.ROOT_MISMATCH;
            case WRONG_TYPE, LEAF_MISSING -> Reason.DAMAGED;
        };
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

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
