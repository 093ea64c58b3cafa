package io.relayminer.testkit.chain.internal.settlement;

import io.relayminer.core.wire.application.Application;
import io.relayminer.core.wire.proof.Claim;
import io.relayminer.core.wire.proof.ClaimProofStatus;
import io.relayminer.core.wire.proof.ProofRequirementReason;
import io.relayminer.testkit.chain.internal.bank.Bank;
import io.relayminer.testkit.chain.internal.claims.ClaimRules;
import io.relayminer.testkit.chain.internal.encoding.Rational;
import io.relayminer.testkit.chain.internal.execution.AbciException;
import io.relayminer.testkit.chain.internal.params.ChainParams;
import io.relayminer.testkit.chain.internal.params.SessionCalendar;
import io.relayminer.testkit.chain.internal.state.Branch;
import io.relayminer.testkit.chain.internal.state.Keys;

import org.jspecify.annotations.Nullable;

import java.math.BigInteger;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What one session of one application may be charged, and how much of that is unused or exceeded.
 *
 * <p>The application's stake bounds what its open sessions cost together; a session's part of it is
 * shared evenly by its claims. What some claims leave unused, others that exceed their share may
 * use, up to a bonus.
 */
final class SessionBudget {
    private final BigInteger floor;
    private final boolean spendLimited;
    private BigInteger unused = BigInteger.ZERO;
    private BigInteger exceeded = BigInteger.ZERO;

    SessionBudget(BigInteger floor, boolean spendLimited) {
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

    boolean isSpendLimited() {
        return spendLimited;
    }

    /** Budgets of all sessions that {@code claims} belong to, by {@link #key}. */
    static Map<String, SessionBudget> of(Branch state, long sessionEnd, List<Claim> claims) {
        Map<String, Long> claimsPerSession = new HashMap<>();
        for (Claim claim : claims) {
            claimsPerSession.merge(key(claim), 1L, Long::sum);
        }
        BigInteger pendingSessions =
                BigInteger.valueOf(
                        SessionCalendar.pendingSessions(ChainParams.sharedAt(state, sessionEnd)));
        Rational inflation =
                Rational.of(ChainParams.tokenomics(state).getGlobalInflationPerClaim());
        Map<String, SessionBudget> budgets = new HashMap<>();
        for (Claim claim : claims) {
            String key = key(claim);
            Application app =
                    state.get(
                            Keys.APPLICATIONS + claim.getSessionHeader().getApplicationAddress(),
                            Application.class);
            if (app == null) {
                continue;
            }
            BigInteger sharers = BigInteger.valueOf(claimsPerSession.getOrDefault(key, 1L));
            SessionBudget budget =
                    budgets.computeIfAbsent(key, k -> ofApplication(app, pendingSessions, sharers));
            budget.add(stakeTermsIfSettling(state, claim, inflation));
        }
        return budgets;
    }

    static String key(Claim claim) {
        return claim.getSessionHeader().getApplicationAddress()
                + "/"
                + claim.getSessionHeader().getSessionId();
    }

    /** What a claim will cost its application, {@code null} if it is not going to be paid. */
    private static @Nullable BigInteger stakeTermsIfSettling(
            Branch state, Claim claim, Rational inflation) {
        try {
            if (claim.getProofValidationStatus() != ClaimProofStatus.VALIDATED
                    && ClaimRules.requirement(state, claim)
                            != ProofRequirementReason.NOT_REQUIRED) {
                return null;
            }
            BigInteger claimed = ClaimRules.amounts(state, claim).upokt();
            return claimed.add(inflation.ceilOf(claimed));
        } catch (AbciException e) {
            // The claim is discarded when its turn comes, and leaves no trace in the budget.
            return null;
        }
    }

    private static SessionBudget ofApplication(
            Application app, BigInteger pendingSessions, BigInteger claims) {
        BigInteger perSession = Bank.amount(app.getStake()).divide(pendingSessions);
        BigInteger floor = perSession.divide(claims);
        if (app.hasPerSessionSpendLimit()
                && Bank.amount(app.getPerSessionSpendLimit()).signum() > 0) {
            BigInteger limited =
                    Bank.amount(app.getPerSessionSpendLimit()).min(perSession).divide(claims);
            if (limited.compareTo(floor) < 0) {
                return new SessionBudget(limited, true);
            }
        }
        return new SessionBudget(floor, false);
    }
}
