package io.relayminer.core.miner;

import io.relayminer.core.miner.store.SessionRecord;
import io.relayminer.core.miner.store.SessionState;
import io.relayminer.core.miner.store.SessionStore;
import io.relayminer.core.redis.RedisStateException;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.InstantSource;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The sessions of one supplier that are not over, and the only way their state changes.
 *
 * <p>What stands here is a copy of the records in Redis that can be dropped and read again at any
 * time: {@link #refresh} does so every few blocks, in case one was missed. A state is changed here
 * only after Redis has changed it under our lease.
 *
 * <p>Confined to the worker's thread.
 */
final class SessionBook {

    private static final Logger LOG = LoggerFactory.getLogger(SessionBook.class);

    /** Blocks between two looks at the records in Redis, in case one was missed. */
    private static final long REFRESH_BLOCKS = 10;

    private final OwnedSupplier supplier;
    private final SessionStore records;
    private final SessionSignals signals;
    private final MinerMetrics metrics;
    private final InstantSource clock;

    private final Map<String, TrackedSession> sessions = new LinkedHashMap<>();
    private long refreshedAt = Long.MIN_VALUE;

    SessionBook(OwnedSupplier supplier, SupplierWorker.Services services) {
        this.supplier = supplier;
        this.records = services.records();
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

    /** Reads the records again if that is due; a failure of Redis puts it off. */
    void refresh(long height) {
        if (refreshedAt != Long.MIN_VALUE && height - refreshedAt < REFRESH_BLOCKS) {
            return;
        }
        try {
            List<SessionRecord> live = records.live(supplier.address());
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
                } else if (known.state != state) {
                    known.state = state;
                }
            }
            refreshedAt = height;
        } catch (RedisStateException e) {
            LOG.warn("the sessions of supplier {} are read again later", supplier.address(), e);
        }
    }

    /** Stops tracking a session. */
    void forget(TrackedSession session) {
        sessions.remove(session.id);
    }

    /**
     * Moves a session in Redis and here. A record that is gone or in another state stays as it is.
     *
     * @throws MinerException.Fenced if the supplier is not ours any more
     * @throws io.relayminer.core.redis.RedisStateException if Redis gave no definite answer
     */
    void move(TrackedSession session, Set<SessionState> from, SessionStore.Change change) {
        SessionStore.Moved moved =
                records.move(supplier.fence(), supplier.address(), session.id, from, change, now());
        switch (moved) {
            case DONE -> {
                metrics.recorded(supplier.address());
                moved(session, change.to());
            }
            case FENCED -> throw new MinerException.Fenced(supplier.address());
            case ABSENT ->
                    LOG.warn(
                            "the record of session {} of supplier {} is gone",
                            session.id,
                            supplier.address());
            case ILLEGAL ->
                    LOG.warn(
                            "session {} of supplier {} is not moved to {}, another state stands",
                            session.id,
                            supplier.address(),
                            change.to().wire());
        }
    }

    /** Takes note that a session is in a state in Redis. */
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
