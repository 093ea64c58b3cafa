package io.relayminer.testkit.miner;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.relayminer.core.miner.store.ClosedException;
import io.relayminer.core.miner.store.CommitOutcome;
import io.relayminer.core.miner.store.FencedException;
import io.relayminer.core.miner.store.MinerStore;
import io.relayminer.core.miner.store.MinerStoreException;
import io.relayminer.core.miner.store.OutboxEntry;
import io.relayminer.core.miner.store.RelayEntry;
import io.relayminer.core.miner.store.SessionChange;
import io.relayminer.core.miner.store.SessionRecord;
import io.relayminer.core.miner.store.SessionState;
import io.relayminer.core.miner.store.SubmissionReport;
import io.relayminer.core.miner.store.SupplierStore;
import io.relayminer.core.redis.SubmissionPhase;
import io.relayminer.smst.MerkleSumRoot;
import io.relayminer.smst.SparseMerkleSumTrie;
import io.relayminer.smst.redis.Fence;
import io.relayminer.transport.MinedRelay;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * What every {@link MinerStore} promises. Extend it and say how to make a store, append to its log
 * and give a lease away; the store is empty at the beginning of each test.
 */
public abstract class MinerStoreContractTest {

    /** A bech32 operator address. */
    protected static final String SUPPLIER = "pokt19a3t4yunp0dlpfjrp7qwnzwlrzd5fzs2gjaaaj";

    private static final OffsetDateTime NOW =
            OffsetDateTime.of(2026, 1, 2, 3, 4, 5, 600_000_000, ZoneOffset.UTC);
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final long END = 10;

    /** For subclasses. */
    protected MinerStoreContractTest() {}

    /** The store, the same one during a test. */
    protected abstract MinerStore store();

    /** Appends a relay as relayers do, and returns when it is stored. */
    protected abstract void append(MinedRelay relay);

    /** Gives the lease of a supplier to an owner, in a later epoch than any before. */
    protected abstract Fence grant(String supplier, String owner);

    private SupplierStore open(String owner) {
        return store().open(SUPPLIER, grant(SUPPLIER, owner));
    }

