package io.relayminer.core.miner;

import io.relayminer.core.chain.ChainException;
import io.relayminer.core.miner.store.SessionRecord;
import io.relayminer.core.session.Difficulty;
import io.relayminer.core.session.SessionWindows;
import io.relayminer.core.wire.RelayCodec;
import io.relayminer.smst.LeafNode;
import io.relayminer.smst.SmstStoreException;
import io.relayminer.smst.redis.AdoptResult;
import io.relayminer.smst.redis.CommitResult;
import io.relayminer.smst.redis.SessionDetails;
import io.relayminer.transport.MinedRelay;
import io.relayminer.transport.RelayLogEntry;
import io.relayminer.transport.RelayLogException;
import io.relayminer.transport.RelayLogReader;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
 * <p>Only a definite answer of Redis removes an entry. Everything else leaves it pending.
 *
 * <p>Confined to the worker's thread.
 */
final class RelayIntake {

    private static final Logger LOG = LoggerFactory.getLogger(RelayIntake.class);

    /** Held-back entries beyond which nothing new is read. */
    private static final int MAX_HELD = 5_000;

    private final OwnedSupplier supplier;
    private final RelayLogReader reader;
    private final SessionTrees trees;
    private final SessionConstantsSource constants;
    private final MinerSettings settings;
    private final MinerMetrics metrics;
    private final InstantSource clock;
    private final LongSupplier tip;
    private final Consumer<SessionRecord> onSession;

    private List<RelayLogEntry> held = new ArrayList<>();
    private long heldAt = -1;

