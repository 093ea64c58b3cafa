package io.relayminer.core.miner;

import io.relayminer.core.chain.Block;
import io.relayminer.core.chain.ChainException;
import io.relayminer.core.chain.TxException;
import io.relayminer.core.miner.store.ClosedException;
import io.relayminer.core.miner.store.FencedException;
import io.relayminer.core.miner.store.MinerStoreException;
import io.relayminer.core.miner.store.SessionRecord;
import io.relayminer.core.miner.store.SessionState;
import io.relayminer.core.miner.store.SupplierStore;
import io.relayminer.core.redis.SubmissionPhase;
import io.relayminer.core.session.SessionWindows;
import io.relayminer.core.wire.proof.Claim;
import io.relayminer.smst.SmstStoreException;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Brings the sessions of one supplier from their first leaf to their settlement, one block at a
 * time.
 *
 * <p><b>Authority.</b> Where a session stands is derived, at every block, from three things: its
 * record in the store, its tree, and the chain. A claim exists when the chain says so, a proof
 * counts when the claim's status says so, and it is over when the settlement block has passed.
 * Nothing depends on what this process remembers, so any owner can go on at any block, and every
 * step may be repeated.
 *
 * <p><b>Levels, not edges.</b> All rules are of the form "at this height or later", so a block that
 * was missed costs time and nothing else.
 *
 * <p><b>Order of effects.</b> A session is sealed only when its log is drained. A root is stored
 * before it is claimed. A message is stored in the outbox, with the hash of its transaction, before
 * the transaction leaves; and the lease is checked in between. Tree and messages are deleted only
 * when the settlement is known, or when a session is deliberately not claimed.
 *
 * <p>Confined to the worker's thread.
 */
final class SessionLifecycle {

    private static final Logger LOG = LoggerFactory.getLogger(SessionLifecycle.class);

    private final OwnedSupplier supplier;
    private final SupplierWorker.Services services;
    private final OpenSessions sessions;
    private final Reporting reporting;
    private final TxBatches batches;
    private final Closing closing;
    private final Sealing sealing;
    private final Claiming claiming;
    private final Proving proving;
    private final Settling settling;

    SessionLifecycle(
            OwnedSupplier supplier,
            RelayIntake intake,
            SupplierStore store,
            SupplierWorker.Services services) {
        this.supplier = supplier;
        this.services = services;
        this.sessions = new OpenSessions(supplier, store, services);
        this.reporting = new Reporting(supplier.address(), store, services);
        this.batches =
                new TxBatches(supplier, services.submitter(), services.calls(), services.metrics());
        this.closing = new Closing(supplier, services, sessions, reporting);
        this.sealing = new Sealing(supplier, intake, store, services, sessions, closing);
        Pursuit pursuit =
                new Pursuit(
                        batches,
                        new Predecessors(store, services),
                        services.settings().maxResends());
        this.claiming =
                new Claiming(supplier, store, services, pursuit, sessions, reporting, closing);
        this.proving = new Proving(supplier, store, services, pursuit, sessions, reporting);
        this.settling = new Settling(supplier, services, closing);
    }

    /** Takes note of a session that a commit created or changed. */
    void committed(SessionRecord record) {
        sessions.committed(record);
    }

    /** Sessions that are not over. */
    List<TrackedSession> sessions() {
        return sessions.open();
    }

    /**
     * Whether a hand-over now would interrupt submissions: some session is being claimed or proved.
     */
    boolean submitting() {
        return sessions.submitting();
    }

    /**
     * Does what is due at a block.
     *
     * @throws FencedException if the supplier is not ours any more
     * @throws InterruptedException if the thread was interrupted while draining
     */
    void advance(Block tip) throws InterruptedException {
        long height = tip.height();
        sessions.refresh(height);
        List<TrackedSession> open = sessions.open();
        if (open.isEmpty()) {
            sessions.publishStates();
            return;
        }
        List<TrackedSession> due = new ArrayList<>();
        for (TrackedSession session : open) {
            if (resolveWindows(session, height)) {
                due.add(session);
            }
        }
        // What is lost soonest comes first; what only has to be written down comes last.
        due.sort(
                Comparator.comparing((TrackedSession s) -> isSettled(s, height))
                        .thenComparingLong(TrackedSession::deadline)
                        .thenComparing(s -> s.id));
        boolean askClaims = false;
        for (TrackedSession session : due) {
            if (session.state == SessionState.ACTIVE) {
                guarded(session, () -> sealing.seal(session, height));
            }
            askClaims |= session.state != SessionState.ACTIVE && sessions.isOpen(session);
        }
        Map<String, Claim> onChain = askClaims ? claims() : null;
        List<Candidate> candidates = new ArrayList<>();
        for (TrackedSession session : due) {
            if (isWorkedOn(session) && !isSettled(session, height)) {
                guarded(session, () -> pursue(session, height, onChain, candidates));
            }
        }
        submit(candidates, height);
        for (TrackedSession session : due) {
            if (isWorkedOn(session) && isSettled(session, height)) {
                guarded(session, () -> settling.settle(session, height, onChain));
            }
        }
        sessions.publishStates();
    }