    /** A relay of a session that differs from those with other numbers. */
    protected static MinedRelay relay(String supplier, String session, int number, long units) {
        byte[] bytes = ("relay " + number).getBytes(StandardCharsets.UTF_8);
        try {
            return new MinedRelay(
                    MessageDigest.getInstance("SHA-256").digest(bytes),
                    bytes,
                    units,
                    session,
                    1,
                    END,
                    supplier,
                    "svc",
                    "app",
                    5,
                    1);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /** A session as it begins. */
    protected static SessionRecord start(String supplier, String session) {
        return SessionRecord.started(session, supplier, "svc", "app", 1, END, NOW);
    }

    private void append(String session, int from, int to) {
        for (int i = from; i < to; i++) {
            append(relay(SUPPLIER, session, i, 10));
        }
    }

    private static List<RelayEntry> poll(SupplierStore store, int count) throws Exception {
        List<RelayEntry> entries = new ArrayList<>();
        long deadline = System.nanoTime() + LONG.toNanos();
        while (entries.size() < count && System.nanoTime() - deadline < 0) {
            entries.addAll(store.poll(1000, Duration.ofSeconds(1)));
        }
        return entries;
    }

    private static CommitOutcome commit(
            SupplierStore store, String session, List<RelayEntry> entries) {
        return store.commit(start(SUPPLIER, session), entries, leaf -> true);
    }

    private static Set<String> texts(List<RelayEntry> entries) {
        Set<String> texts = new HashSet<>();
        for (RelayEntry entry : entries) {
            MinedRelay relay = entry.relay();
            texts.add(relay == null ? "" : new String(relay.relayBytes(), StandardCharsets.UTF_8));
        }
        return texts;
    }

    private static SessionChange to(SessionState state) {
        return SessionChange.to(state, NOW.plusSeconds(1));
    }

    private static OutboxEntry message(String text) {
        return new OutboxEntry(text.getBytes(StandardCharsets.UTF_8), 12, "AA", "", "svc", 0);
    }

    private static SessionRecord only(SupplierStore store) {
        assertEquals(1, store.sessions().size());
        return store.sessions().get(0);
    }

    @Test
    void whatIsCommittedHasLeftTheLogAndIsCountedOnce() throws Exception {
        append("s1", 0, 5);
        append("s1", 3, 7);
        SupplierStore store = open("m1");
        assertEquals(9, store.backlog());
        String newest = store.newestEntry();
        assertFalse(store.drainedTo(newest));
        List<RelayEntry> entries = poll(store, 9);
        assertEquals(new CommitOutcome.Committed(7, 7, 70), commit(store, "s1", entries));
        assertEquals(new CommitOutcome.Committed(0, 7, 70), commit(store, "s1", entries));
        assertEquals(0, store.backlog());
        assertTrue(store.drainedTo(newest));
        assertEquals(newest, store.newestEntry());
        SessionRecord record = only(store);
        assertEquals("active", record.state());
        assertEquals(7, record.relayCount());
        assertEquals(70, record.computeUnits());
        assertEquals("app", record.application());
        SparseMerkleSumTrie trie = store.trie("s1");
        assertEquals(7, trie.root().count());
        assertEquals(70, trie.root().sum());
        assertTrue(store().hasOpenSessions(SUPPLIER));
    }

    @Test
    void anEmptyLogIsDrained() {
        SupplierStore store = open("m1");
        assertEquals("", store.newestEntry());
        assertTrue(store.drainedTo(""));
        assertEquals(0, store.backlog());
        assertEquals(List.of(), store.sessions());
        assertEquals(List.of(), store.takeOver(10));
        assertFalse(store().hasOpenSessions(SUPPLIER));
        assertEquals(MerkleSumRoot.EMPTY, store.root("s1"));
        assertEquals(0, store.trie("s1").size());
        assertEquals(Optional.empty(), store.seal(start(SUPPLIER, "s1"), leaf -> true));
        assertEquals(Optional.empty(), store.report("s1", END));
    }

    @Test
    void aSuccessorReceivesWhatWasNotSettled() throws Exception {
        append("s1", 0, 600);
        SupplierStore first = open("m1");
        List<RelayEntry> received = poll(first, 100);
        // It dies here. Nothing of it was settled but these.
        commit(first, "s1", received.subList(0, 10));
        SupplierStore second = open("m2");
        List<RelayEntry> entries = poll(second, 590);
        assertEquals(590, texts(entries).size());
        assertTrue(entries.get(0).redelivered());
    }

    /** A predecessor that was paused in a read takes entries with it after the hand-over. */
    @Test
    void whatAnotherHasReceivedAfterTheHandOverCanBeTakenOver() throws Exception {
        SupplierStore first = open("m1");
        SupplierStore second = open("m2");
        assertEquals(List.of(), second.poll(10, Duration.ZERO));
        append("s1", 0, 20);
        List<RelayEntry> stolen = new ArrayList<>(first.poll(10, Duration.ZERO));
        for (int i = 0; i < 100 && stolen.isEmpty(); i++) {
            stolen.addAll(first.poll(10, Duration.ofMillis(100)));
        }
        assertFalse(stolen.isEmpty());
        Set<String> all = new TreeSet<>();
        List<RelayEntry> entries = second.poll(1000, Duration.ZERO);
        while (!entries.isEmpty()) {
            all.addAll(texts(entries));
            entries = second.poll(1000, Duration.ZERO);
        }
        List<RelayEntry> page = second.takeOver(3);
        while (!page.isEmpty()) {
            assertTrue(page.size() <= 3);
            all.addAll(texts(page));
            page = second.takeOver(3);
        }
        assertEquals(20, all.size());
        assertEquals(3, second.takeOver(3).size(), "after the end it begins again");
    }

    @Test
    void aClosedStoreDeliversNothing() throws Exception {
        append("s1", 0, 1);
        SupplierStore store = open("m1");
        assertEquals(1, poll(store, 1).size());
        store.close();
        assertThrows(ClosedException.class, () -> store.poll(10, LONG));
        SupplierStore again = open("m1");
        assertEquals(1, poll(again, 1).size(), "it was not settled");
        SupplierStore instead = open("m1");
        assertThrows(ClosedException.class, () -> again.poll(10, LONG));
        instead.close();
    }

    @Test
    void entriesLeaveTheLogWithoutBecomingLeaves() throws Exception {
        append("s1", 0, 3);
        SupplierStore store = open("m1");
        List<RelayEntry> entries = poll(store, 3);
        store.discard(List.of(entries.get(0).id()));
        store.discard(List.of(entries.get(0).id()));
        store.discard(List.of());
        store.setAside(entries.get(1), "it is no good");
        assertEquals(1, store.backlog());
        assertEquals(List.of(), store.sessions());
    }

    @Test
    void aSealedSessionTakesWhatItHasAndNothingNew() throws Exception {
        append("s1", 0, 4);
        SupplierStore store = open("m1");
        List<RelayEntry> entries = poll(store, 4);
        commit(store, "s1", entries.subList(0, 3));
        for (int i = 0; i < 2; i++) {
            assertEquals(
                    Optional.of(new SupplierStore.Sealed(3, 30, "claiming")),
                    store.seal(start(SUPPLIER, "s1"), leaf -> true));
        }
        assertEquals("claiming", only(store).state());
        assertEquals(new CommitOutcome.TooLate(1), commit(store, "s1", entries));
        assertEquals(1, store.backlog(), "a late entry stays until it is discarded");
        assertEquals(
                new CommitOutcome.Committed(0, 3, 30),
                commit(store, "s1", entries.subList(0, 3)),
                "an answer that was lost is given again");
    }

    @Test
    void theRootOfASealedSessionIsStoredOnce() throws Exception {
        append("s1", 0, 3);
        SupplierStore store = open("m1");
        commit(store, "s1", poll(store, 3));
        MerkleSumRoot root = store.trie("s1").root();
        assertThrows(MinerStoreException.class, () -> store.storeRoot("s1", root));
        assertEquals(MerkleSumRoot.EMPTY, store.root("s1"));
        Optional<SupplierStore.Sealed> sealed = store.seal(start(SUPPLIER, "s1"), leaf -> true);
        assertTrue(sealed.isPresent());
        assertEquals(root, store.storeRoot("s1", root));
        byte[] other = root.toBytes();
        other[0] ^= 1;
        assertEquals(root, store.storeRoot("s1", MerkleSumRoot.of(other)));
        assertEquals(root, store.root("s1"));
        byte[] path = new byte[32];
        assertTrue(
                store.trie("s1", root)
                        .proveClosest(path, store.leaves("s1"))
                        .verifyStrictly(root, path)
                        .isValid());
        MinerStoreException mismatch =
                assertThrows(
                        MinerStoreException.class, () -> store.trie("s1", MerkleSumRoot.of(other)));
        assertEquals(MinerStoreException.Reason.ROOT_MISMATCH, mismatch.reason());
    }

    @Test
    void aSessionGoesThroughItsLifeAndLeavesNothingButItsRecord() throws Exception {
        append("s1", 0, 3);
        SupplierStore store = open("m1");
        commit(store, "s1", poll(store, 3));
        Optional<SupplierStore.Sealed> sealed = store.seal(start(SUPPLIER, "s1"), leaf -> true);
        assertTrue(sealed.isPresent());
        SessionRecord record = only(store);
        byte[] root = store.trie("s1").root().toBytes();
        assertTrue(
                store.change(
                        record,
                        to(SessionState.CLAIMED)
                                .withClaimedRoot(root)
                                .withTransaction(SubmissionPhase.CLAIM, "AB12")
                                .keeping(SubmissionPhase.CLAIM, message("claim"))));
        record = only(store);
        assertEquals("claimed", record.state());
        assertArrayEquals(root, record.claimedRoot());
        assertEquals("AB12", record.claimTxHash());
        assertEquals("", record.proofTxHash());
        assertEquals(3, record.relayCount(), "counters are not touched");
        assertEquals(NOW.plusSeconds(1), record.lastUpdatedAt());
        Map<String, OutboxEntry> kept = store.messages(SubmissionPhase.CLAIM, END);
        assertEquals(Set.of("s1"), kept.keySet());
        kept.forEach(
                (session, entry) -> assertArrayEquals(message("claim").encode(), entry.encode()));
        assertEquals(Map.of(), store.messages(SubmissionPhase.PROOF, END));
        assertTrue(
                store.change(
                        record,
                        to(SessionState.PROVING)
                                .dropping(SubmissionPhase.CLAIM)
                                .withTransaction(SubmissionPhase.PROOF, "CD34")
                                .keeping(SubmissionPhase.PROOF, message("proof"))));
        assertEquals(Map.of(), store.messages(SubmissionPhase.CLAIM, END));
        assertEquals(Set.of("s1"), store.messages(SubmissionPhase.PROOF, END).keySet());
        assertTrue(
                store.change(
                        only(store),
                        to(SessionState.PROVED)
                                .settledAs(
                                        new SessionRecord.Settlement("settled_proven", 20, ""))));
        assertEquals(List.of(), store.sessions());
        assertFalse(store().hasOpenSessions(SUPPLIER));
        assertEquals(Map.of(), store.messages(SubmissionPhase.PROOF, END));
        assertEquals(0, store.trie("s1").size());
        assertEquals(MerkleSumRoot.EMPTY, store.root("s1"));
        append("s1", 9, 10);
        assertInstanceOf(CommitOutcome.TooLate.class, commit(store, "s1", poll(store, 1)));
    }

    @Test
    void aSessionNeverGoesBack() throws Exception {
        append("s1", 0, 1);
        SupplierStore store = open("m1");
        commit(store, "s1", poll(store, 1));
        SessionRecord record = only(store);
        assertFalse(store.change(record, to(SessionState.CLAIMED)), "it is not sealed");
        assertFalse(store.change(record, to(SessionState.CLAIMING)), "only sealing does that");
        Optional<SupplierStore.Sealed> sealed = store.seal(start(SUPPLIER, "s1"), leaf -> true);
        assertTrue(sealed.isPresent());
        assertTrue(store.change(record, to(SessionState.PROVING)));
        assertFalse(store.change(record, to(SessionState.CLAIMED)));
        assertTrue(store.change(record, to(SessionState.PROVING)), "a state may be kept");
        assertTrue(store.change(record, to(SessionState.PROOF_WINDOW_CLOSED)));
        assertFalse(store.change(record, to(SessionState.PROVED)), "an end is an end");
    }

    /** Redis lost it, say, but its worker goes on. */
    @Test
    void aRecordThatIsGoneIsWrittenAgainWithTheChange() {
        SupplierStore store = open("m1");
        SessionRecord known =
                start(SUPPLIER, "s1").withCounters(4, 40).withState(SessionState.CLAIMING, NOW);
        assertTrue(
                store.change(
                        known,
                        to(SessionState.CLAIMED).withTransaction(SubmissionPhase.CLAIM, "AB")));
        SessionRecord record = only(store);
        assertEquals("claimed", record.state());
        assertEquals(4, record.relayCount());
        assertEquals("AB", record.claimTxHash());
        assertEquals("app", record.application());
        assertEquals(1, record.startHeight());
        assertEquals(END, record.endHeight());
    }

    @Test
    void messagesOfOneSessionAreKeptApartFromThoseOfAnother() {
        SupplierStore store = open("m1");
        for (String session : List.of("s1", "s2")) {
            SessionRecord known = start(SUPPLIER, session).withState(SessionState.CLAIMING, NOW);
            assertTrue(
                    store.change(
                            known,
                            to(SessionState.CLAIMING)
                                    .keeping(SubmissionPhase.CLAIM, message(session))));
        }
        assertEquals(Set.of("s1", "s2"), store.messages(SubmissionPhase.CLAIM, END).keySet());
        assertTrue(
                store.change(
                        start(SUPPLIER, "s1"),
                        to(SessionState.CLAIMING).dropping(SubmissionPhase.CLAIM)));
        assertEquals(Set.of("s2"), store.messages(SubmissionPhase.CLAIM, END).keySet());
        assertEquals(Map.of(), store.messages(SubmissionPhase.CLAIM, END + 1));
    }

    @Test
    void reportsAreReplaced() {
        SupplierStore store = open("m1");
        SubmissionReport report =
                new SubmissionReport(
                        SUPPLIER,
                        "svc",
                        "app",
                        "s1",
                        1,
                        END,
                        SubmissionReport.Claim.NONE,
                        SubmissionReport.Proof.NONE,
                        4,
                        4000,
                        false,
                        "");
        store.report(report);
        assertEquals(Optional.of(report), store.report("s1", END));
        SubmissionReport more = report.withTotals(5, 5000);
        store.report(more);
        assertEquals(Optional.of(more), store.report("s1", END));
        assertEquals(Optional.empty(), store.report("s2", END));
    }

    @Test
    void aSumThatWouldWrapIsRefusedWithoutAnEffect() throws Exception {
        SupplierStore store = open("m1");
        long huge = (1L << 53) - 1;
        for (int i = 0; i < 1025; i++) {
            append(relay(SUPPLIER, "s1", i, huge));
        }
        List<RelayEntry> entries = poll(store, 1025);
        commit(store, "s1", entries.subList(0, 500));
        MinerStoreException e =
                assertThrows(MinerStoreException.class, () -> commit(store, "s1", entries));
        assertEquals(MinerStoreException.Reason.OVERFLOW, e.reason());
        assertEquals(500, only(store).relayCount());
        assertEquals(525, store.backlog());
    }

    @Test
    void anOwnerWhoseSuccessorHasOpenedChangesNothing() throws Exception {
        append("s1", 0, 4);
        SupplierStore stale = open("m1");
        List<RelayEntry> entries = poll(stale, 4);
        commit(stale, "s1", entries.subList(0, 2));
        SessionRecord record = only(stale);
        SupplierStore owner = open("m2");
        assertThrows(FencedException.class, () -> commit(stale, "s1", entries));
        assertThrows(FencedException.class, () -> stale.discard(List.of(entries.get(3).id())));
        assertThrows(FencedException.class, () -> stale.setAside(entries.get(3), "no"));
        assertThrows(FencedException.class, () -> stale.seal(start(SUPPLIER, "s1"), leaf -> true));
        assertThrows(
                FencedException.class, () -> stale.change(record, to(SessionState.CLAIM_SKIPPED)));
        assertThrows(FencedException.class, () -> stale.storeRoot("s1", stale(record)));
        assertThrows(
                FencedException.class,
                () ->
                        stale.report(
                                new SubmissionReport(
                                        SUPPLIER,
                                        "svc",
                                        "app",
                                        "s1",
                                        1,
                                        END,
                                        SubmissionReport.Claim.NONE,
                                        SubmissionReport.Proof.NONE,
                                        4,
                                        4000,
                                        false,
                                        "")));
        assertEquals(2, owner.backlog());
        assertEquals(2, only(owner).relayCount());
        assertEquals("active", only(owner).state());
        assertEquals(Optional.empty(), owner.report("s1", END));
        assertEquals(new CommitOutcome.Committed(2, 4, 40), commit(owner, "s1", entries));
    }

    private static MerkleSumRoot stale(SessionRecord record) {
        byte[] root = new byte[48];
        root[47] = (byte) record.relayCount();
        return MerkleSumRoot.of(root);
    }
}
