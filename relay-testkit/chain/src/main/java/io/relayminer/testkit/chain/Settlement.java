package io.relayminer.testkit.chain;

import com.google.protobuf.ByteString;

import io.relayminer.core.wire.application.Application;
import io.relayminer.core.wire.application.ApplicationUnbondingReason;
import io.relayminer.core.wire.application.EventApplicationUnbondingBegin;
import io.relayminer.core.wire.proof.Claim;
import io.relayminer.core.wire.proof.ClaimProofStatus;
import io.relayminer.core.wire.proof.ProofRequirementReason;
import io.relayminer.core.wire.service.EventRelayMiningDifficultyUpdated;
import io.relayminer.core.wire.service.RelayMiningDifficulty;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.core.wire.shared.Params;
import io.relayminer.core.wire.shared.Service;
import io.relayminer.core.wire.shared.ServiceRevenueShare;
import io.relayminer.core.wire.shared.Supplier;
import io.relayminer.core.wire.shared.SupplierServiceConfig;
import io.relayminer.core.wire.supplier.EventSupplierUnbondingBegin;
import io.relayminer.core.wire.supplier.SupplierUnbondingReason;
import io.relayminer.core.wire.tokenomics.ClaimExpirationReason;
import io.relayminer.core.wire.tokenomics.EventApplicationOverserviced;
import io.relayminer.core.wire.tokenomics.EventApplicationReimbursementRequest;
import io.relayminer.core.wire.tokenomics.EventClaimDiscarded;
import io.relayminer.core.wire.tokenomics.EventClaimExpired;
import io.relayminer.core.wire.tokenomics.EventClaimSettled;
import io.relayminer.core.wire.tokenomics.EventSupplierRevShareFallbackDistribution;
import io.relayminer.core.wire.tokenomics.EventSupplierSlashed;
import io.relayminer.core.wire.tokenomics.EventValidatorRewardDistribution;
import io.relayminer.core.wire.tokenomics.RewardDistributionDetail;
import io.relayminer.core.wire.tokenomics.SettlementOpReason;

import org.jspecify.annotations.Nullable;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
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
final class Settlement {
    private static final String TOKENOMICS = "tokenomics";
    private static final String SUPPLIER = "supplier";
    private static final String APPLICATION = "application";
    private static final String COMMISSION_RATE = "0.100000000000000000";
    private static final int COMMISSION_DIVISOR = 10;

    private final ExecutionContext context;
    private final Branch state;
    private final Genesis.Validator validator;

    private Settlement(ExecutionContext context, Genesis.Validator validator) {
        this.context = context;
        this.state = context.state();
        this.validator = validator;
    }

    /**
     * What one session of one application may be charged, and how much of that is unused or
     * exceeded.
     */
    private static final class Budget {
        private final BigInteger floor;
        private final boolean spendLimited;
        private BigInteger unused = BigInteger.ZERO;
        private BigInteger exceeded = BigInteger.ZERO;

        Budget(BigInteger floor, boolean spendLimited) {
            this.floor = floor;
            this.spendLimited = spendLimited;
        }

        void add(@Nullable BigInteger stakeTerms) {
            if (stakeTerms == null) {
                return;
            }
            if (stakeTerms.compareTo(floor) < 0) {
                unused = unused.add(floor.subtract(stakeTerms));
            } else {
                exceeded = exceeded.add(stakeTerms.subtract(floor));
            }
        }

        BigInteger highestCharge(BigInteger stakeTerms, long bonusMultiplier) {
            BigInteger multiplier = BigInteger.valueOf(Math.max(1, bonusMultiplier));
            BigInteger highest = floor;
            if (multiplier.compareTo(BigInteger.ONE) > 0
                    && exceeded.signum() > 0
                    && stakeTerms.compareTo(floor) > 0) {
                highest = floor.add(unused.multiply(stakeTerms.subtract(floor)).divide(exceeded));
            }
            return highest.min(multiplier.multiply(floor));
        }
    }

    /** A claim that cannot be settled at all. */
    private static final class DiscardException extends Exception {
        private static final long serialVersionUID = 1L;

        DiscardException(String reason) {
            super(reason);
        }
    }

