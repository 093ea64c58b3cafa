package io.relayminer.core.miner;

import io.relayminer.core.miner.store.SessionRecord;
import io.relayminer.core.miner.store.SessionState;
import io.relayminer.core.session.SessionWindows;
import io.relayminer.smst.redis.AdoptResult;
import io.relayminer.smst.redis.SealResult;
import io.relayminer.smst.redis.SessionDetails;
import io.relayminer.transport.RelayLogReader;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
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
    private final RelayLogReader reader;
    private final SessionTrees trees;
    private final SessionConstantsSource constants;
    private final Supplier<Duration> blockInterval;
    private final SessionSignals signals;
    private final MinerSettings settings;
    private final SessionBook book;
    private final Closing closing;

    Sealing(
            OwnedSupplier supplier,
            RelayIntake intake,
            RelayLogReader reader,
            SupplierWorker.Services services,
            SessionBook book,
            Closing closing) {
        this.supplier = supplier;
        this.intake = intake;
        this.reader = reader;
        this.trees = services.trees();
        this.constants = services.constants();
        this.blockInterval = services.blockInterval();
        this.signals = services.signals();
        this.settings = services.settings();
        this.book = book;
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
        if (height >= windows.claimClose()) {
            closing.over(session, SessionState.CLAIM_WINDOW_CLOSED);
            return;
        }
        if (session.drainTo == null) {
            session.drainTo = reader.lastId();
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
        SealResult result = trees.seal(supplier.address(), supplier.fence(), details(session));
        switch (result) {
            case SealResult.Sealed sealed -> {
                if (SessionState.ofWire(sealed.state())
                        .filter(SessionState::terminal)
                        .isPresent()) {
                    closing.forget(session);
                    return;
                }
                session.relays = sealed.relayCount();
                session.computeUnits = sealed.computeUnits();
                book.moved(session, SessionState.CLAIMING);
                signals.sealed(supplier.address(), session.id);
            }
            case SealResult.Fenced f -> throw new MinerException.Fenced(supplier.address());
            case SealResult.NotAdopted n -> {
                SessionConstants c = constants.of(session);
                AdoptResult adopted =
                        trees.adopt(
                                supplier.address(),
                                supplier.fence(),
                                details(session),
                                leaf -> RelayIntake.belongs(leaf, c));
                LOG.info(
                        "the tree of session {} was written by another miner: {}",
                        session.id,
                        adopted);
                if (adopted instanceof AdoptResult.Fenced) {
                    throw new MinerException.Fenced(supplier.address());
                }
                seal(session, height);
            }
            case SealResult.Absent a -> closing.forget(session);
        }
    }

    private SessionDetails details(TrackedSession session) {
        return SessionTrees.details(
                SessionRecord.started(
                        session.id,
                        supplier.address(),
                        session.service,
                        session.application,
                        session.start,
                        session.end,
                        book.now()));
    }
}
