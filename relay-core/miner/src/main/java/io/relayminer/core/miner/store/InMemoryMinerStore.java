package io.relayminer.core.miner.store;

import io.relayminer.core.redis.SubmissionPhase;
import io.relayminer.smst.LeafNode;
import io.relayminer.smst.LeafNodeSource;
import io.relayminer.smst.MerkleSumRoot;
import io.relayminer.smst.SparseMerkleSumTrie;
import io.relayminer.smst.redis.Fence;
import io.relayminer.transport.MinedRelay;
import io.relayminer.transport.RelayLog;
import io.relayminer.transport.RelayLogException;

import org.jspecify.annotations.Nullable;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * A miner's store in the memory of one process, for simulations and for a relayer and a miner that
 * share a process and may lose what they have with it. Records of sessions that are over stay.
 *
 * <p>An owner is fenced when another one has opened the supplier in a later epoch. Safe for use by
 * any thread.
 */
public final class InMemoryMinerStore implements MinerStore {

    /** An entry that was delivered and not settled comes again after so long. */
    private static final Duration AGAIN_AFTER = Duration.ofSeconds(30);

    /** What a script can still tell from a sum that wraps. */
    private static final double MOST_COMPUTE_UNITS = 9e18;

    private final InstantSource clock;
    private final Map<String, Kept> suppliers = new ConcurrentHashMap<>();

    /**
     * A store of nothing.
     *
     * @param clock wall clock; tells when an entry is delivered again
     */
    public InMemoryMinerStore(InstantSource clock) {
        this.clock = clock;
    }

    private static final class Tree {
        final TreeMap<String, LeafNode> leaves = new TreeMap<>();
        MerkleSumRoot root = MerkleSumRoot.EMPTY;

        SparseMerkleSumTrie trie() {
            SparseMerkleSumTrie.Builder builder = SparseMerkleSumTrie.digestBuilder(leaves.size());
            leaves.values().forEach(builder::add);
            return builder.build();
        }

        long sum() {
            return leaves.values().stream().mapToLong(LeafNode::weight).sum();
        }
    }

    private record MessageId(SubmissionPhase phase, long sessionEnd, String session) {}

    /** All that is kept of one supplier. Guarded by its lock. */
    private static final class Kept {
        final ReentrantLock lock = new ReentrantLock();
        final Condition changed = lock.newCondition();
        final TreeMap<Long, MinedRelay> log = new TreeMap<>();
        final TreeMap<Long, String> aside = new TreeMap<>();
        final TreeSet<Long> delivered = new TreeSet<>();
        final Map<String, SessionRecord> records = new TreeMap<>();
        final Map<String, Tree> trees = new TreeMap<>();
        final Map<MessageId, OutboxEntry> messages = new ConcurrentHashMap<>();
        final Map<String, SubmissionReport> reports = new TreeMap<>();
        long newest;
        @Nullable Ledger owner;
    }

    private Kept kept(String supplier) {
        return suppliers.computeIfAbsent(supplier, s -> new Kept());
    }

    private static <T> T locked(Kept kept, Supplier<T> act) {
        kept.lock.lock();
        try {
            return act.get();
        } finally {
            kept.lock.unlock();
        }
    }

    /** The log that relayers of this process append to. */
    public RelayLog log() {
        return new RelayLog() {
            @Override
            public CompletionStage<String> append(MinedRelay relay) {
                String problem = relay.incomplete();
                if (problem != null) {
                    return CompletableFuture.failedFuture(new RelayLogException.Refused(problem));
                }
                Kept kept = kept(relay.supplier());
                return CompletableFuture.completedFuture(
                        locked(
                                kept,
                                () -> {
                                    kept.log.put(++kept.newest, relay);
                                    kept.changed.signalAll();
                                    return Long.toString(kept.newest);
                                }));
            }

            @Override
            public void close() {}
        };
    }

    @Override
    public SupplierStore open(String supplier, Fence fence) {
        Kept kept = kept(supplier);
        return locked(
                kept,
                () -> {
                    Ledger before = kept.owner;
                    if (before != null && before.fence.epoch() > fence.epoch()) {
                        throw new FencedException(supplier);
                    }
                    if (before != null && before.fence.owner().equals(fence.owner())) {
                        before.closed = true;
                        kept.changed.signalAll();
                    }
                    Ledger opened = new Ledger(supplier, fence, kept);
                    kept.owner = opened;
                    return opened;
                });
    }

