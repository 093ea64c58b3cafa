package io.relayminer.testkit.chain.internal.settlement;

import io.relayminer.core.wire.application.Application;
import io.relayminer.core.wire.application.ApplicationUnbondingReason;
import io.relayminer.core.wire.application.EventApplicationUnbondingBegin;
import io.relayminer.core.wire.proof.Claim;
import io.relayminer.core.wire.proof.ClaimProofStatus;
import io.relayminer.core.wire.proof.ProofRequirementReason;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.core.wire.shared.Params;
import io.relayminer.core.wire.tokenomics.ClaimExpirationReason;
import io.relayminer.core.wire.tokenomics.EventClaimDiscarded;
import io.relayminer.core.wire.tokenomics.EventClaimExpired;
import io.relayminer.testkit.chain.genesis.Genesis;
import io.relayminer.testkit.chain.internal.bank.Bank;
import io.relayminer.testkit.chain.internal.claims.ClaimRules;
import io.relayminer.testkit.chain.internal.claims.ClaimWorth;
import io.relayminer.testkit.chain.internal.execution.AbciException;
import io.relayminer.testkit.chain.internal.execution.ExecutionContext;
import io.relayminer.testkit.chain.internal.params.ChainParams;
import io.relayminer.testkit.chain.internal.params.SessionCalendar;
import io.relayminer.testkit.chain.internal.state.Branch;
import io.relayminer.testkit.chain.internal.state.Keys;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Settlement: turns the claims of a session whose proof window closes in this block into payments
 * and penalties.
 *
 * <p>Runs after the proofs of the block were checked. A claim with a good proof, or one that needs
 * none, is paid: the application's stake burns, the same amount times the mint ratio is minted and
 * split between supplier, proposer, service owner, application and DAO; with global inflation a
 * further mint is split likewise and its cost reserved from the application for the DAO. What an
 * application can be charged per session is capped by its stake, shared by its claims. A claim that
 * needed a proof and has none, or a bad one, expires and its supplier is slashed. Whether a proof
 * was needed is drawn anew here, with the claim's present status among the hashed bytes, so a claim
 * with a <em>bad</em> proof may turn out not to have needed one.
 *
 * <p>Everything that costs or earns is collected in a {@link SettlementBatch} and executed once per
 * session end.
 */
public final class Settlement {
    private final ExecutionContext context;
    private final Branch state;
    private final Genesis.Validator validator;

    private Settlement(ExecutionContext context, Genesis.Validator validator) {
        this.context = context;
        this.state = context.state();
        this.validator = validator;
    }

    /** End block of the tokenomics module. */
    public static void endBlock(ExecutionContext context, Genesis.Validator validator)
            throws AbciException {
        new Settlement(context, validator).settle();
    }

    private void settle() throws AbciException {
        Map<String, Long> relaysByService = new TreeMap<>();
        for (long sessionEnd : candidateSessionEnds()) {
            List<Claim> ripe = new ArrayList<>();
            for (Claim claim : ClaimRules.ending(state, sessionEnd)) {
                long end = claim.getSessionHeader().getSessionEndBlockHeight();
                if (context.height()
                        > end + SessionCalendar.sumOfOffsets(ChainParams.sharedAt(state, end))) {
                    ripe.add(claim);
                }
            }
            if (!ripe.isEmpty()) {
                settle(sessionEnd, ripe, relaysByService);
            }
        }
        for (Map.Entry<String, Long> entry : relaysByService.entrySet()) {
            DifficultyUpdate.apply(context, entry.getKey(), entry.getValue());
        }
    }

    private Set<Long> candidateSessionEnds() {
        Set<Long> ends = new TreeSet<>();
        for (Params epoch : ChainParams.sharedEpochs(state)) {
            ends.add(context.height() - (SessionCalendar.sumOfOffsets(epoch) + 1));
        }
        return ends;
    }

    private void settle(long sessionEnd, List<Claim> claims, Map<String, Long> relaysByService)
            throws AbciException {
        SettlementBatch batch = new SettlementBatch(sessionEnd);
        ProposerRewards proposer = new ProposerRewards(validator);
        ClaimPayment payment = new ClaimPayment(context, batch, proposer);
        Map<String, SessionBudget> budgets = SessionBudget.of(state, sessionEnd, claims);
        List<Claim> expired = new ArrayList<>();
        Set<String> chargedApplications = new LinkedHashSet<>();
        for (Claim claim : claims) {
            try {
                ProofRequirementReason requirement = requirementOf(claim);
                if (requirement != ProofRequirementReason.NOT_REQUIRED
                        && claim.getProofValidationStatus() != ClaimProofStatus.VALIDATED) {
                    emitExpired(claim);
                    expired.add(claim);
                } else {
                    payment.pay(
                            claim,
                            requirement,
                            DiscardException.require(
                                    budgets.get(SessionBudget.key(claim)), "application"));
                    chargedApplications.add(claim.getSessionHeader().getApplicationAddress());
                    relaysByService.merge(
                            claim.getSessionHeader().getServiceId(),
                            ClaimWorth.count(claim.getRootHash()),
                            Long::sum);
                }
            } catch (DiscardException e) {
                emitDiscarded(claim, e);
            }
            ClaimRules.remove(state, claim);
        }
        proposer.pay(context, batch);
        batch.execute(context);
        for (String application : chargedApplications) {
            unbondIfBelowMinimum(application);
        }
        Slashing.slash(context, expired);
    }

