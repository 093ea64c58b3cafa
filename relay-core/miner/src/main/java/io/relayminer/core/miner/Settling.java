package io.relayminer.core.miner;

import io.relayminer.core.chain.ChainEvent;
import io.relayminer.core.chain.ChainException;
import io.relayminer.core.chain.ChainQueries;
import io.relayminer.core.miner.store.SessionRecord;
import io.relayminer.core.miner.store.SessionState;
import io.relayminer.core.session.SessionWindows;
import io.relayminer.core.wire.proof.Claim;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Follows claims to their settlement: paid, expired or discarded, as the events of the settlement
 * block tell. If they stay unreadable, the result is inferred from what the chain showed before.
 *
 * <p>Confined to the worker's thread.
 */
final class Settling {

    private static final Logger LOG = LoggerFactory.getLogger(Settling.class);

    /** Blocks for which events of a settlement are asked for before the result is inferred. */
    private static final long SETTLEMENT_PATIENCE = 20;

    private static final String SETTLED = "pocket.tokenomics.EventClaimSettled";
    private static final String EXPIRED = "pocket.tokenomics.EventClaimExpired";
    private static final String SLASHED = "pocket.tokenomics.EventSupplierSlashed";
    private static final String DISCARDED = "pocket.tokenomics.EventClaimDiscarded";

    private final OwnedSupplier supplier;
    private final SessionConstantsSource constants;
    private final ChainQueries chain;
    private final ChainCalls calls;
    private final MinerMetrics metrics;
    private final Closing closing;

    Settling(OwnedSupplier supplier, SupplierWorker.Services services, Closing closing) {
        this.supplier = supplier;
        this.constants = services.constants();
        this.chain = services.chain();
        this.calls = services.calls();
        this.metrics = services.metrics();
        this.closing = closing;
    }

    /**
     * Ends a session whose settlement is due, once the chain shows how.
     *
     * @param onChain claims of the supplier by session id, null if the chain does not answer
     */
    void settle(TrackedSession session, long height, @Nullable Map<String, Claim> onChain) {
        if (onChain == null) {
            return;
        }
        Claim claim = onChain.get(session.id);
        SessionWindows windows = session.windows();
        if (claim != null) {
            // The node that lists claims has not seen the settlement block.
            if (height < windows.settlementHeight() + SETTLEMENT_PATIENCE) {
                return;
            }
            LOG.error(
                    "the claim of session {} of supplier {} is still unsettled {} blocks after its"
                            + " settlement was due",
                    session.id,
                    supplier.address(),
                    height - windows.settlementHeight());
            return;
        }
        List<ChainEvent> events;
        try {
            events =
                    calls.await(
                            chain.events(
                                    windows.settlementHeight(),
                                    Set.of(SETTLED, EXPIRED, SLASHED, DISCARDED)));
        } catch (ChainException | MinerException.Unavailable e) {
            if (height < windows.settlementHeight() + SETTLEMENT_PATIENCE) {
                metrics.blockResultsPutOff();
                return;
            }
            LOG.warn(
                    "the settlement of session {} cannot be read; its result is inferred: {}",
                    session.id,
                    e.getMessage());
            events = List.of();
        }
        settleBy(session, events, windows);
    }

    private void settleBy(TrackedSession session, List<ChainEvent> events, SessionWindows windows) {
        long at = windows.settlementHeight();
        for (ChainEvent event : events) {
            if (!concerns(event, session)) {
                continue;
            }
            switch (event.type()) {
                case SETTLED -> {
                    boolean proved = session.proof.seen || session.proof.wasSent();
                    metrics.settled(
                            supplier.address(),
                            session.service,
                            proved ? "proven" : "unproven",
                            session.relays,
                            session.computeUnits,
                            amount(text(event, "settled_upokt")),
                            at - session.end);
                    if (!proved) {
                        metrics.notRequired(
                                supplier.address(),
                                session.service,
                                session.relays,
                                session.computeUnits,
                                constants.worth(session));
                    }
                    closing.over(
                            session,
                            proved ? SessionState.PROVED : SessionState.PROBABILISTIC_PROVED,
                            new SessionRecord.Settlement(
                                    proved ? "settled_proven" : "settled_unproven", at, ""));
                    return;
                }
                case EXPIRED -> {
                    String reason = text(event, "expiration_reason").toLowerCase(Locale.ROOT);
                    boolean invalid = reason.contains("invalid") || reason.equals("2");
                    metrics.expired(
                            supplier.address(),
                            session.service,
                            invalid ? "proof_invalid" : "proof_missing",
                            session.relays,
                            session.computeUnits,
                            amount(text(event, "claimed_upokt")));
                    LOG.error(
                            "the claim of session {} of supplier {} expired ({}); {} upokt are"
                                    + " lost",
                            session.id,
                            supplier.address(),
                            invalid ? "proof invalid" : "proof missing",
                            constants.worth(session));
                    closing.over(
                            session,
                            invalid
                                    ? SessionState.PROOF_TX_ERROR
                                    : SessionState.PROOF_WINDOW_CLOSED,
                            new SessionRecord.Settlement(
                                    invalid ? "expired_proof_invalid" : "expired_proof_missing",
                                    at,
                                    ""));
                    slashes(events, session);
                    return;
                }
                case DISCARDED -> {
                    metrics.discarded(supplier.address(), session.service);
                    closing.over(
                            session,
                            SessionState.CLAIM_TX_ERROR,
                            new SessionRecord.Settlement("discarded", at, ""));
                    return;
                }
                default -> {}
            }
        }
        // No event: either the chain never had the claim, or its events cannot be read.
        if (!wasClaimed(session)) {
            closing.over(
                    session,
                    session.claim.refusal != null
                            ? SessionState.CLAIM_TX_ERROR
                            : session.claim.wasSent()
                                    ? SessionState.CLAIM_MISSING
                                    : SessionState.CLAIM_WINDOW_CLOSED);
        } else if (session.proof.seen) {
            closing.over(session, SessionState.PROVED);
        } else if (session.state == SessionState.PROVING) {
            closing.over(session, SessionState.PROOF_WINDOW_CLOSED);
        } else {
            closing.over(session, SessionState.PROBABILISTIC_PROVED);
        }
    }

    /** Whether the chain ever showed the claim, to this process or to one before. */
    private static boolean wasClaimed(TrackedSession session) {
        return session.claim.seen || session.state == SessionState.PROVING;
    }

    private void slashes(List<ChainEvent> events, TrackedSession session) {
        for (ChainEvent event : events) {
            if (event.type().equals(SLASHED) && concerns(event, session)) {
                metrics.slashed(supplier.address(), session.service);
                return;
            }
        }
    }

    private boolean concerns(ChainEvent event, TrackedSession session) {
        if (!text(event, "supplier_operator_address").equals(supplier.address())) {
            return false;
        }
        String id = text(event, "session_id");
        if (!id.isEmpty()) {
            return id.equals(session.id);
        }
        return text(event, "service_id").equals(session.service)
                && text(event, "application_address").equals(session.application)
                && text(event, "session_end_block_height").equals(Long.toString(session.end));
    }

    private static String text(ChainEvent event, String name) {
        String value = event.attributes().getOrDefault(name, "");
        return value.length() >= 2 && value.startsWith("\"") && value.endsWith("\"")
                ? value.substring(1, value.length() - 1)
                : value;
    }

    private static double amount(String coin) {
        int digits = 0;
        while (digits < coin.length() && Character.isDigit(coin.charAt(digits))) {
            digits++;
        }
        return digits == 0 ? 0 : Double.parseDouble(coin.substring(0, digits));
    }
}