    @Override
    public boolean hasOpenSessions(String supplier) {
        Kept kept = kept(supplier);
        return locked(kept, () -> kept.records.values().stream().anyMatch(r -> !over(r)));
    }

    /** Reasons for which entries of a supplier were set aside, oldest entry first. */
    public List<String> setAside(String supplier) {
        Kept kept = kept(supplier);
        return locked(kept, () -> List.copyOf(kept.aside.values()));
    }

    /** The records of a supplier, those of sessions that are over too. */
    public List<SessionRecord> records(String supplier) {
        Kept kept = kept(supplier);
        return locked(kept, () -> List.copyOf(kept.records.values()));
    }

    /** How many trees there are of a supplier. */
    public int trees(String supplier) {
        Kept kept = kept(supplier);
        return locked(kept, () -> kept.trees.size());
    }

    /** How many entries the log of a supplier holds. */
    public int backlog(String supplier) {
        Kept kept = kept(supplier);
        return locked(kept, () -> kept.log.size());
    }

    /** The reports on sessions of a supplier. */
    public List<SubmissionReport> reports(String supplier) {
        Kept kept = kept(supplier);
        return locked(kept, () -> List.copyOf(kept.reports.values()));
    }

    /** How many messages of a supplier wait to be included. */
    public int messages(String supplier) {
        return kept(supplier).messages.size();
    }

    @Override
    public void close() {}

    private static boolean over(SessionRecord record) {
        return record.knownState().map(SessionState::terminal).orElse(true);
    }

    private final class Ledger implements SupplierStore {

        private final String supplier;
        private final Fence fence;
        private final Kept kept;
        private boolean closed;
        // The pass over what was delivered before: the entry it has reached, or when it begins.
        private boolean passing = true;
        private long passed;
        private Instant nextPass = Instant.MIN;
        private long takenOver;

        Ledger(String supplier, Fence fence, Kept kept) {
            this.supplier = supplier;
            this.fence = fence;
            this.kept = kept;
        }

        /** An act of the owner. */
        private <T> T owned(Supplier<T> act) {
            return locked(
                    kept,
                    () -> {
                        Ledger owner = kept.owner;
                        if (owner == null || owner.fence.epoch() > fence.epoch()) {
                            throw new FencedException(supplier);
                        }
                        return act.get();
                    });
        }

        @Override
        public List<RelayEntry> poll(int max, Duration wait) throws InterruptedException {
            long left = wait.toNanos();
            kept.lock.lockInterruptibly();
            try {
                while (true) {
                    if (closed) {
                        throw new ClosedException(supplier);
                    }
                    List<RelayEntry> found = deliver(max);
                    if (!found.isEmpty() || left <= 0) {
                        return found;
                    }
                    left = kept.changed.awaitNanos(left);
                }
            } finally {
                kept.lock.unlock();
            }
        }

        private List<RelayEntry> deliver(int max) {
            if (!passing && !clock.instant().isBefore(nextPass)) {
                passing = true;
                passed = 0;
            }
            if (passing) {
                List<RelayEntry> again =
                        entries(kept.log.tailMap(passed, false), max, kept.delivered::contains);
                if (!again.isEmpty()) {
                    passed = Long.parseLong(again.getLast().id());
                    return again;
                }
                passing = false;
                nextPass = clock.instant().plus(AGAIN_AFTER);
            }
            long last = kept.delivered.isEmpty() ? 0 : kept.delivered.last();
            List<RelayEntry> fresh = entries(kept.log.tailMap(last, false), max, id -> true);
            fresh.forEach(entry -> kept.delivered.add(Long.valueOf(entry.id())));
            return fresh;
        }

        private List<RelayEntry> entries(
                NavigableMap<Long, MinedRelay> from, int max, Predicate<Long> wanted) {
            List<RelayEntry> entries = new ArrayList<>();
            for (Map.Entry<Long, MinedRelay> each : from.entrySet()) {
                if (entries.size() == max) {
                    break;
                }
                if (wanted.test(each.getKey())) {
                    entries.add(
                            new RelayEntry(
                                    Long.toString(each.getKey()),
                                    each.getValue(),
                                    "",
                                    kept.delivered.contains(each.getKey())));
                }
            }
            return entries;
        }