    RelayIntake(
            OwnedSupplier supplier,
            RelayLogReader reader,
            SessionTrees trees,
            SessionConstantsSource constants,
            MinerSettings settings,
            MinerMetrics metrics,
            InstantSource clock,
            LongSupplier tip,
            Consumer<SessionRecord> onSession) {
        this.supplier = supplier;
        this.reader = reader;
        this.trees = trees;
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
     * @throws MinerException.Fenced if the lease is lost
     */
    int step(Duration wait) throws InterruptedException {
        int done = retryHeld();
        if (held.size() >= MAX_HELD) {
            return done;
        }
        List<RelayLogEntry> entries = reader.poll(settings.batchSize(), wait);
        return done + process(entries);
    }

    /**
     * Consumes without waiting until the log is drained to a position.
     *
     * @return whether it is drained; false if something is held back or Redis does not answer
     */
    boolean drain(String position) throws InterruptedException {
        try {
            retryHeld();
            while (!reader.drainedTo(position)) {
                List<RelayLogEntry> entries = reader.poll(settings.batchSize(), Duration.ZERO);
                if (entries.isEmpty() || process(entries) == 0) {
                    return reader.drainedTo(position);
                }
            }
            return true;
        } catch (RelayLogException.Unavailable e) {
            LOG.warn("the log of supplier {} cannot be drained yet", supplier.address(), e);
            return false;
        }
    }

    private int retryHeld() {
        if (held.isEmpty() || heldAt == tip.getAsLong()) {
            return 0;
        }
        List<RelayLogEntry> again = held;
        held = new ArrayList<>();
        return process(again);
    }

    private void hold(List<RelayLogEntry> entries) {
        heldAt = tip.getAsLong();
        held.addAll(entries);
    }

    private int process(List<RelayLogEntry> entries) {
        if (entries.isEmpty()) {
            return 0;
        }
        Map<String, List<RelayLogEntry>> bySession = new LinkedHashMap<>();
        Map<String, Integer> byService = new HashMap<>();
        int done = 0;
        for (RelayLogEntry entry : entries) {
            if (entry.relay() != null) {
                byService.merge(entry.relay().serviceId(), 1, Integer::sum);
            }
            RelayLogEntry sound;
            try {
                sound = sound(entry);
            } catch (RelayLogException.Unavailable e) {
                LOG.warn("an entry of supplier {} is looked at again later", supplier.address(), e);
                hold(List.of(entry));
                continue;
            }
            MinedRelay relay = sound == null ? null : sound.relay();
            if (sound == null || relay == null) {
                done++;
                continue;
            }
            bySession.computeIfAbsent(relay.sessionId(), id -> new ArrayList<>()).add(sound);
        }
        byService.forEach(
                (service, relays) -> metrics.consumed(supplier.address(), service, relays));
        for (List<RelayLogEntry> session : bySession.values()) {
            try {
                done += processSession(session);
            } catch (SmstStoreException | RelayLogException.Unavailable e) {
                // What was settled already is settled again, which changes nothing.
                LOG.warn(
                        "{} relays of supplier {} are committed again later",
                        session.size(),
                        supplier.address(),
                        e);
                hold(session);
            }
        }
        return done;
    }

    /** The entry with its hash filled in and verified; null if it was set aside. */
    private @org.jspecify.annotations.Nullable RelayLogEntry sound(RelayLogEntry entry) {
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
        return new RelayLogEntry(
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

    private int processSession(List<RelayLogEntry> entries) {
        MinedRelay first = relay(entries.get(0));
        SessionConstants session;
        SessionWindows windows;
        try {
            windows = constants.windows(first.sessionEndHeight(), tip.getAsLong());
            if (tip.getAsLong() >= windows.claimClose()) {
                LOG.warn(
                        "{} relays of session {} came after its claim window had closed",
                        entries.size(),
                        first.sessionId());
                return discard(entries, first.serviceId(), "session_over");
            }
            session =
                    constants.constants(
                            first.application(), first.serviceId(), first.sessionStartHeight());
        } catch (ChainException | MinerException.Unavailable e) {
            LOG.warn(
                    "{} relays of session {} wait until the chain answers: {}",
                    entries.size(),
                    first.sessionId(),
                    e.getMessage());
            hold(entries);
            return 0;
        }
        List<RelayLogEntry> good = new ArrayList<>(entries.size());
        int done = 0;
        for (RelayLogEntry entry : entries) {
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
            List<RelayLogEntry> chunk = good.subList(from, to);
            if (!commit(session, chunk)) {
                hold(good.subList(from, good.size()));
                return done + from;
            }
            from = to;
        }
        return done + good.size();
    }

    private @org.jspecify.annotations.Nullable String problem(
            MinedRelay relay, SessionConstants session) {
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
    private boolean commit(SessionConstants session, List<RelayLogEntry> chunk) {
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
        SessionDetails details = SessionTrees.details(record);
        long began = System.nanoTime();
        boolean success = false;
        try {
            for (int attempt = 0; attempt < 3; attempt++) {
                CommitResult result =
                        trees.commit(supplier.address(), supplier.fence(), details, chunk);
                switch (result) {
                    case CommitResult.Committed c -> {
                        success = true;
                        metrics.acknowledged(supplier.address(), chunk.size());
                        metrics.committed(
                                supplier.address(),
                                first.serviceId(),
                                c.newLeaves(),
                                chunk.size() - c.newLeaves());
                        onSession.accept(record.withCounters(c.relayCount(), c.computeUnits()));
                        return true;
                    }
                    case CommitResult.Fenced f ->
                            throw new MinerException.Fenced(supplier.address());
                    case CommitResult.Sealed s -> {
                        LOG.warn(
                                "{} relays of session {} came after it was sealed",
                                s.lateLeaves(),
                                first.sessionId());
                        discardSealed(chunk, first.serviceId());
                        return true;
                    }
                    case CommitResult.NotAdopted n -> {
                        AdoptResult adopted =
                                trees.adopt(
                                        supplier.address(),
                                        supplier.fence(),
                                        details,
                                        leaf -> belongs(leaf, session));
                        LOG.info(
                                "the tree of session {} was written by another miner: {}",
                                first.sessionId(),
                                adopted);
                        if (adopted instanceof AdoptResult.Fenced) {
                            throw new MinerException.Fenced(supplier.address());
                        }
                    }
                }
            }
            return false;
        } catch (SmstStoreException e) {
            metrics.storeError(supplier.address(), "commit");
            boolean overflow = e.reason() == SmstStoreException.Reason.OVERFLOW;
            metrics.uncommitted(
                    supplier.address(),
                    first.serviceId(),
                    overflow ? "unexpected_error" : "transient_error",
                    chunk.size());
            if (overflow) {
                for (RelayLogEntry entry : chunk) {
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

    private void discardSealed(List<RelayLogEntry> chunk, String service) {
        discard(chunk, service, "session_sealed");
        metrics.uncommitted(supplier.address(), service, "session_sealed", chunk.size());
    }

    private int discard(List<RelayLogEntry> entries, String service, String reason) {
        List<String> ids = new ArrayList<>(entries.size());
        for (RelayLogEntry entry : entries) {
            ids.add(entry.id());
        }
        if (!trees.discard(supplier.address(), supplier.fence(), ids)) {
            throw new MinerException.Fenced(supplier.address());
        }
        metrics.acknowledged(supplier.address(), ids.size());
        metrics.rejected(supplier.address(), service, reason, ids.size());
        return ids.size();
    }

    private void setAside(RelayLogEntry entry, String service, String reason, String why) {
        LOG.warn("entry {} of supplier {} is set aside: {}", entry.id(), supplier.address(), why);
        reader.setAside(entry, why);
        metrics.rejected(supplier.address(), service, reason, 1);
    }

    private static MinedRelay relay(RelayLogEntry entry) {
        MinedRelay relay = entry.relay();
        if (relay == null) {
            throw new IllegalStateException("an entry without relay was not set aside");
        }
        return relay;
    }

    /** Entries that wait for the chain or for Redis. */
    int heldBack() {
        return held.size();
    }
}
