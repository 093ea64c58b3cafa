package io.relayminer.testkit.chain.internal.params;

import com.google.protobuf.Message;

import io.relayminer.testkit.chain.internal.state.Branch;
import io.relayminer.testkit.chain.internal.state.Keys;
import io.relayminer.testkit.chain.internal.state.StateReader;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.Map;

/**
 * Module parameters in state: the live ones, and for the shared and session modules what was in
 * force at which height.
 *
 * <p>A change takes effect for sessions at the next session start. The history records it under
 * that height at once; the live values change at once too, except the fields that shape the session
 * calendar and its windows, which the live parameters take over in the end block of that session
 * start.
 */
public final class ChainParams {
    public static final String SHARED = "params/shared";
    public static final String SESSION = "params/session";
    public static final String PROOF = "params/proof";
    public static final String SERVICE = "params/service";
    public static final String APPLICATION = "params/application";
    public static final String SUPPLIER = "params/supplier";
    public static final String GATEWAY = "params/gateway";
    public static final String TOKENOMICS = "params/tokenomics";
    public static final String AUTH = "params/auth";
    private static final String SHARED_HISTORY = "paramsHistory/shared/";
    private static final String SESSION_HISTORY = "paramsHistory/session/";

    private ChainParams() {}

    public static io.relayminer.core.wire.shared.Params shared(StateReader state) {
        return live(state, SHARED, io.relayminer.core.wire.shared.Params.class);
    }

    /**
     * Shared parameters in force at {@code height}: the newest entry not above it, the live ones if
     * there is none.
     */
    public static io.relayminer.core.wire.shared.Params sharedAt(StateReader state, long height) {
        io.relayminer.core.wire.shared.Params found =
                newest(state, SHARED_HISTORY, height, io.relayminer.core.wire.shared.Params.class);
        return found == null ? shared(state) : found;
    }

    public static io.relayminer.core.wire.session.Params session(StateReader state) {
        return live(state, SESSION, io.relayminer.core.wire.session.Params.class);
    }

    public static io.relayminer.core.wire.session.Params sessionAt(StateReader state, long height) {
        io.relayminer.core.wire.session.Params found =
                newest(
                        state,
                        SESSION_HISTORY,
                        height,
                        io.relayminer.core.wire.session.Params.class);
        return found == null ? session(state) : found;
    }

    public static io.relayminer.core.wire.proof.Params proof(StateReader state) {
        return live(state, PROOF, io.relayminer.core.wire.proof.Params.class);
    }

    public static io.relayminer.core.wire.service.Params service(StateReader state) {
        return live(state, SERVICE, io.relayminer.core.wire.service.Params.class);
    }

    public static io.relayminer.core.wire.application.Params application(StateReader state) {
        return live(state, APPLICATION, io.relayminer.core.wire.application.Params.class);
    }

    public static io.relayminer.core.wire.supplier.Params supplier(StateReader state) {
        return live(state, SUPPLIER, io.relayminer.core.wire.supplier.Params.class);
    }

    public static io.relayminer.core.wire.gateway.Params gateway(StateReader state) {
        return live(state, GATEWAY, io.relayminer.core.wire.gateway.Params.class);
    }

    public static io.relayminer.core.wire.tokenomics.Params tokenomics(StateReader state) {
        return live(state, TOKENOMICS, io.relayminer.core.wire.tokenomics.Params.class);
    }

    /** The bank's parameters, which nothing changes: every coin can be sent. */
    public static io.relayminer.core.wire.cosmos.bank.Params bank() {
        return io.relayminer.core.wire.cosmos.bank.Params.newBuilder()
                .setDefaultSendEnabled(true)
                .build();
    }

    public static io.relayminer.core.wire.cosmos.auth.Params auth(StateReader state) {
        return live(state, AUTH, io.relayminer.core.wire.cosmos.auth.Params.class);
    }

    private static <T extends Message> T live(StateReader state, String key, Class<T> type) {
        T params = state.get(key, type);
        if (params == null) {
            throw new IllegalStateException("the genesis has no " + key);
        }
        return params;
    }

    private static <T> @Nullable T newest(
            StateReader state, String prefix, long height, Class<T> type) {
        T newest = null;
        for (Map.Entry<String, Object> entry : state.scan(prefix)) {
            if (Keys.heightAtEnd(entry.getKey()) <= height) {
                newest = type.cast(entry.getValue());
            }
        }
        return newest;
    }

    /** All recorded epochs of the shared parameters, oldest first, with the live ones last. */
    public static List<io.relayminer.core.wire.shared.Params> sharedEpochs(StateReader state) {
        List<io.relayminer.core.wire.shared.Params> epochs =
                state.values(SHARED_HISTORY, io.relayminer.core.wire.shared.Params.class);
        epochs.add(shared(state));
        return epochs;
    }

