package io.relayminer.core.miner;

import io.relayminer.core.chain.ChainException;
import io.relayminer.core.chain.ChainRefusedException;
import io.relayminer.core.miner.store.ClosedException;
import io.relayminer.core.miner.store.CommitOutcome;
import io.relayminer.core.miner.store.FencedException;
import io.relayminer.core.miner.store.MinerStoreException;
import io.relayminer.core.miner.store.RelayEntry;
import io.relayminer.core.miner.store.SessionRecord;
import io.relayminer.core.miner.store.SupplierStore;
import io.relayminer.core.session.Difficulty;
import io.relayminer.core.session.SessionWindows;
import io.relayminer.core.wire.RelayCodec;
import io.relayminer.smst.LeafNode;
import io.relayminer.transport.MinedRelay;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Turns entries of a supplier's log into leaves.
 *
 * <p>Each relay is checked against the constants of its session before it may become a leaf: a
 * single leaf with a wrong weight makes the whole claim void, and one that misses the difficulty
 * target costs the penalty if the proof happens to hit it. What fails is set aside with its reason.
 * What cannot be judged because the chain does not answer is held back and tried again; it stays
 * unacknowledged in the log meanwhile.
 *
 * <p>Only a definite answer of the store removes an entry. Everything else leaves it pending.
 *
 * <p>Confined to the worker's thread.
 */
final class RelayIntake {

    private static final Logger LOG = LoggerFactory.getLogger(RelayIntake.class);

    /** Held-back entries beyond which nothing new is read. */
    private static final int MAX_HELD = 5_000;

    /** A proof shows one relay, and nodes accept transactions of up to a mebibyte. */
    private static final int MAX_PROVABLE_BYTES = (1 << 20) - (64 << 10);

    private static final long UNKNOWN_WEIGHT = 1;

    /** Blocks at which an entry is tried whose handling fails. */
    private static final int MAX_FAILURES = 5;

    private final OwnedSupplier supplier;
    private final SupplierStore store;
    private final SessionConstantsSource constants;
    private final MinerSettings settings;
    private final MinerMetrics metrics;
    private final InstantSource clock;
    private final LongSupplier tip;
    private final Consumer<SessionRecord> onSession;

    /** How often handling each of the held-back entries has failed. */
    private final Map<String, Integer> failures = new HashMap<>();

    private List<RelayEntry> held = new ArrayList<>();
    private long heldAt = -1;

    /** Whether a read has failed whose entries were not looked for since. */
    private boolean recovering;

    RelayIntake(
            OwnedSupplier supplier,
            SupplierStore store,
            SessionConstantsSource constants,
            MinerSettings settings,
            MinerMetrics metrics,
            InstantSource clock,
            LongSupplier tip,
            Consumer<SessionRecord> onSession) {
        this.supplier = supplier;
        this.store = store;
        this.constants = constants;
        this.settings = settings;
        this.metrics = metrics;
        this.clock = clock;
        this.tip = tip;
        this.onSession = onSession;
    }

    /**
     * Takes one batch and commits it.
     *
     * @param wait how long to wait for entries
     * @return how many entries were settled, by a commit or otherwise
     * @throws FencedException if the lease is lost
     */
    int step(Duration wait) throws InterruptedException {
        int done = retryHeld();
        if (held.size() >= MAX_HELD) {
            return done;
        }
        return done + process(notHeld(receive(wait)));
    }

    /**
     * Entries to work on. After a read that failed its entries may have been delivered to nobody
     * but the network, so they are taken over at once: a session whose only relays they are does
     * not exist before that.
     */
    private List<RelayEntry> receive(Duration wait) throws InterruptedException {
        if (recovering) {
            List<RelayEntry> lost = store.takeOver(settings.batchSize());
            recovering = !lost.isEmpty();
            if (recovering) {
                return lost;
            }
        }
        try {
            return store.poll(settings.batchSize(), wait);
        } catch (MinerStoreException e) {
            recovering = true;
            throw e;
        }
    }

    /**
     * Consumes without waiting until the log is drained to a position: what is new, then what
     * somebody received and did not settle, however recently. Whoever that was does not own the
     * supplier any more, and a session that is sealed without an entry has lost it.
     *
     * @return whether it is drained; false if something is held back or the store does not answer
     */
    boolean drain(String position) throws InterruptedException {
        try {
            int unused = retryHeld();
            while (held.size() < MAX_HELD && !store.drainedTo(position)) {
                List<RelayEntry> entries = receive(Duration.ZERO);
                if (entries.isEmpty()) {
                    entries = store.takeOver(settings.batchSize());
                }
                if (entries.isEmpty()) {
                    return store.drainedTo(position);
                }
                unused = process(notHeld(entries));
            }
            return store.drainedTo(position);
        } catch (MinerStoreException e) {
            LOG.warn("the log of supplier {} cannot be drained yet", supplier.address(), e);
            return false;
        }
    }

