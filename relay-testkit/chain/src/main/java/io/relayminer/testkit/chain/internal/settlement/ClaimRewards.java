package io.relayminer.testkit.chain.internal.settlement;

import io.relayminer.core.wire.proof.Claim;
import io.relayminer.core.wire.shared.Service;
import io.relayminer.core.wire.shared.ServiceRevenueShare;
import io.relayminer.core.wire.shared.Supplier;
import io.relayminer.core.wire.shared.SupplierServiceConfig;
import io.relayminer.core.wire.tokenomics.EventSupplierRevShareFallbackDistribution;
import io.relayminer.core.wire.tokenomics.Params;
import io.relayminer.core.wire.tokenomics.RewardDistributionDetail;
import io.relayminer.core.wire.tokenomics.SettlementOpReason;
import io.relayminer.testkit.chain.internal.bank.Bank;
import io.relayminer.testkit.chain.internal.encoding.Rational;
import io.relayminer.testkit.chain.internal.execution.ExecutionContext;
import io.relayminer.testkit.chain.internal.stake.SupplierRegistry;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Splits what is minted for one claim and remembers who got what. */
final class ClaimRewards {
    private static final String TOKENOMICS = "tokenomics";
    private static final String SUPPLIER = "supplier";
    private static final String APPLICATION = "application";

    private final ExecutionContext context;
    private final Claim claim;
    private final Supplier supplier;
    private final Service service;
    private final SettlementBatch batch;
    private final ProposerRewards proposer;
    private final List<RewardDistributionDetail> details = new ArrayList<>();
    private final TreeMap<String, BigInteger> totals = new TreeMap<>();

    ClaimRewards(
            ExecutionContext context,
            Claim claim,
            Supplier supplier,
            Service service,
            SettlementBatch batch,
            ProposerRewards proposer) {
        this.context = context;
        this.claim = claim;
        this.supplier = supplier;
        this.service = service;
        this.batch = batch;
        this.proposer = proposer;
    }

    /** Parts of a mint; the DAO has what is left. */
    private record Shares(double supplier, double proposer, double owner, double application) {}

    /** What each movement is booked as. */
    private record Reasons(
            SettlementOpReason transfer,
            SettlementOpReason shareholders,
            SettlementOpReason proposer,
            SettlementOpReason owner,
            SettlementOpReason application,
            SettlementOpReason dao) {}

    private static final Reasons MINT =
            new Reasons(
                    SettlementOpReason
                            .TLM_RELAY_BURN_EQUALS_MINT_SUPPLIER_SHAREHOLDER_REWARD_DISTRIBUTION,
                    SettlementOpReason
                            .TLM_RELAY_BURN_EQUALS_MINT_SUPPLIER_SHAREHOLDER_REWARD_DISTRIBUTION,
                    SettlementOpReason.TLM_RELAY_BURN_EQUALS_MINT_VALIDATOR_REWARD_DISTRIBUTION,
                    SettlementOpReason.TLM_RELAY_BURN_EQUALS_MINT_SOURCE_OWNER_REWARD_DISTRIBUTION,
                    SettlementOpReason.TLM_RELAY_BURN_EQUALS_MINT_APPLICATION_REWARD_DISTRIBUTION,
                    SettlementOpReason.TLM_RELAY_BURN_EQUALS_MINT_DAO_REWARD_DISTRIBUTION);

    private static final Reasons INFLATION =
            new Reasons(
                    SettlementOpReason.TLM_GLOBAL_MINT_REIMBURSEMENT_REQUEST_ESCROW_MODULE_TRANSFER,
                    SettlementOpReason.TLM_GLOBAL_MINT_SUPPLIER_SHAREHOLDER_REWARD_DISTRIBUTION,
                    SettlementOpReason.TLM_GLOBAL_MINT_VALIDATOR_REWARD_DISTRIBUTION,
                    SettlementOpReason.TLM_GLOBAL_MINT_SOURCE_OWNER_REWARD_DISTRIBUTION,
                    SettlementOpReason.TLM_GLOBAL_MINT_APPLICATION_REWARD_DISTRIBUTION,
                    SettlementOpReason.TLM_GLOBAL_MINT_DAO_REWARD_DISTRIBUTION);

    void distributeMint(Params params, BigInteger minted) {
        var parts = params.getMintEqualsBurnClaimDistribution();
        distribute(
                minted,
                new Shares(
                        parts.getSupplier(),
                        parts.getProposer(),
                        parts.getSourceOwner(),
                        parts.getApplication()),
                MINT,
                params.getDaoRewardAddress());
    }

    /** Splits inflation, and reserves its cost from the application for the DAO. */
    void distributeInflation(Params params, BigInteger inflated) {
        var parts = params.getMintAllocationPercentages();
        distribute(
                inflated,
                new Shares(
                        parts.getSupplier(),
                        parts.getProposer(),
                        parts.getSourceOwner(),
                        parts.getApplication()),
                INFLATION,
                params.getDaoRewardAddress());
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

    private void distribute(BigInteger amount, Shares shares, Reasons reasons, String dao) {
        BigInteger toSupplier = Rational.of(shares.supplier()).floorOf(amount);
        BigInteger toProposer = Rational.of(shares.proposer()).floorOf(amount);
        BigInteger toOwner = Rational.of(shares.owner()).floorOf(amount);
        BigInteger toApplication = Rational.of(shares.application()).floorOf(amount);
        BigInteger toDao =
                amount.subtract(toSupplier)
                        .subtract(toProposer)
                        .subtract(toOwner)
                        .subtract(toApplication);
        batch.moveBetweenModules(TOKENOMICS, SUPPLIER, reasons.transfer(), toSupplier);
        payShareholders(reasons.shareholders(), toSupplier);
        proposer.add(reasons.proposer(), toProposer);
        pay(TOKENOMICS, service.getOwnerAddress(), reasons.owner(), toOwner);
        pay(
                TOKENOMICS,
                claim.getSessionHeader().getApplicationAddress(),
                reasons.application(),
                toApplication);
        pay(TOKENOMICS, dao, reasons.dao(), toDao);
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
                            .setAmount(Bank.text(amount))
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
                        context.state(),
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
                        .setAmount(Bank.text(amount))
                        .build());
        totals.merge(recipient, amount, BigInteger::add);
    }

    /** Every payment, in order. */
    List<RewardDistributionDetail> details() {
        return details;
    }

    /** What each address got. */
    Map<String, BigInteger> totals() {
        return totals;
    }
}