    private static boolean isSettled(TrackedSession session, long height) {
        return height >= session.windows().settlementHeight();
    }

    private boolean isWorkedOn(TrackedSession session) {
        return sessions.isOpen(session) && session.state != SessionState.ACTIVE;
    }

    private interface Step {
        void run() throws InterruptedException;
    }

    private void guarded(TrackedSession session, Step step) throws InterruptedException {
        try {
            step.run();
        } catch (FencedException | ClosedException e) {
            throw e;
        } catch (ChainException
                | TxException
                | MinerException.Unavailable
                | MinerStoreException
                | SmstStoreException e) {
            LOG.warn(
                    "session {} of supplier {} in state {} is tried again at the next block: {}",
                    session.id,
                    supplier.address(),
                    session.state.wire(),
                    e.getMessage());
            services.metrics().storeError(supplier.address(), "step_" + session.state.wire());
        } catch (RuntimeException e) {
            // Whatever is wrong with one session, the others go on.
            LOG.error(
                    "session {} of supplier {} in state {} cannot be worked on; it is tried again"
                            + " at the next block",
                    session.id,
                    supplier.address(),
                    session.state.wire(),
                    e);
            services.metrics().storeError(supplier.address(), "broken_" + session.state.wire());
        }
    }

    private boolean resolveWindows(TrackedSession session, long height) {
        if (session.windowsFixed) {
            return true;
        }
        try {
            session.windows = services.constants().windows(session.end, height);
            session.windowsFixed = session.end < height;
            return true;
        } catch (ChainException | MinerException.Unavailable e) {
            LOG.warn("the windows of session {} are not known yet: {}", session.id, e.getMessage());
            return session.windows != null;
        }
    }

    private @Nullable Map<String, Claim> claims() {
        try {
            Map<String, Claim> byId = new HashMap<>();
            for (Claim claim :
                    services.calls().await(services.chain().claims(supplier.address()))) {
                byId.put(claim.getSessionHeader().getSessionId(), claim);
            }
            return byId;
        } catch (ChainException | MinerException.Unavailable e) {
            LOG.warn(
                    "the claims of supplier {} are not known: {}",
                    supplier.address(),
                    e.getMessage());
            return null;
        }
    }

    private void pursue(
            TrackedSession session,
            long height,
            @Nullable Map<String, Claim> onChain,
            List<Candidate> candidates) {
        Claim claim = onChain == null ? null : onChain.get(session.id);
        if (claim != null) {
            claiming.seen(session, height, claim);
        }
        switch (session.state) {
            case CLAIMING, CLAIMED -> {
                if (claim == null) {
                    claiming.pursue(session, height, onChain != null, candidates);
                } else {
                    proving.decide(session, height, claim);
                    if (session.state == SessionState.PROVING) {
                        proving.pursue(session, height, claim, candidates);
                    }
                }
            }
            case PROVING -> {
                if (claim != null) {
                    if (session.proof.broadcast == null) {
                        proving.decide(session, height, claim);
                    }
                    proving.pursue(session, height, claim, candidates);
                }
            }
            default -> closing.forget(session);
        }
    }

    private void submit(List<Candidate> candidates, long height) {
        for (SubmissionPhase phase : SubmissionPhase.values()) {
            Map<Long, List<Candidate>> byClose = new TreeMap<>();
            for (Candidate candidate : candidates) {
                if (candidate.phase() == phase) {
                    SessionWindows w = candidate.session().windows();
                    long close = phase == SubmissionPhase.CLAIM ? w.claimClose() : w.proofClose();
                    byClose.computeIfAbsent(close, c -> new ArrayList<>()).add(candidate);
                }
            }
            boolean together =
                    phase == SubmissionPhase.CLAIM
                            ? services.settings().claimBatching()
                            : services.settings().proofBatching();
            byClose.forEach(
                    (close, group) ->
                            batches.send(
                                    phase == SubmissionPhase.CLAIM
                                            ? claiming.affordable(group)
                                            : group,
                                    close,
                                    together,
                                    new SubmissionRecorder(
                                            supplier, services, sessions, reporting, phase,
                                            height)));
        }
    }
}
