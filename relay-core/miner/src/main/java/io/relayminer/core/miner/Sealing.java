package io.relayminer.core.miner;

import io.relayminer.core.miner.store.SessionRecord;
import io.relayminer.core.miner.store.SessionState;
import io.relayminer.core.miner.store.SupplierStore;
import io.relayminer.core.session.SessionWindows;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Closes sessions for relays: waits for late ones, drains the log, seals the tree.
 *
 * <p>Relays are accepted up to the end of the grace period by the height a relayer knows, and
 * appended when their backend has answered; so a session is left open for a while after its claim
 * window has opened, as long as enough of the window remains.
 *
 * <p>Confined to the worker's thread.
 */
final class Sealing {

    private static final Logger LOG = LoggerFactory.getLogger(Sealing.class);

    private final OwnedSupplier supplier;
    private final RelayIntake intake;
    private final SupplierStore store;
    private final SessionConstantsSource constants;
    private final Supplier<Duration> blockInterval;
    private final SessionSignals signals;
    private final MinerSettings settings;
    private final OpenSessions sessions;
    private final Closing closing;

    Sealing(
            OwnedSupplier supplier,
            RelayIntake intake,
            SupplierStore store,
            SupplierWorker.Services services,
            OpenSessions sessions,
            Closing closing) {
        this.supplier = supplier;
        this.intake = intake;
        this.store = store;
        this.constants = services.constants();
        this.blockInterval = services.blockInterval();
        this.signals = services.signals();
        this.settings = services.settings();
        this.sessions = sessions;
        this.closing = closing;
    }

    /** The tip at which a session is sealed. */
    private long sealHeight(SessionWindows windows) {
        long length = windows.claimClose() - windows.earliestClaim();
        long settle = settings.claimSettle().toMillis();
        long interval = Math.max(1, blockInterval.get().toMillis());
        long blocks = (settle + interval - 1) / interval;
        return windows.earliestClaim() + Math.min(blocks, length / 2);
    }

    /**
     * Seals a session if that is due and its log is drained.
     *
     * @throws InterruptedException if the thread was interrupted while draining
     */
    void seal(TrackedSession session, long height) throws InterruptedException {
        SessionWindows windows = session.windows();
        if (height < sealHeight(windows)) {
            return;
        }
        if (session.drainTo == null) {
            session.drainTo = store.newestEntry();
        }
        boolean drained = intake.drain(session.drainTo);
        long patience = Math.max(sealHeight(windows), windows.claimClose() - 2);
        if (!drained && height < patience) {
            return;
        }
        if (!drained) {
            LOG.warn(
                    "session {} is sealed although entries of its log wait; the claim window of"
                            + " supplier {} closes at {}",
                    session.id,
                    supplier.address(),
                    windows.claimClose());
        }
        Optional<SupplierStore.Sealed> result =
                store.seal(
                        start(session), leaf -> RelayIntake.belongs(leaf, constants.of(session)));
        SessionState state =
                result.flatMap(done -> SessionState.ofWire(done.state()))
                        .filter(s -> !s.terminal())
                        .orElse(null);
        if (result.isEmpty() || state == null) {
            closing.forget(session);
            return;
        }
        session.relays = result.get().relays();
        session.computeUnits = result.get().computeUnits();
        session.record =
                session.record
                        .withCounters(session.relays, session.computeUnits)
                        .withState(state, sessions.now());
        sessions.moved(session, state);
        signals.sealed(supplier.address(), session.id);
    }

    private SessionRecord start(TrackedSession session) {
        return SessionRecord.started(
                session.id,
                supplier.address(),
                session.service,
                session.application,
                session.start,
                session.end,
                sessions.now());
    }
}