    /** What is held back is not taken in a second time when it is delivered again. */
    private List<RelayEntry> notHeld(List<RelayEntry> entries) {
        if (held.isEmpty() || entries.isEmpty()) {
            return entries;
        }
        Set<String> known = new HashSet<>();
        for (RelayEntry entry : held) {
            known.add(entry.id());
        }
        return entries.stream().filter(entry -> !known.contains(entry.id())).toList();
    }

    private int retryHeld() {
        if (held.isEmpty() || heldAt == tip.getAsLong()) {
            return 0;
        }
        List<RelayEntry> again = held;
        held = new ArrayList<>();
        return process(again);
    }

    private void hold(List<RelayEntry> entries) {
        heldAt = tip.getAsLong();
        held.addAll(entries);
    }

    /**
     * Holds entries back whose handling failed for a reason that waiting may not cure, each a few
     * times, and then sets them aside.
     *
     * @return how many were set aside
     */
    private int holdOrSetAside(List<RelayEntry> entries, String why) {
        int done = 0;
        for (RelayEntry entry : entries) {
            if (failures.merge(entry.id(), 1, Integer::sum) < MAX_FAILURES) {
                hold(List.of(entry));
                continue;
            }
            failures.remove(entry.id());
            MinedRelay relay = entry.relay();
            setAside(entry, relay == null ? "" : relay.serviceId(), "unprocessable", why);
            done++;
        }
        return done;
    }

    /** What relays of one session have in common; an entry that differs goes by itself. */
    private record Group(String session, long start, long end, String service, String application) {

        static Group of(MinedRelay relay) {
            return new Group(
                    relay.sessionId(),
                    relay.sessionStartHeight(),
                    relay.sessionEndHeight(),
                    relay.serviceId(),
                    relay.application());
        }
    }

    private int process(List<RelayEntry> entries) {
        if (entries.isEmpty()) {
            return 0;
        }
        Map<Group, List<RelayEntry>> bySession = new LinkedHashMap<>();
        Map<String, Integer> byService = new HashMap<>();
        int done = 0;
        for (RelayEntry entry : entries) {
            if (entry.relay() != null) {
                byService.merge(entry.relay().serviceId(), 1, Integer::sum);
            }
            RelayEntry sound;
            try {
                sound = sound(entry);
            } catch (MinerStoreException e) {
                LOG.warn("an entry of supplier {} is looked at again later", supplier.address(), e);
                hold(List.of(entry));
                continue;
            } catch (FencedException | ClosedException e) {
                throw e;
            } catch (RuntimeException e) {
                LOG.error("entry {} of supplier {} failed", entry.id(), supplier.address(), e);
                done += holdOrSetAside(List.of(entry), String.valueOf(e));
                continue;
            }
            MinedRelay relay = sound == null ? null : sound.relay();
            if (sound == null || relay == null) {
                done++;
                continue;
            }
            bySession.computeIfAbsent(Group.of(relay), id -> new ArrayList<>()).add(sound);
        }
        byService.forEach(
                (service, relays) -> metrics.consumed(supplier.address(), service, relays));
        for (Map.Entry<Group, List<RelayEntry>> session : bySession.entrySet()) {
            done += process(session.getKey(), session.getValue());
        }
        if (held.isEmpty()) {
            failures.clear();
        }
        return done;
    }

    private int process(Group group, List<RelayEntry> entries) {
        try {
            return processSession(group, entries);
        } catch (MinerStoreException e) {
            // What was settled already is settled again, which changes nothing.
            LOG.warn(
                    "{} relays of supplier {} are committed again later",
                    entries.size(),
                    supplier.address(),
                    e);
            hold(entries);
        } catch (FencedException | ClosedException e) {
            throw e;
        } catch (ChainRefusedException e) {
            LOG.warn(
                    "{} relays of session {} are asked about again later: {}",
                    entries.size(),
                    group.session(),
                    e.getMessage());
            return holdOrSetAside(entries, String.valueOf(e.getMessage()));
        } catch (ChainException | MinerException.Unavailable e) {
            LOG.warn(
                    "{} relays of session {} wait until the chain answers: {}",
                    entries.size(),
                    group.session(),
                    e.getMessage());
            hold(entries);
        } catch (RuntimeException e) {
            LOG.error(
                    "{} relays of session {} of supplier {} failed",
                    entries.size(),
                    group.session(),
                    supplier.address(),
                    e);
            return holdOrSetAside(entries, String.valueOf(e));
        }
        return 0;
    }