        @Override
        public List<RelayEntry> takeOver(int max) {
            return owned(
                    () -> {
                        List<RelayEntry> page =
                                entries(
                                        kept.log.tailMap(takenOver, false),
                                        max,
                                        kept.delivered::contains);
                        takenOver = page.isEmpty() ? 0 : Long.parseLong(page.getLast().id());
                        return page;
                    });
        }

        @Override
        public String newestEntry() {
            return owned(() -> kept.newest == 0 ? "" : Long.toString(kept.newest));
        }

        @Override
        public boolean drainedTo(String entry) {
            return owned(
                    () ->
                            entry.isEmpty()
                                    || kept.log.isEmpty()
                                    || kept.log.firstKey() > Long.parseLong(entry));
        }

        @Override
        public long backlog() {
            return owned(() -> (long) kept.log.size());
        }

        /** The newest delivered id stays known, because it is where delivery goes on. */
        private void remove(Collection<String> entries) {
            for (String entry : entries) {
                kept.log.remove(Long.valueOf(entry));
            }
            long last = kept.delivered.isEmpty() ? 0 : kept.delivered.last();
            kept.delivered.removeIf(id -> id != last && !kept.log.containsKey(id));
        }

        @Override
        public void discard(Collection<String> entries) {
            boolean unused =
                    owned(
                            () -> {
                                remove(entries);
                                return true;
                            });
        }

        @Override
        public void setAside(RelayEntry entry, String reason) {
            boolean unused =
                    owned(
                            () -> {
                                if (kept.log.containsKey(Long.valueOf(entry.id()))) {
                                    kept.aside.put(Long.valueOf(entry.id()), reason);
                                    remove(List.of(entry.id()));
                                }
                                return true;
                            });
        }

        @Override
        public List<SessionRecord> sessions() {
            return owned(() -> kept.records.values().stream().filter(r -> !over(r)).toList());
        }

        @Override
        public CommitOutcome commit(
                SessionRecord start, List<RelayEntry> entries, Predicate<LeafNode> belongs) {
            return owned(
                    () -> {
                        String session = start.sessionId();
                        SessionRecord record = kept.records.get(session);
                        Tree tree = kept.trees.getOrDefault(session, new Tree());
                        List<String> ids = entries.stream().map(RelayEntry::id).toList();
                        if (record != null && !record.state().equals(SessionState.ACTIVE.wire())) {
                            int missing = 0;
                            for (RelayEntry entry : entries) {
                                missing += tree.leaves.containsKey(hash(entry)) ? 0 : 1;
                            }
                            if (missing > 0) {
                                return new CommitOutcome.TooLate(missing);
                            }
                            remove(ids);
                            return new CommitOutcome.Committed(
                                    0, record.relayCount(), record.computeUnits());
                        }
                        double most = tree.sum();
                        for (RelayEntry entry : entries) {
                            most += relay(entry).computeUnitsPerRelay();
                        }
                        if (most > MOST_COMPUTE_UNITS) {
                            throw new MinerStoreException(
                                    MinerStoreException.Reason.OVERFLOW,
                                    "the compute units of session " + session + " would overflow",
                                    null);
                        }
                        int fresh = 0;
                        for (RelayEntry entry : entries) {
                            MinedRelay relay = relay(entry);
                            LeafNode leaf =
                                    LeafNode.of(
                                            relay.relayHash(),
                                            relay.relayBytes(),
                                            relay.computeUnitsPerRelay());
                            fresh += tree.leaves.put(hash(entry), leaf) == null ? 1 : 0;
                        }
                        long sum = tree.sum();
                        kept.trees.put(session, tree);
                        kept.records.put(
                                session,
                                (record == null ? start : record)
                                        .withState(SessionState.ACTIVE, start.lastUpdatedAt())
                                        .withCounters(tree.leaves.size(), sum));
                        remove(ids);
                        return new CommitOutcome.Committed(fresh, tree.leaves.size(), sum);
                    });
        }

        private static MinedRelay relay(RelayEntry entry) {
            MinedRelay relay = entry.relay();
            if (relay == null) {
                throw new IllegalArgumentException("entry " + entry.id() + " has no relay");
            }
            return relay;
        }

        private static String hash(RelayEntry entry) {
            return HexFormat.of().formatHex(relay(entry).relayHash());
        }

