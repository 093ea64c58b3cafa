package io.relayminer.core.miner;

import io.relayminer.core.miner.store.MinerStoreException;
import io.relayminer.core.miner.store.SessionChange;
import io.relayminer.core.miner.store.SessionRecord;
import io.relayminer.core.miner.store.SessionState;
import io.relayminer.core.miner.store.SupplierStore;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.InstantSource;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The sessions of one supplier that are not over, and the only way their state changes.
 *
 * <p>What stands here is a copy of the records in the store that can be dropped and read again at
 * any time: {@link #refresh} does so every few blocks, in case one was missed. A state is changed
 * here only after the store has changed it under our lease.
 *
 * <p>Confined to the worker's thread.
 */
final class OpenSessions {

    private static final Logger LOG = LoggerFactory.getLogger(OpenSessions.class);

    /** Blocks between two looks at the records in the store, in case one was missed. */
    private static final long REFRESH_BLOCKS = 10;

    private final OwnedSupplier supplier;
    private final SupplierStore store;
    private final SessionSignals signals;
    private final MinerMetrics metrics;
    private final InstantSource clock;

    private final Map<String, TrackedSession> sessions = new LinkedHashMap<>();
    private long refreshedAt = Long.MIN_VALUE;

    OpenSessions(OwnedSupplier supplier, SupplierStore store, SupplierWorker.Services services) {
        this.supplier = supplier;
        this.store = store;
        this.signals = services.signals();
        this.metrics = services.metrics();
        this.clock = services.clock();
    }

    void committed(SessionRecord record) {
        TrackedSession known = sessions.get(record.sessionId());
        if (known == null) {
            sessions.put(record.sessionId(), new TrackedSession(record, SessionState.ACTIVE));
            metrics.sessionCreated(supplier.address(), record.serviceId());
            signals.met(record.application(), record.serviceId());
        } else {
            known.record = known.record.withCounters(record.relayCount(), record.computeUnits());
            known.relays = record.relayCount();
            known.computeUnits = record.computeUnits();
        }
    }

    /** The sessions that are not over, in the order in which they were met; a copy. */
    List<TrackedSession> open() {
        return List.copyOf(sessions.values());
    }

    /** Whether a session is not over. */
    boolean isOpen(TrackedSession session) {
        return sessions.containsKey(session.id);
    }

    /** Whether some session is being claimed or proved. */
    boolean submitting() {
        return sessions.values().stream()
                .anyMatch(s -> s.state == SessionState.CLAIMING || s.state == SessionState.PROVING);
    }

    /** Reads the records again if that is due; a failure of the store puts it off. */
    void refresh(long height) {
        if (refreshedAt != Long.MIN_VALUE && height - refreshedAt < REFRESH_BLOCKS) {
            return;
        }
        try {
            List<SessionRecord> live = store.sessions();
            if (refreshedAt == Long.MIN_VALUE) {
                metrics.resumed(supplier.address(), live.size());
            }
            for (SessionRecord record : live) {
                SessionState state = record.knownState().orElse(null);
                TrackedSession known = sessions.get(record.sessionId());
                if (state == null || record.endHeight() <= 0) {
                    continue;
                }
                if (known == null) {
                    sessions.put(record.sessionId(), new TrackedSession(record, state));
                } else {
                    known.record = record;
                    known.state = state;
                }
            }
            refreshedAt = height;
        } catch (MinerStoreException e) {
            LOG.warn("the sessions of supplier {} are read again later", supplier.address(), e);
        }
    }

    /** Stops tracking a session. */
    void forget(TrackedSession session) {
        sessions.remove(session.id);
    }

    /** A change of a session's state, or of something else in its state, now. */
    SessionChange to(SessionState state) {
        return SessionChange.to(state, now());
    }

    /**
     * Changes a session in the store and here. One that is in another state than expected stays as
     * it is.
     *
     * @throws io.relayminer.core.miner.store.FencedException if the supplier is not ours any more
     * @throws MinerStoreException if there was no definite answer
     */
    void change(TrackedSession session, SessionChange change) {
        if (store.change(session.record, change)) {
            metrics.recorded(supplier.address());
            session.record = session.record.with(change);
            moved(session, change.to());
        } else {
            LOG.warn(
                    "session {} of supplier {} is not moved to {}, another state stands",
                    session.id,
                    supplier.address(),
                    change.to().wire());
        }
    }

    /** Takes note that a session is in a state in the store. */
    void moved(TrackedSession session, SessionState to) {
        if (session.state != to) {
            metrics.transition(supplier.address(), session.service, session.state, to);
            session.state = to;
        }
    }

    /** Shows how many sessions are in which state, and what each of them amounts to. */
    void publishStates() {
        Map<SessionState, Integer> byState = new EnumMap<>(SessionState.class);
        for (TrackedSession session : sessions.values()) {
            byState.merge(session.state, 1, Integer::sum);
        }
        metrics.sessions(supplier.address(), byState);
        metrics.liveSessions(supplier.address(), sessions.values());
    }

    OffsetDateTime now() {
        return clock.instant().atOffset(ZoneOffset.UTC);
    }
}
