package io.relayminer.testkit.chain.internal.settlement;

import io.relayminer.core.wire.application.Application;
import io.relayminer.core.wire.proof.Claim;
import io.relayminer.core.wire.proof.ProofRequirementReason;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.core.wire.shared.Service;
import io.relayminer.core.wire.shared.Supplier;
import io.relayminer.core.wire.tokenomics.EventApplicationOverserviced;
import io.relayminer.core.wire.tokenomics.EventApplicationReimbursementRequest;
import io.relayminer.core.wire.tokenomics.EventClaimSettled;
import io.relayminer.core.wire.tokenomics.Params;
import io.relayminer.core.wire.tokenomics.SettlementOpReason;
import io.relayminer.testkit.chain.internal.bank.Bank;
import io.relayminer.testkit.chain.internal.claims.ClaimRules;
import io.relayminer.testkit.chain.internal.claims.ClaimWorth;
import io.relayminer.testkit.chain.internal.claims.ProofErrors;
import io.relayminer.testkit.chain.internal.encoding.Rational;
import io.relayminer.testkit.chain.internal.execution.AbciException;
import io.relayminer.testkit.chain.internal.execution.ExecutionContext;
import io.relayminer.testkit.chain.internal.params.ChainParams;
import io.relayminer.testkit.chain.internal.stake.ServiceRegistry;
import io.relayminer.testkit.chain.internal.state.Branch;
import io.relayminer.testkit.chain.internal.state.Keys;

import java.math.BigDecimal;
import java.math.BigInteger;

/** Pays claims: burns what they cost their application and mints what they earn. */
final class ClaimPayment {
    private static final String TOKENOMICS = "tokenomics";
    private static final String APPLICATION = "application";

    private final ExecutionContext context;
    private final Branch state;
    private final SettlementBatch batch;
    private final ProposerRewards proposer;

    ClaimPayment(ExecutionContext context, SettlementBatch batch, ProposerRewards proposer) {
        this.context = context;
        this.state = context.state();
        this.batch = batch;
        this.proposer = proposer;
    }

    /**
     * Pays a claim as far as its application's budget goes.
     *
     * @throws DiscardException when it cannot be paid at all
     */
    void pay(Claim claim, ProofRequirementReason requirement, SessionBudget budget)
            throws DiscardException, AbciException {
        SessionHeader header = claim.getSessionHeader();
        Params params = ChainParams.tokenomics(state);
        Service service =
                DiscardException.require(
                        ServiceRegistry.service(state, header.getServiceId()), "service");
        ClaimWorth amounts = ClaimRules.amounts(state, claim);
        long perRelay =
                ServiceRegistry.computeUnitsPerRelay(
                        state, service, header.getSessionStartBlockHeight());
        if (amounts.computeUnits() != amounts.relays() * perRelay) {
            throw new DiscardException(
                    "claim compute units: "
                            + Long.toUnsignedString(amounts.computeUnits())
                            + " is not equal to number of relays "
                            + Long.toUnsignedString(amounts.relays())
                            + " * compute units per relay "
                            + Long.toUnsignedString(perRelay)
                            + ": "
                            + ProofErrors.COMPUTE_UNITS_MISMATCH);
        }
        Rational inflation = Rational.of(params.getGlobalInflationPerClaim());
        BigInteger claimed = amounts.upokt();
        BigInteger stakeTerms = claimed.add(inflation.ceilOf(claimed));
        BigInteger limit =
                inflation.floorOfDividedByOnePlus(
                        budget.highestCharge(stakeTerms, params.getOverservicingBonusMultiplier()));
        BigInteger settled = claimed.min(limit);
        BigInteger inflated = inflation.ceilOf(settled);
        BigInteger minted = Rational.of(params.getMintRatio()).floorOf(settled);
        if (settled.signum() > 0 && minted.signum() == 0) {
            throw new DiscardException("minted amount is zero: coin amount is zero");
        }
        if (settled.compareTo(claimed) < 0) {
            context.emit(
                    EventApplicationOverserviced.newBuilder()
                            .setApplicationAddr(header.getApplicationAddress())
                            .setSupplierOperatorAddr(claim.getSupplierOperatorAddress())
                            .setExpectedBurn(Bank.text(stakeTerms))
                            .setEffectiveBurn(Bank.text(settled.add(inflated)))
                            .setServiceId(header.getServiceId())
                            .setSessionEndBlockHeight(header.getSessionEndBlockHeight())
                            .setSpendLimitExceeded(budget.isSpendLimited())
                            .build());
        }
        Supplier supplier =
                DiscardException.require(
                        state.get(
                                Keys.SUPPLIERS + claim.getSupplierOperatorAddress(),
                                Supplier.class),
                        "supplier");
        ClaimRewards rewards = new ClaimRewards(context, claim, supplier, service, batch, proposer);
        if (settled.signum() > 0) {
            batch.mint(
                    TOKENOMICS,
                    SettlementOpReason
                            .TLM_RELAY_BURN_EQUALS_MINT_TOKENOMICS_CLAIM_DISTRIBUTION_MINT,
                    minted);
            rewards.distributeMint(params, minted);
            batch.burn(
                    APPLICATION,
                    SettlementOpReason.TLM_RELAY_BURN_EQUALS_MINT_APPLICATION_STAKE_BURN,
                    settled);
            if (inflated.signum() > 0) {
                batch.mint(TOKENOMICS, SettlementOpReason.TLM_GLOBAL_MINT_INFLATION, inflated);
                rewards.distributeInflation(params, inflated);
                emitReimbursement(claim, supplier, inflated);
            }
            chargeApplication(header.getApplicationAddress(), settled.add(inflated));
        }
        emitSettled(claim, requirement, amounts, settled, minted, supplier, params, rewards);
    }