    /**
     * Changes the shared parameters as governance does at {@code height}.
     *
     * @throws IllegalArgumentException when the chain would refuse the set; the message names the
     *     rule
     */
    public static void updateShared(
            Branch state, long height, io.relayminer.core.wire.shared.Params wanted) {
        validateShared(wanted);
        io.relayminer.core.wire.shared.Params live = shared(state);
        SessionCalendar calendar = new SessionCalendar(live);
        long effective = calendar.end(height) + 1;
        if (state.scan(SHARED_HISTORY).isEmpty()) {
            state.put(SHARED_HISTORY + Keys.height(1), live);
        }
        io.relayminer.core.wire.shared.Params.Builder next = wanted.toBuilder();
        if (wanted.getNumBlocksPerSession() != live.getNumBlocksPerSession()) {
            next.setSessionGridAnchorHeight(effective)
                    .setSessionNumberAtAnchor(calendar.number(height) + 1);
        } else {
            next.setSessionGridAnchorHeight(live.getSessionGridAnchorHeight())
                    .setSessionNumberAtAnchor(live.getSessionNumberAtAnchor());
        }
        state.put(SHARED_HISTORY + Keys.height(effective), next.build());
        state.put(SHARED, withTimingOf(wanted, live));
    }

    private static io.relayminer.core.wire.shared.Params withTimingOf(
            io.relayminer.core.wire.shared.Params values,
            io.relayminer.core.wire.shared.Params timing) {
        return values.toBuilder()
                .setNumBlocksPerSession(timing.getNumBlocksPerSession())
                .setGracePeriodEndOffsetBlocks(timing.getGracePeriodEndOffsetBlocks())
                .setClaimWindowOpenOffsetBlocks(timing.getClaimWindowOpenOffsetBlocks())
                .setClaimWindowCloseOffsetBlocks(timing.getClaimWindowCloseOffsetBlocks())
                .setProofWindowOpenOffsetBlocks(timing.getProofWindowOpenOffsetBlocks())
                .setProofWindowCloseOffsetBlocks(timing.getProofWindowCloseOffsetBlocks())
                .setSessionGridAnchorHeight(timing.getSessionGridAnchorHeight())
                .setSessionNumberAtAnchor(timing.getSessionNumberAtAnchor())
                .build();
    }

    /**
     * End block of the shared module: live parameters take over the session timing that begins at
     * this height.
     */
    public static void promoteShared(Branch state, long height) {
        io.relayminer.core.wire.shared.Params begins =
                state.get(
                        SHARED_HISTORY + Keys.height(height),
                        io.relayminer.core.wire.shared.Params.class);
        if (begins != null) {
            state.put(SHARED, withTimingOf(shared(state), begins));
        }
    }

    /** Changes the session parameters as governance does at {@code height}. */
    public static void updateSession(
            Branch state, long height, io.relayminer.core.wire.session.Params wanted) {
        if (wanted.getNumSuppliersPerSession() < 1) {
            throw new IllegalArgumentException("num_suppliers_per_session must be at least 1");
        }
        if (state.scan(SESSION_HISTORY).isEmpty()) {
            state.put(SESSION_HISTORY + Keys.height(1), session(state));
        }
        long effective = new SessionCalendar(shared(state)).end(height) + 1;
        state.put(SESSION_HISTORY + Keys.height(effective), wanted);
        state.put(SESSION, wanted);
    }

    private static void validateShared(io.relayminer.core.wire.shared.Params params) {
        require(params.getNumBlocksPerSession() >= 1, "num_blocks_per_session must be at least 1");
        require(
                params.getSupplierUnbondingPeriodSessions() >= 1
                        && params.getApplicationUnbondingPeriodSessions() >= 1
                        && params.getGatewayUnbondingPeriodSessions() >= 1,
                "unbonding periods must be at least 1 session");
        require(
                params.getComputeUnitsToTokensMultiplier() > 0,
                "compute_units_to_tokens_multiplier must be positive");
        require(
                params.getComputeUnitCostGranularity() > 0,
                "compute_unit_cost_granularity must be positive");
        require(
                params.getGracePeriodEndOffsetBlocks() < params.getNumBlocksPerSession(),
                "grace_period_end_offset_blocks must be less than num_blocks_per_session");
        require(
                params.getClaimWindowOpenOffsetBlocks() >= params.getGracePeriodEndOffsetBlocks(),
                "claim_window_open_offset_blocks must be at least grace_period_end_offset_blocks");
        long offsets = SessionCalendar.sumOfOffsets(params);
        require(offsets >= 1, "the claim and proof windows must not be empty");
        require(
                params.getSupplierUnbondingPeriodSessions() * params.getNumBlocksPerSession()
                                >= offsets
                        && params.getApplicationUnbondingPeriodSessions()
                                        * params.getNumBlocksPerSession()
                                >= offsets,
                "unbonding periods must last until the proof window closes");
    }

    private static void require(boolean holds, String rule) {
        if (!holds) {
            throw new IllegalArgumentException("invalid shared parameters: " + rule);
        }
    }
}