    private ProofRequirementReason requirementOf(Claim claim) throws DiscardException {
        SessionHeader header = claim.getSessionHeader();
        if (!state.has(Keys.APPLICATIONS + header.getApplicationAddress())) {
            throw new DiscardException(
                    "app address: " + header.getApplicationAddress() + ": application not found");
        }
        if (!state.has(Keys.SUPPLIERS + claim.getSupplierOperatorAddress())) {
            throw new DiscardException(
                    "supplier with operator address: \""
                            + claim.getSupplierOperatorAddress()
                            + "\": supplier not found");
        }
        if (!state.has(Keys.SERVICES + header.getServiceId())) {
            throw new DiscardException(
                    "service ID not found: \"" + header.getServiceId() + "\": service not found");
        }
        try {
            return ClaimRules.requirement(state, claim);
        } catch (AbciException e) {
            throw new DiscardException(e.log().toStringUtf8());
        }
    }

    private void unbondIfBelowMinimum(String address) {
        Application app = state.get(Keys.APPLICATIONS + address, Application.class);
        if (app == null
                || app.getUnstakeSessionEndHeight() != 0
                || Bank.amount(app.getStake())
                                .compareTo(
                                        Bank.amount(ChainParams.application(state).getMinStake()))
                        >= 0) {
            return;
        }
        Params shared = ChainParams.shared(state);
        long sessionEnd = new SessionCalendar(shared).end(context.height());
        Application unbonding = app.toBuilder().setUnstakeSessionEndHeight(sessionEnd).build();
        state.put(Keys.APPLICATIONS + address, unbonding);
        context.emit(
                EventApplicationUnbondingBegin.newBuilder()
                        .setApplication(unbonding)
                        .setReason(
                                ApplicationUnbondingReason
                                        .APPLICATION_UNBONDING_REASON_BELOW_MIN_STAKE)
                        .setSessionEndHeight(sessionEnd)
                        .setUnbondingEndHeight(
                                sessionEnd
                                        + shared.getApplicationUnbondingPeriodSessions()
                                                * shared.getNumBlocksPerSession())
                        .build());
    }

    private void emitExpired(Claim claim) throws DiscardException {
        ClaimWorth amounts;
        try {
            amounts = ClaimRules.amounts(state, claim);
        } catch (AbciException e) {
            throw new DiscardException(e.log().toStringUtf8());
        }
        SessionHeader header = claim.getSessionHeader();
        context.emit(
                EventClaimExpired.newBuilder()
                        .setExpirationReason(
                                claim.getProofValidationStatus() == ClaimProofStatus.INVALID
                                        ? ClaimExpirationReason.PROOF_INVALID
                                        : ClaimExpirationReason.PROOF_MISSING)
                        .setNumRelays(amounts.relays())
                        .setNumClaimedComputeUnits(amounts.computeUnits())
                        .setNumEstimatedComputeUnits(amounts.estimatedComputeUnits())
                        .setNumEstimatedRelays(amounts.estimatedRelays())
                        .setClaimedUpokt(Bank.text(amounts.upokt()))
                        .setServiceId(header.getServiceId())
                        .setApplicationAddress(header.getApplicationAddress())
                        .setSessionEndBlockHeight(header.getSessionEndBlockHeight())
                        .setClaimProofStatusInt(claim.getProofValidationStatusValue())
                        .setSupplierOperatorAddress(claim.getSupplierOperatorAddress())
                        .build());
    }

    private void emitDiscarded(Claim claim, DiscardException cause) {
        SessionHeader header = claim.getSessionHeader();
        context.emit(
                EventClaimDiscarded.newBuilder()
                        .setError(cause.reason())
                        .setServiceId(header.getServiceId())
                        .setApplicationAddress(header.getApplicationAddress())
                        .setSessionEndBlockHeight(header.getSessionEndBlockHeight())
                        .setClaimProofStatusInt(claim.getProofValidationStatusValue())
                        .setSupplierOperatorAddress(claim.getSupplierOperatorAddress())
                        .build());
    }
}