    /** The entry with its hash filled in and verified; null if it was set aside. */
    private @Nullable RelayEntry sound(RelayEntry entry) {
        MinedRelay relay = entry.relay();
        if (relay == null) {
            setAside(entry, "", "malformed", entry.problem());
            return null;
        }
        String incomplete = relay.incomplete();
        if (incomplete != null || relay.sessionStartHeight() <= 0) {
            setAside(
                    entry,
                    relay.serviceId(),
                    "incomplete",
                    incomplete == null ? "the session start height is missing" : incomplete);
            return null;
        }
        if (!relay.supplier().equals(supplier.address())) {
            setAside(entry, relay.serviceId(), "wrong_supplier", "it names another supplier");
            return null;
        }
        if (relay.relayBytes().length > MAX_PROVABLE_BYTES) {
            setAside(
                    entry,
                    relay.serviceId(),
                    "too_large",
                    "its "
                            + relay.relayBytes().length
                            + " bytes do not fit into the transaction of a proof, and would make"
                            + " its session's claim a matter of luck");
            return null;
        }
        byte[] hash = RelayCodec.relayHash(relay.relayBytes());
        if (relay.relayHash().length != 0 && !Arrays.equals(hash, relay.relayHash())) {
            setAside(
                    entry,
                    relay.serviceId(),
                    "hash_mismatch",
                    "its hash is not that of its relay bytes");
            return null;
        }
        if (relay.relayHash().length != 0) {
            return entry;
        }
        return new RelayEntry(
                entry.id(),
                new MinedRelay(
                        hash,
                        relay.relayBytes(),
                        relay.computeUnitsPerRelay(),
                        relay.sessionId(),
                        relay.sessionStartHeight(),
                        relay.sessionEndHeight(),
                        relay.supplier(),
                        relay.serviceId(),
                        relay.application(),
                        relay.arrivalHeight(),
                        relay.publishedAtUnixNano()),
                "",
                entry.redelivered());
    }

    private int processSession(Group group, List<RelayEntry> entries) {
        SessionWindows windows = constants.windows(group.end(), tip.getAsLong());
        if (tip.getAsLong() >= windows.claimClose()) {
            LOG.warn(
                    "{} relays of session {} came after its claim window had closed",
                    entries.size(),
                    group.session());
            return discard(entries, group.service(), "session_over");
        }
        SessionConstants session =
                constants.constants(group.application(), group.service(), group.start());
        List<RelayEntry> good = new ArrayList<>(entries.size());
        int done = 0;
        for (RelayEntry given : entries) {
            RelayEntry entry = weighed(given, session);
            MinedRelay relay = relay(entry);
            String problem = problem(relay, session);
            if (problem == null) {
                good.add(entry);
            } else {
                setAside(entry, relay.serviceId(), "not_of_session", problem);
                done++;
            }
        }
        int from = 0;
        while (from < good.size()) {
            int to = from;
            int bytes = 0;
            while (to < good.size()
                    && to - from < settings.commitRelays()
                    && (to == from || bytes < settings.commitBytes())) {
                bytes += relay(good.get(to)).relayBytes().length;
                to++;
            }
            List<RelayEntry> chunk = good.subList(from, to);
            if (!commit(session, chunk)) {
                hold(good.subList(from, good.size()));
                return done + from;
            }
            from = to;
        }
        return done + good.size();
    }

    /**
     * A relayer of another make that did not know the weight of its service wrote a one. What a
     * relay weighs is not in its bytes, so it gets what the chain says.
     */
    private static RelayEntry weighed(RelayEntry entry, SessionConstants session) {
        MinedRelay relay = relay(entry);
        if (!session.exactUnits()
                || relay.computeUnitsPerRelay() != UNKNOWN_WEIGHT
                || session.computeUnitsPerRelay() == UNKNOWN_WEIGHT) {
            return entry;
        }
        return new RelayEntry(
                entry.id(),
                new MinedRelay(
                        relay.relayHash(),
                        relay.relayBytes(),
                        session.computeUnitsPerRelay(),
                        relay.sessionId(),
                        relay.sessionStartHeight(),
                        relay.sessionEndHeight(),
                        relay.supplier(),
                        relay.serviceId(),
                        relay.application(),
                        relay.arrivalHeight(),
                        relay.publishedAtUnixNano()),
                entry.problem(),
                entry.redelivered());
    }