        @Override
        public Optional<Sealed> seal(SessionRecord start, Predicate<LeafNode> belongs) {
            return owned(
                    () -> {
                        SessionRecord record = kept.records.get(start.sessionId());
                        if (record == null) {
                            return Optional.empty();
                        }
                        if (record.state().equals(SessionState.ACTIVE.wire())) {
                            record = record.withState(SessionState.CLAIMING, start.lastUpdatedAt());
                            kept.records.put(record.sessionId(), record);
                        }
                        return Optional.of(
                                new Sealed(
                                        record.relayCount(),
                                        record.computeUnits(),
                                        record.state()));
                    });
        }

        @Override
        public boolean change(SessionRecord session, SessionChange change) {
            return owned(
                    () -> {
                        SessionRecord record =
                                kept.records.getOrDefault(session.sessionId(), session);
                        if (record.knownState().filter(s -> s.mayBecome(change.to())).isEmpty()) {
                            return false;
                        }
                        kept.records.put(session.sessionId(), record.with(change));
                        for (SubmissionPhase phase : SubmissionPhase.values()) {
                            MessageId id =
                                    new MessageId(phase, session.endHeight(), session.sessionId());
                            OutboxEntry message = change.keep().get(phase);
                            if (message != null) {
                                kept.messages.put(id, message);
                            } else if (change.drop().contains(phase)) {
                                kept.messages.remove(id);
                            }
                        }
                        if (change.to().terminal()) {
                            kept.trees.remove(session.sessionId());
                        }
                        return true;
                    });
        }

        @Override
        public MerkleSumRoot storeRoot(String session, MerkleSumRoot root) {
            return owned(
                    () -> {
                        SessionRecord record = kept.records.get(session);
                        Tree tree = kept.trees.computeIfAbsent(session, s -> new Tree());
                        if (!tree.root.isEmpty()) {
                            return tree.root;
                        }
                        if (record == null || record.state().equals(SessionState.ACTIVE.wire())) {
                            throw new MinerStoreException(
                                    MinerStoreException.Reason.UNAVAILABLE,
                                    "session " + session + " takes leaves still; seal it first",
                                    null);
                        }
                        tree.root = root;
                        return root;
                    });
        }

        private Tree tree(String session) {
            return kept.trees.getOrDefault(session, new Tree());
        }

        @Override
        public MerkleSumRoot root(String session) {
            return owned(() -> tree(session).root);
        }

        @Override
        public SparseMerkleSumTrie trie(String session) {
            return owned(() -> tree(session).trie());
        }

        @Override
        public SparseMerkleSumTrie trie(String session, MerkleSumRoot root) {
            SparseMerkleSumTrie trie = trie(session);
            if (!trie.root().equals(root)) {
                throw new MinerStoreException(
                        MinerStoreException.Reason.ROOT_MISMATCH,
                        "the leaves of session " + session + " do not give the root " + root,
                        null);
            }
            return trie;
        }

        @Override
        public LeafNodeSource leaves(String session) {
            return digests ->
                    owned(
                            () -> {
                                List<byte[]> nodes = new ArrayList<>();
                                for (byte[] digest : digests) {
                                    nodes.add(leaf(session, digest).encode());
                                }
                                return nodes;
                            });
        }

        private LeafNode leaf(String session, byte[] digest) {
            for (LeafNode leaf : tree(session).leaves.values()) {
                if (Arrays.equals(leaf.digest(), digest)) {
                    return leaf;
                }
            }
            throw new MinerStoreException(
                    MinerStoreException.Reason.DAMAGED,
                    "a leaf of session " + session + " is gone",
                    null);
        }

        @Override
        public Map<String, OutboxEntry> messages(SubmissionPhase phase, long sessionEnd) {
            return owned(
                    () -> {
                        Map<String, OutboxEntry> found = new TreeMap<>();
                        kept.messages.forEach(
                                (id, message) -> {
                                    if (id.phase() == phase && id.sessionEnd() == sessionEnd) {
                                        found.put(id.session(), message);
                                    }
                                });
                        return found;
                    });
        }

        @Override
        public Optional<SubmissionReport> report(String session, long sessionEnd) {
            return owned(() -> Optional.ofNullable(kept.reports.get(session)));
        }

        @Override
        public void report(SubmissionReport report) {
            boolean unused =
                    owned(
                            () -> {
                                kept.reports.put(report.sessionId(), report);
                                return true;
                            });
        }

        @Override
        public void close() {
            boolean unused =
                    locked(
                            kept,
                            () -> {
                                closed = true;
                                kept.changed.signalAll();
                                return true;
                            });
        }
    }
}