    private void chargeApplication(String address, BigInteger amount) throws DiscardException {
        Application app =
                DiscardException.require(
                        state.get(Keys.APPLICATIONS + address, Application.class), APPLICATION);
        BigInteger stake = Bank.amount(app.getStake()).subtract(amount);
        if (stake.signum() < 0) {
            throw new DiscardException("application stake is smaller than the charge");
        }
        state.put(Keys.APPLICATIONS + address, app.toBuilder().setStake(Bank.coin(stake)).build());
    }

    private void emitSettled(
            Claim claim,
            ProofRequirementReason requirement,
            ClaimWorth amounts,
            BigInteger settled,
            BigInteger minted,
            Supplier supplier,
            Params params,
            ClaimRewards rewards) {
        SessionHeader header = claim.getSessionHeader();
        EventClaimSettled.Builder event =
                EventClaimSettled.newBuilder()
                        .setProofRequirementInt(requirement.getNumber())
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
                        .addAllRewardDistributionDetailed(rewards.details())
                        .setSettledUpokt(Bank.text(settled))
                        .setMintRatio(decimal(params.getMintRatio()))
                        .setSessionId(header.getSessionId())
                        .setSupplierOwnerAddress(supplier.getOwnerAddress())
                        .setMintedUpokt(Bank.text(minted))
                        .setOverservicingLossUpokt(Bank.text(amounts.upokt().subtract(settled)))
                        .setDeflationLossUpokt(Bank.text(settled.subtract(minted)));
        rewards.totals()
                .forEach(
                        (address, amount) ->
                                event.putRewardDistribution(address, Bank.text(amount)));
        context.emit(event.build());
    }

    /** Shortest decimal text, without a fraction for whole numbers. */
    private static String decimal(double value) {
        return new BigDecimal(Double.toString(value)).stripTrailingZeros().toPlainString();
    }

    private void emitReimbursement(Claim claim, Supplier supplier, BigInteger amount) {
        SessionHeader header = claim.getSessionHeader();
        context.emit(
                EventApplicationReimbursementRequest.newBuilder()
                        .setApplicationAddr(header.getApplicationAddress())
                        .setSupplierOperatorAddr(claim.getSupplierOperatorAddress())
                        .setSupplierOwnerAddr(supplier.getOwnerAddress())
                        .setServiceId(header.getServiceId())
                        .setSessionId(header.getSessionId())
                        .setAmount(Bank.text(amount))
                        .build());
    }
}