    private @Nullable String problem(MinedRelay relay, SessionConstants session) {
        if (!relay.sessionId().equals(session.header().getSessionId())
                || relay.sessionEndHeight() != session.header().getSessionEndBlockHeight()
                || relay.sessionStartHeight() != session.header().getSessionStartBlockHeight()) {
            return "the chain has another session for this application, service and height";
        }
        if (!session.suppliers().contains(supplier.address())) {
            return "the supplier does not serve this session";
        }
        if (relay.computeUnitsPerRelay() <= 0
                || (session.exactUnits()
                        && relay.computeUnitsPerRelay() != session.computeUnitsPerRelay())) {
            return "its compute units are "
                    + Long.toUnsignedString(relay.computeUnitsPerRelay())
                    + " instead of "
                    + session.computeUnitsPerRelay();
        }
        if (!Difficulty.isMet(relay.relayHash(), session.target())) {
            return "its hash does not meet the difficulty of the session";
        }
        return null;
    }

    /** Commits one chunk; false if it has to be tried again. */
    private boolean commit(SessionConstants session, List<RelayEntry> chunk) {
        MinedRelay first = relay(chunk.get(0));
        SessionRecord record =
                SessionRecord.started(
                        first.sessionId(),
                        supplier.address(),
                        first.serviceId(),
                        first.application(),
                        first.sessionStartHeight(),
                        first.sessionEndHeight(),
                        clock.instant().atOffset(ZoneOffset.UTC));
        long began = System.nanoTime();
        boolean success = false;
        try {
            CommitOutcome result = store.commit(record, chunk, leaf -> belongs(leaf, session));
            switch (result) {
                case CommitOutcome.Committed c -> {
                    success = true;
                    metrics.acknowledged(supplier.address(), chunk.size());
                    metrics.committed(
                            supplier.address(),
                            first.serviceId(),
                            c.newLeaves(),
                            chunk.size() - c.newLeaves());
                    onSession.accept(record.withCounters(c.relays(), c.computeUnits()));
                }
                case CommitOutcome.TooLate late -> {
                    LOG.warn(
                            "{} relays of session {} came after it was sealed",
                            late.missing(),
                            first.sessionId());
                    discardSealed(chunk, first.serviceId());
                }
            }
            return true;
        } catch (MinerStoreException e) {
            metrics.storeError(supplier.address(), "commit");
            boolean overflow = e.reason() == MinerStoreException.Reason.OVERFLOW;
            metrics.uncommitted(
                    supplier.address(),
                    first.serviceId(),
                    overflow ? "unexpected_error" : "transient_error",
                    chunk.size());
            if (overflow) {
                for (RelayEntry entry : chunk) {
                    setAside(entry, first.serviceId(), "overflow", "the session's sum would wrap");
                }
                return true;
            }
            LOG.warn(
                    "{} relays of session {} are committed again later: {}",
                    chunk.size(),
                    first.sessionId(),
                    e.getMessage());
            return false;
        } finally {
            metrics.commitTime(
                    supplier.address(),
                    first.serviceId(),
                    Duration.ofNanos(System.nanoTime() - began),
                    success);
        }
    }

    /** Whether a leaf that another miner stored is one of this session. */
    static boolean belongs(LeafNode leaf, SessionConstants session) {
        return leaf.isRelay()
                && (!session.exactUnits() || leaf.weight() == session.computeUnitsPerRelay())
                && Difficulty.isMet(RelayCodec.relayHash(leaf.value()), session.target());
    }

    private void discardSealed(List<RelayEntry> chunk, String service) {
        discard(chunk, service, "session_sealed");
        metrics.uncommitted(supplier.address(), service, "session_sealed", chunk.size());
    }

    private int discard(List<RelayEntry> entries, String service, String reason) {
        List<String> ids = new ArrayList<>(entries.size());
        for (RelayEntry entry : entries) {
            ids.add(entry.id());
        }
        store.discard(ids);
        metrics.acknowledged(supplier.address(), ids.size());
        metrics.rejected(supplier.address(), service, reason, ids.size());
        return ids.size();
    }

    private void setAside(RelayEntry entry, String service, String reason, String why) {
        LOG.warn("entry {} of supplier {} is set aside: {}", entry.id(), supplier.address(), why);
        store.setAside(entry, why);
        metrics.rejected(supplier.address(), service, reason, 1);
    }

    private static MinedRelay relay(RelayEntry entry) {
        MinedRelay relay = entry.relay();
        if (relay == null) {
            throw new IllegalStateException("an entry without relay was not set aside");
        }
        return relay;
    }

    /** Entries that wait for the chain or for the store. */
    int heldBack() {
        return held.size();
    }
}