    /** End block of the tokenomics module. */
    static void endBlock(ExecutionContext context, Genesis.Validator validator) throws TxException {
        new Settlement(context, validator).settle();
    }

    private void settle() throws TxException {
        Map<String, Long> relaysByService = new TreeMap<>();
        for (long sessionEnd : candidateSessionEnds()) {
            List<Claim> ripe = new ArrayList<>();
            for (Claim claim : ClaimRules.ending(state, sessionEnd)) {
                long end = claim.getSessionHeader().getSessionEndBlockHeight();
                if (context.height()
                        > end + SessionGrid.sumOfOffsets(ChainParams.sharedAt(state, end))) {
                    ripe.add(claim);
                }
            }
            if (!ripe.isEmpty()) {
                settle(sessionEnd, ripe, relaysByService);
            }
        }
        for (Map.Entry<String, Long> entry : relaysByService.entrySet()) {
            updateDifficulty(entry.getKey(), entry.getValue());
        }
    }

    private Set<Long> candidateSessionEnds() {
        Set<Long> ends = new TreeSet<>();
        for (Params epoch : ChainParams.sharedEpochs(state)) {
            ends.add(context.height() - (SessionGrid.sumOfOffsets(epoch) + 1));
        }
        return ends;
    }

    private void settle(long sessionEnd, List<Claim> claims, Map<String, Long> relaysByService)
            throws TxException {
        SettlementBatch batch = new SettlementBatch(sessionEnd);
        Map<String, Budget> budgets = budgets(sessionEnd, claims);
        List<Claim> expired = new ArrayList<>();
        Map<SettlementOpReason, BigInteger> proposerShares = new TreeMap<>();
        Set<String> chargedApplications = new LinkedHashSet<>();
        for (Claim claim : claims) {
            try {
                ProofRequirementReason requirement = requirementOf(claim);
                if (requirement != ProofRequirementReason.NOT_REQUIRED
                        && claim.getProofValidationStatus() != ClaimProofStatus.VALIDATED) {
                    emitExpired(claim);
                    expired.add(claim);
                } else {
                    pay(claim, requirement, budgetOf(budgets, claim), batch, proposerShares);
                    chargedApplications.add(claim.getSessionHeader().getApplicationAddress());
                    relaysByService.merge(
                            claim.getSessionHeader().getServiceId(),
                            ClaimAmounts.count(claim.getRootHash()),
                            Long::sum);
                }
            } catch (DiscardException e) {
                emitDiscarded(claim, e);
            }
            ClaimRules.remove(state, claim);
        }
        proposerShares.forEach(
                (reason, amount) -> rewardValidator(sessionEnd, reason, amount, batch));
        batch.execute(context);
        for (String application : chargedApplications) {
            unbondIfBelowMinimum(application);
        }
        slash(expired);
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
        } catch (TxException e) {
            throw new DiscardException(e.log().toStringUtf8());
        }
    }

    private static String budgetKey(Claim claim) {
        return claim.getSessionHeader().getApplicationAddress()
                + "/"
                + claim.getSessionHeader().getSessionId();
    }

    private static Budget budgetOf(Map<String, Budget> budgets, Claim claim)
            throws DiscardException {
        Budget budget = budgets.get(budgetKey(claim));
        if (budget == null) {
            throw new DiscardException("application not found");
        }
        return budget;
    }

    private Map<String, Budget> budgets(long sessionEnd, List<Claim> claims) {
        Map<String, Long> claimsPerSession = new HashMap<>();
        for (Claim claim : claims) {
            claimsPerSession.merge(budgetKey(claim), 1L, Long::sum);
        }
        BigInteger pendingSessions =
                BigInteger.valueOf(
                        SessionGrid.pendingSessions(ChainParams.sharedAt(state, sessionEnd)));
        Rational inflation =
                Rational.of(ChainParams.tokenomics(state).getGlobalInflationPerClaim());
        Map<String, Budget> budgets = new HashMap<>();
        for (Claim claim : claims) {
            String key = budgetKey(claim);
            Application app =
                    state.get(
                            Keys.APPLICATIONS + claim.getSessionHeader().getApplicationAddress(),
                            Application.class);
            if (app == null) {
                continue;
            }
            BigInteger sharers = BigInteger.valueOf(claimsPerSession.getOrDefault(key, 1L));
            Budget budget =
                    budgets.computeIfAbsent(key, k -> newBudget(app, pendingSessions, sharers));
            budget.add(stakeTermsIfSettling(claim, inflation));
        }
        return budgets;
    }

    /** What a claim will cost its application, {@code null} if it is not going to be paid. */
    private @Nullable BigInteger stakeTermsIfSettling(Claim claim, Rational inflation) {
        try {
            if (claim.getProofValidationStatus() != ClaimProofStatus.VALIDATED
                    && ClaimRules.requirement(state, claim)
                            != ProofRequirementReason.NOT_REQUIRED) {
                return null;
            }
            BigInteger claimed = ClaimRules.amounts(state, claim).upokt();
            return claimed.add(inflation.ceilOf(claimed));
        } catch (TxException e) {
            // The claim is discarded when its turn comes, and leaves no trace in the budget.
            return null;
        }
    }

    private static Budget newBudget(
            Application app, BigInteger pendingSessions, BigInteger claims) {
        BigInteger perSession = Ledger.amount(app.getStake()).divide(pendingSessions);
        BigInteger floor = perSession.divide(claims);
        if (app.hasPerSessionSpendLimit()
                && Ledger.amount(app.getPerSessionSpendLimit()).signum() > 0) {
            BigInteger limited =
                    Ledger.amount(app.getPerSessionSpendLimit()).min(perSession).divide(claims);
            if (limited.compareTo(floor) < 0) {
                return new Budget(limited, true);
            }
        }
        return new Budget(floor, false);
    }

    private void pay(
            Claim claim,
            ProofRequirementReason requirement,
            Budget budget,
            SettlementBatch batch,
            Map<SettlementOpReason, BigInteger> proposerShares)
            throws DiscardException, TxException {
        SessionHeader header = claim.getSessionHeader();
        io.relayminer.core.wire.tokenomics.Params params = ChainParams.tokenomics(state);
        Service service = require(ServiceRegistry.service(state, header.getServiceId()), "service");
        ClaimAmounts amounts = ClaimRules.amounts(state, claim);
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
                            .setExpectedBurn(Ledger.text(stakeTerms))
                            .setEffectiveBurn(Ledger.text(settled.add(inflated)))
                            .setServiceId(header.getServiceId())
                            .setSessionEndBlockHeight(header.getSessionEndBlockHeight())
                            .setSpendLimitExceeded(budget.spendLimited)
                            .build());
        }
        Supplier supplier =
                require(
                        state.get(
                                Keys.SUPPLIERS + claim.getSupplierOperatorAddress(),
                                Supplier.class),
                        "supplier");
        Rewards rewards = new Rewards(claim, supplier, service, batch, proposerShares);
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

    private static <T> T require(@Nullable T value, String what) throws DiscardException {
        if (value == null) {
            throw new DiscardException(what + " not found");
        }
        return value;
    }

    private void chargeApplication(String address, BigInteger amount) throws DiscardException {
        Application app =
                require(state.get(Keys.APPLICATIONS + address, Application.class), APPLICATION);
        BigInteger stake = Ledger.amount(app.getStake()).subtract(amount);
        if (stake.signum() < 0) {
            throw new DiscardException("application stake is smaller than the charge");
        }
        state.put(
                Keys.APPLICATIONS + address, app.toBuilder().setStake(Ledger.coin(stake)).build());
    }

    private void unbondIfBelowMinimum(String address) {
        Application app = state.get(Keys.APPLICATIONS + address, Application.class);
        if (app == null
                || app.getUnstakeSessionEndHeight() != 0
                || Ledger.amount(app.getStake())
                                .compareTo(
                                        Ledger.amount(ChainParams.application(state).getMinStake()))
                        >= 0) {
            return;
        }
        Params shared = ChainParams.shared(state);
        long sessionEnd = new SessionGrid(shared).end(context.height());
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

    /** Splits what is minted for one claim and remembers who got what. */
    private final class Rewards {
        private final Claim claim;
        private final Supplier supplier;
        private final Service service;
        private final SettlementBatch batch;
        private final Map<SettlementOpReason, BigInteger> proposerShares;
        private final List<RewardDistributionDetail> details = new ArrayList<>();
        private final TreeMap<String, BigInteger> totals = new TreeMap<>();

        Rewards(
                Claim claim,
                Supplier supplier,
                Service service,
                SettlementBatch batch,
                Map<SettlementOpReason, BigInteger> proposerShares) {
            this.claim = claim;
            this.supplier = supplier;
            this.service = service;
            this.batch = batch;
            this.proposerShares = proposerShares;
        }

        void distributeMint(io.relayminer.core.wire.tokenomics.Params params, BigInteger minted) {
            var shares = params.getMintEqualsBurnClaimDistribution();
            BigInteger toSupplier = Rational.of(shares.getSupplier()).floorOf(minted);
            BigInteger toProposer = Rational.of(shares.getProposer()).floorOf(minted);
            BigInteger toOwner = Rational.of(shares.getSourceOwner()).floorOf(minted);
            BigInteger toApplication = Rational.of(shares.getApplication()).floorOf(minted);
            BigInteger toDao =
                    minted.subtract(toSupplier)
                            .subtract(toProposer)
                            .subtract(toOwner)
                            .subtract(toApplication);
            batch.moveBetweenModules(
                    TOKENOMICS,
                    SUPPLIER,
                    SettlementOpReason
                            .TLM_RELAY_BURN_EQUALS_MINT_SUPPLIER_SHAREHOLDER_REWARD_DISTRIBUTION,
                    toSupplier);
            payShareholders(
                    SettlementOpReason
                            .TLM_RELAY_BURN_EQUALS_MINT_SUPPLIER_SHAREHOLDER_REWARD_DISTRIBUTION,
                    toSupplier);
            proposerShares.merge(
                    SettlementOpReason.TLM_RELAY_BURN_EQUALS_MINT_VALIDATOR_REWARD_DISTRIBUTION,
                    toProposer,
                    BigInteger::add);
            pay(
                    TOKENOMICS,
                    service.getOwnerAddress(),
                    SettlementOpReason.TLM_RELAY_BURN_EQUALS_MINT_SOURCE_OWNER_REWARD_DISTRIBUTION,
                    toOwner);
            pay(
                    TOKENOMICS,
                    claim.getSessionHeader().getApplicationAddress(),
                    SettlementOpReason.TLM_RELAY_BURN_EQUALS_MINT_APPLICATION_REWARD_DISTRIBUTION,
                    toApplication);
            pay(
                    TOKENOMICS,
                    params.getDaoRewardAddress(),
                    SettlementOpReason.TLM_RELAY_BURN_EQUALS_MINT_DAO_REWARD_DISTRIBUTION,
                    toDao);
        }

        void distributeInflation(
                io.relayminer.core.wire.tokenomics.Params params, BigInteger inflated) {
            var shares = params.getMintAllocationPercentages();
            BigInteger toSupplier = Rational.of(shares.getSupplier()).floorOf(inflated);
            BigInteger toProposer = Rational.of(shares.getProposer()).floorOf(inflated);
            BigInteger toOwner = Rational.of(shares.getSourceOwner()).floorOf(inflated);
            BigInteger toApplication = Rational.of(shares.getApplication()).floorOf(inflated);
            BigInteger toDao =
                    inflated.subtract(toSupplier)
                            .subtract(toProposer)
                            .subtract(toOwner)
                            .subtract(toApplication);
            batch.moveBetweenModules(
                    TOKENOMICS,
                    SUPPLIER,
                    SettlementOpReason.TLM_GLOBAL_MINT_REIMBURSEMENT_REQUEST_ESCROW_MODULE_TRANSFER,
                    toSupplier);
            payShareholders(
                    SettlementOpReason.TLM_GLOBAL_MINT_SUPPLIER_SHAREHOLDER_REWARD_DISTRIBUTION,
                    toSupplier);
            proposerShares.merge(
                    SettlementOpReason.TLM_GLOBAL_MINT_VALIDATOR_REWARD_DISTRIBUTION,
                    toProposer,
                    BigInteger::add);
            pay(
                    TOKENOMICS,
                    service.getOwnerAddress(),
                    SettlementOpReason.TLM_GLOBAL_MINT_SOURCE_OWNER_REWARD_DISTRIBUTION,
                    toOwner);
            pay(
                    TOKENOMICS,
                    claim.getSessionHeader().getApplicationAddress(),
                    SettlementOpReason.TLM_GLOBAL_MINT_APPLICATION_REWARD_DISTRIBUTION,
                    toApplication);
            pay(
                    TOKENOMICS,
                    params.getDaoRewardAddress(),
                    SettlementOpReason.TLM_GLOBAL_MINT_DAO_REWARD_DISTRIBUTION,
                    toDao);
            batch.moveBetweenModules(
                    APPLICATION,
                    TOKENOMICS,
                    SettlementOpReason.TLM_GLOBAL_MINT_REIMBURSEMENT_REQUEST_ESCROW_MODULE_TRANSFER,
                    inflated);
            pay(
                    TOKENOMICS,
                    params.getDaoRewardAddress(),
                    SettlementOpReason.TLM_GLOBAL_MINT_REIMBURSEMENT_REQUEST_ESCROW_DAO_TRANSFER,
                    inflated);
        }

        private void payShareholders(SettlementOpReason reason, BigInteger amount) {
            List<ServiceRevenueShare> shares = revenueShares();
            long total = 0;
            for (ServiceRevenueShare share : shares) {
                total += share.getRevSharePercentage();
            }
            if (total != 100) {
                context.emit(
                        EventSupplierRevShareFallbackDistribution.newBuilder()
                                .setSupplierOperatorAddress(supplier.getOperatorAddress())
                                .setSupplierOwnerAddress(supplier.getOwnerAddress())
                                .setServiceId(service.getId())
                                .setSessionEndBlockHeight(
                                        claim.getSessionHeader().getSessionEndBlockHeight())
                                .setAmount(Ledger.text(amount))
                                .setOpReason(reason)
                                .setObservedSumPercentage(total)
                                .setReason("revenue share percentages do not add up to 100")
                                .build());
                pay(SUPPLIER, supplier.getOwnerAddress(), reason, amount);
                return;
            }
            List<BigInteger> parts = new ArrayList<>();
            BigInteger left = amount;
            for (ServiceRevenueShare share : shares) {
                BigInteger part =
                        amount.multiply(BigInteger.valueOf(share.getRevSharePercentage()))
                                .divide(BigInteger.valueOf(100));
                parts.add(part);
                left = left.subtract(part);
            }
            parts.set(0, parts.get(0).add(left));
            for (int i = 0; i < shares.size(); i++) {
                pay(SUPPLIER, shares.get(i).getAddress(), reason, parts.get(i));
            }
        }

        /** The shares in force for this service at the end of the claim's session. */
        private List<ServiceRevenueShare> revenueShares() {
            SupplierServiceConfig config =
                    SupplierRegistry.configAt(
                            state,
                            supplier.getOperatorAddress(),
                            service.getId(),
                            claim.getSessionHeader().getSessionStartBlockHeight());
            return config == null ? List.of() : config.getRevShareList();
        }

        private void pay(
                String sender, String recipient, SettlementOpReason reason, BigInteger amount) {
            if (amount.signum() == 0) {
                return;
            }
            batch.pay(sender, recipient, reason, amount);
            details.add(
                    RewardDistributionDetail.newBuilder()
                            .setRecipientAddress(recipient)
                            .setOpReason(reason)
                            .setAmount(Ledger.text(amount))
                            .build());
            totals.merge(recipient, amount, BigInteger::add);
        }
    }

    private void rewardValidator(
            long sessionEnd, SettlementOpReason reason, BigInteger amount, SettlementBatch batch) {
        if (amount.signum() == 0) {
            return;
        }
        BigInteger commission = amount.divide(BigInteger.valueOf(COMMISSION_DIVISOR));
        context.emit(
                EventValidatorRewardDistribution.newBuilder()
                        .setSessionEndBlockHeight(sessionEnd)
                        .setOpReason(reason)
                        .setValidatorOperatorAddress(validator.operatorAddress())
                        .setValidatorAccountAddress(validator.accountAddress())
                        .setCommissionRate(COMMISSION_RATE)
                        .setPoolShareUpokt(amount.toString())
                        .setCommissionUpokt(commission.toString())
                        .setSelfDelegationRewardUpokt(amount.subtract(commission).toString())
                        .setDelegatorsRewardUpokt("0")
                        .setTotalDelegatedStakeUpokt(validator.bondedUpokt().toString())
                        .setNumDelegators(0)
                        .build());
        batch.pay(TOKENOMICS, validator.accountAddress(), reason, amount);
    }

    private void slash(List<Claim> expired) throws TxException {
        BigInteger penalty = Ledger.amount(ChainParams.proof(state).getProofMissingPenalty());
        BigInteger minimum = Ledger.amount(ChainParams.supplier(state).getMinStake());
        for (Claim claim : expired) {
            String key = Keys.SUPPLIERS + claim.getSupplierOperatorAddress();
            Supplier supplier = state.get(key, Supplier.class);
            if (supplier == null) {
                continue;
            }
            BigInteger stake = Ledger.amount(supplier.getStake());
            BigInteger taken = penalty.min(stake);
            if (taken.signum() > 0) {
                String module = Bech32Text.moduleAddress(TOKENOMICS);
                Ledger.send(
                        context,
                        Bech32Text.moduleAddress(SUPPLIER),
                        module,
                        List.of(Ledger.coin(taken)));
                Ledger.burn(context, module, Ledger.coin(taken));
            }
            Supplier.Builder slashed =
                    supplier.toBuilder().setStake(Ledger.coin(stake.subtract(taken)));
            if (stake.subtract(taken).compareTo(minimum) < 0
                    && supplier.getUnstakeSessionEndHeight() == 0) {
                long sessionEnd = new SessionGrid(ChainParams.shared(state)).end(context.height());
                slashed.setUnstakeSessionEndHeight(sessionEnd);
                context.emit(
                        EventSupplierUnbondingBegin.newBuilder()
                                .setSupplier(withConfigsOf(slashed.build(), expired))
                                .setReason(
                                        SupplierUnbondingReason
                                                .SUPPLIER_UNBONDING_REASON_BELOW_MIN_STAKE)
                                .setSessionEndHeight(sessionEnd)
                                .setUnbondingEndHeight(sessionEnd)
                                .build());
            }
            state.put(key, slashed.build());
            context.emit(
                    EventSupplierSlashed.newBuilder()
                            .setProofMissingPenalty(Ledger.text(taken))
                            .setServiceId(claim.getSessionHeader().getServiceId())
                            .setApplicationAddress(claim.getSessionHeader().getApplicationAddress())
                            .setSessionEndBlockHeight(
                                    claim.getSessionHeader().getSessionEndBlockHeight())
                            .setClaimProofStatusInt(claim.getProofValidationStatusValue())
                            .setSupplierOperatorAddress(claim.getSupplierOperatorAddress())
                            .setSupplierStakeAfterSlash(Ledger.text(stake.subtract(taken)))
                            .build());
        }
    }

    /**
     * The record as the unbonding event shows it: with the configurations of the services of its
     * claims only.
     */
    private Supplier withConfigsOf(Supplier supplier, List<Claim> expired) {
        Supplier.Builder shown = supplier.toBuilder().clearServices();
        Set<String> services = new TreeSet<>();
        for (Claim claim : expired) {
            if (claim.getSupplierOperatorAddress().equals(supplier.getOperatorAddress())) {
                services.add(claim.getSessionHeader().getServiceId());
            }
        }
        for (String serviceId : services) {
            SupplierServiceConfig config =
                    SupplierRegistry.configAt(
                            state, supplier.getOperatorAddress(), serviceId, context.height());
            if (config != null) {
                shown.addServices(config);
            }
        }
        return shown.build();
    }

    private void updateDifficulty(String serviceId, long relays) {
        long target = ChainParams.service(state).getTargetNumRelays();
        RelayMiningDifficulty previous =
                state.get(Keys.DIFFICULTY + serviceId, RelayMiningDifficulty.class);
        if (previous == null) {
            previous =
                    RelayMiningDifficulty.newBuilder()
                            .setServiceId(serviceId)
                            .setBlockHeight(context.height())
                            .setNumRelaysEma(relays)
                            .setTargetHash(MiningDifficulty.target(target, relays))
                            .build();
        }
        long average = MiningDifficulty.nextAverage(previous.getNumRelaysEma(), relays);
        ByteString newTarget = MiningDifficulty.target(target, average);
        long effective = new SessionGrid(ChainParams.shared(state)).end(context.height()) + 1;
        RelayMiningDifficulty next =
                RelayMiningDifficulty.newBuilder()
                        .setServiceId(serviceId)
                        .setBlockHeight(effective)
                        .setNumRelaysEma(average)
                        .setTargetHash(newTarget)
                        .build();
        if (state.scan(Keys.DIFFICULTY_HISTORY + serviceId + "/").isEmpty()) {
            state.put(Keys.difficultyHistory(serviceId, previous.getBlockHeight()), previous);
        }
        state.put(Keys.difficultyHistory(serviceId, effective), next);
        state.put(Keys.DIFFICULTY + serviceId, next);
        context.emit(
                EventRelayMiningDifficultyUpdated.newBuilder()
                        .setServiceId(serviceId)
                        .setPrevTargetHashHexEncoded(Hashes.lowerHex(previous.getTargetHash()))
                        .setNewTargetHashHexEncoded(Hashes.lowerHex(newTarget))
                        .setPrevNumRelaysEma(previous.getNumRelaysEma())
                        .setNewNumRelaysEma(average)
                        .build());
    }

    private void emitSettled(
            Claim claim,
            ProofRequirementReason requirement,
            ClaimAmounts amounts,
            BigInteger settled,
            BigInteger minted,
            Supplier supplier,
            io.relayminer.core.wire.tokenomics.Params params,
            Rewards rewards) {
        SessionHeader header = claim.getSessionHeader();
        EventClaimSettled.Builder event =
                EventClaimSettled.newBuilder()
                        .setProofRequirementInt(requirement.getNumber())
                        .setNumRelays(amounts.relays())
                        .setNumClaimedComputeUnits(amounts.computeUnits())
                        .setNumEstimatedComputeUnits(amounts.estimatedComputeUnits())
                        .setNumEstimatedRelays(amounts.estimatedRelays())
                        .setClaimedUpokt(Ledger.text(amounts.upokt()))
                        .setServiceId(header.getServiceId())
                        .setApplicationAddress(header.getApplicationAddress())
                        .setSessionEndBlockHeight(header.getSessionEndBlockHeight())
                        .setClaimProofStatusInt(claim.getProofValidationStatusValue())
                        .setSupplierOperatorAddress(claim.getSupplierOperatorAddress())
                        .addAllRewardDistributionDetailed(rewards.details)
                        .setSettledUpokt(Ledger.text(settled))
                        .setMintRatio(decimal(params.getMintRatio()))
                        .setSessionId(header.getSessionId())
                        .setSupplierOwnerAddress(supplier.getOwnerAddress())
                        .setMintedUpokt(Ledger.text(minted))
                        .setOverservicingLossUpokt(Ledger.text(amounts.upokt().subtract(settled)))
                        .setDeflationLossUpokt(Ledger.text(settled.subtract(minted)));
        rewards.totals.forEach(
                (address, amount) -> event.putRewardDistribution(address, Ledger.text(amount)));
        context.emit(event.build());
    }

    /** Shortest decimal text, without a fraction for whole numbers. */
    private static String decimal(double value) {
        return new java.math.BigDecimal(Double.toString(value))
                .stripTrailingZeros()
                .toPlainString();
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
                        .setAmount(Ledger.text(amount))
                        .build());
    }

    private void emitExpired(Claim claim) throws DiscardException {
        ClaimAmounts amounts;
        try {
            amounts = ClaimRules.amounts(state, claim);
        } catch (TxException e) {
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
                        .setClaimedUpokt(Ledger.text(amounts.upokt()))
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
                        .setError(java.util.Objects.requireNonNullElse(cause.getMessage(), ""))
                        .setServiceId(header.getServiceId())
                        .setApplicationAddress(header.getApplicationAddress())
                        .setSessionEndBlockHeight(header.getSessionEndBlockHeight())
                        .setClaimProofStatusInt(claim.getProofValidationStatusValue())
                        .setSupplierOperatorAddress(claim.getSupplierOperatorAddress())
                        .build());
    }
}
