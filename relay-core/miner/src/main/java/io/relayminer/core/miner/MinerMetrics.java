package io.relayminer.core.miner;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.relayminer.core.metrics.Buckets;
import io.relayminer.core.miner.SupplierGauges.Name;
import io.relayminer.core.miner.SupplierGauges.Value;
import io.relayminer.core.miner.store.SessionState;
import io.relayminer.core.redis.SubmissionPhase;
import io.relayminer.core.session.SessionWindows;
import io.relayminer.leader.LeaseStoreException;

import java.math.BigInteger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/**
 * What the miner tells about itself. Names and labels are those operators know; no label is taken
 * from a session id, a height or anything a caller chooses freely. Gauges of a supplier disappear
 * when the supplier is released.
 *
 * <p>Safe for use by any thread.
 */
public final class MinerMetrics {

    private static final double[] BLOCKS = {0, 1, 2, 3, 4, 5, 10, 15, 20};
    private static final double[] SETTLEMENT_BLOCKS = {5, 10, 15, 20, 25, 30, 40, 50, 75, 100};

    /** The name in the registry; see {@link #exposition}. */
    private static final String SESSIONS_CREATED = "ha_miner_sessions_begun";

    private static final int MOST_NAMED_SERVICES = 2_000;

    private final MeterRegistry registry;
    private final Set<String> namedServices = ConcurrentHashMap.newKeySet();
    private final AtomicLong height = new AtomicLong();
    private final SupplierGauges gauges;
    private final SupplierGauges live;
    private final SupplierGauges pending;

    /** Metrics in a registry. */
    public MinerMetrics(MeterRegistry registry) {
        this.registry = registry;
        this.gauges = new SupplierGauges(registry, "supplier");
        this.live = new SupplierGauges(registry, "supplier");
        this.pending = new SupplierGauges(registry, "supplier_addr");
        registry.gauge("ha_miner_current_block_height", height);
        registry.gauge("ha_cache_current_block_height", height);
    }

    /**
     * The text of a scrape with the names that operators know. The Prometheus client keeps the
     * suffix {@code _created} for itself and drops it from the name of a metric.
     *
     * @param scrape text of a scrape of the registry
     */
    public static String exposition(String scrape) {
        return scrape.replace(SESSIONS_CREATED, "ha_miner_sessions_created");
    }

    /** The registry behind these metrics. */
    public MeterRegistry registry() {
        return registry;
    }

    void block(long newHeight) {
        height.accumulateAndGet(newHeight, Math::max);
    }

    /** Shows the time between blocks, as expected and as observed lately. */
    void blockTimes(Duration expected, Supplier<Duration> observed) {
        registry.gauge(
                "ha_miner_configured_block_time_seconds", expected, d -> d.toMillis() / 1000.0);
        registry.gauge(
                "ha_miner_current_block_interval_seconds",
                observed,
                o -> o.get().toMillis() / 1000.0);
    }

    /** The leader has refreshed the shared caches, or part of them. */
    void refreshed(Duration took, boolean success) {
        registry.counter(
                        "ha_cache_orchestrator_refreshes",
                        "result",
                        success ? "success" : "failure")
                .increment();
        Buckets.ROUND
                .on(Timer.builder("ha_cache_orchestrator_refresh_duration_seconds"))
                .register(registry)
                .record(took);
    }

    /** A fault of the program that work went on after. */
    void recovered(String component) {
        registry.counter("ha_panic_recoveries", "component", component).increment();
    }

    /** Records of sessions that were under way when this process took their supplier over. */
    void resumed(String supplier, int sessions) {
        registry.counter("ha_miner_session_snapshots_loaded", "supplier", supplier)
                .increment(sessions);
    }

    /** A record of a session was written, other than by a commit of leaves. */
    void recorded(String supplier) {
        registry.counter("ha_miner_session_snapshots_saved", "supplier", supplier).increment();
    }

    void proofSkipped(String supplier, String service, String reason) {
        registry.counter(
                        "ha_miner_proof_skipped",
                        "supplier",
                        supplier,
                        "service_id",
                        service,
                        "reason",
                        reason)
                .increment();
    }

    /** Entries of a stream that were delivered and not acknowledged. */
    void pending(String supplier, long entries) {
        pending.set(supplier, Name.of("ha_transport_redis_pending_messages"), (double) entries);
    }

    /** Shows entries that wait for acknowledgement of these suppliers only. */
    void pendingOnly(Set<String> suppliers) {
        pending.retain(suppliers);
    }

    /** The label of a service that an entry names, which nobody has checked yet. */
    private String unchecked(String service) {
        if (namedServices.contains(service)) {
            return service;
        }
        if (namedServices.size() >= MOST_NAMED_SERVICES) {
            return "other";
        }
        namedServices.add(service);
        return service;
    }

    void consumed(String supplier, String unchecked, int relays) {
        String service = unchecked(unchecked);
        count("ha_miner_relays_consumed_from_stream", relays, supplier, service);
        count("ha_miner_relays_consumed", relays, supplier, service);
    }

    void committed(String supplier, String service, int fresh, int duplicates) {
        count("ha_miner_relays_added_to_smst", fresh, supplier, service);
        count("ha_miner_relays_processed", fresh, supplier, service);
        if (duplicates > 0) {
            count("ha_miner_relays_deduplicated", duplicates, supplier, service);
            rejected(supplier, service, "duplicate", duplicates);
        }
    }

    void commitTime(String supplier, String service, Duration took, boolean success) {
        Buckets.COMMIT
                .on(Timer.builder("ha_miner_relay_processing_latency_seconds"))
                .tags(
                        "supplier",
                        supplier,
                        "service_id",
                        service,
                        "status_code",
                        success ? "success" : "error")
                .register(registry)
                .record(took);
    }

    void rejected(String supplier, String unchecked, String reason, int relays) {
        String service = unchecked(unchecked);
        registry.counter(
                        "ha_miner_relays_rejected",
                        "supplier",
                        supplier,
                        "reason",
                        reason,
                        "service_id",
                        service)
                .increment((double) relays);
    }

    void sessionCreated(String supplier, String service) {
        count(SESSIONS_CREATED, 1, supplier, service);
    }

    void transition(String supplier, String service, SessionState from, SessionState to) {
        registry.counter(
                        "ha_miner_session_state_transitions",
                        Tags.of(
                                "supplier",
                                supplier,
                                "service_id",
                                service,
                                "from_state",
                                from.wire(),
                                "to_state",
                                to.wire()))
                .increment();
    }

    /** Sets how many sessions of a supplier are in each live state. */
    void sessions(String supplier, Map<SessionState, Integer> byState) {
        for (SessionState state : SessionState.values()) {
            if (!state.terminal()) {
                gauges.set(
                        supplier,
                        new Name("ha_miner_sessions_by_state", Tags.of("state", state.wire())),
                        byState.getOrDefault(state, 0));
            }
        }
    }

    /** Shows the sessions of a supplier that are not over, and no others. */
    void liveSessions(String supplier, Collection<TrackedSession> sessions) {
        List<Value> values = new ArrayList<>(4 * sessions.size());
        for (TrackedSession session : sessions) {
            Tags tags = Tags.of("service_id", session.service, "session_id", session.id);
            values.add(ofSession("session_relay_count", tags, session.relays));
            values.add(ofSession("session_compute_units", tags, session.computeUnits));
            SessionWindows windows = session.windows;
            if (windows != null) {
                values.add(ofSession("claim_scheduled_height", tags, windows.earliestClaim()));
                values.add(ofSession("proof_scheduled_height", tags, windows.earliestProof()));
            }
        }
        live.replace(supplier, values);
    }

    private static Value ofSession(String name, Tags tags, long value) {
        return new Value(new Name("ha_miner_" + name, tags), (double) value);
    }

    /** Relays that did not become leaves with their commit. */
    void uncommitted(String supplier, String service, String reason, int relays) {
        registry.counter(
                        "ha_miner_relays_failed_smst",
                        "supplier",
                        supplier,
                        "service_id",
                        service,
                        "reason",
                        reason)
                .increment((double) relays);
    }

    /** Leaves of a sealed session that cannot be read and are not claimed. */
    void leavesLost(String supplier, String service, long leaves) {
        rejected(supplier, service, "damaged_leaf", (int) Math.min(leaves, Integer.MAX_VALUE));
    }

    /** Something that tells whether a proof is required could not be read. */
    void requirementFailed(String supplier, String operation) {
        registry.counter(
                        "ha_miner_proof_requirement_errors",
                        "supplier",
                        supplier,
                        "operation",
                        operation)
                .increment();
    }

    /** The events of a block could not be read; they are asked for again at the next. */
    void blockResultsPutOff() {
        registry.counter("ha_miner_block_results_retries").increment();
    }

    /** Redis did not let this replica become or stay the leader. */
    void leaseNotHeld(String instance, String operation, LeaseStoreException.Reason why) {
        boolean renewal = operation.equals("renew");
        if (!renewal && !operation.equals("acquire")) {
            return;
        }
        String reason =
                switch (why) {
                    case OUT_OF_MEMORY -> renewal ? "redis_oom_renew" : "redis_oom";
                    case UNAVAILABLE -> "redis_error";
                };
        registry.counter(
                        "ha_miner_leader_acquisition_failures",
                        "instance",
                        instance,
                        "reason",
                        reason)
                .increment();
    }

    /** Entries that Redis has taken out of the stream, with their leaves stored or without. */
    void acknowledged(String supplier, int entries) {
        registry.counter("ha_transport_redis_acked", "supplier_addr", supplier)
                .increment((double) entries);
    }

    /** The leader was too slow for a block, which is not announced. */
    void blockDropped() {
        registry.counter("ha_cache_block_events_dropped", "channel", "fanout").increment();
    }

    void streamLength(String supplier, long entries) {
        gauges.set(supplier, Name.of("ha_miner_wal_size_entries"), (double) entries);
    }

    void lag(String supplier, long blocks) {
        gauges.set(supplier, Name.of("ha_miner_session_block_processing_lag"), (double) blocks);
    }

    void submitted(
            SubmissionPhase phase,
            String supplier,
            String service,
            long blocksAfterOpen,
            long relays,
            long computeUnits,
            BigInteger upokt) {
        boolean claim = phase == SubmissionPhase.CLAIM;
        count(
                claim ? "ha_miner_claims_submitted" : "ha_miner_proofs_submitted",
                1,
                supplier,
                service);
        registry.counter(
                        claim ? "ha_tx_claims_submitted" : "ha_tx_proofs_submitted",
                        "supplier",
                        supplier)
                .increment();
        DistributionSummary.builder(
                        claim
                                ? "ha_miner_claim_submission_latency_blocks"
                                : "ha_miner_proof_submission_latency_blocks")
                .tags("supplier", supplier)
                .serviceLevelObjectives(positive(BLOCKS))
                .register(registry)
                .record((double) blocksAfterOpen);
        String what = claim ? "claimed" : "proved";
        money(what, supplier, service, relays, computeUnits, upokt);
    }

    private void money(
            String what,
            String supplier,
            String service,
            long relays,
            long computeUnits,
            BigInteger upokt) {
        count("ha_miner_relays_" + what, (double) relays, supplier, service);
        count("ha_miner_compute_units_" + what, (double) computeUnits, supplier, service);
        count("ha_miner_upokt_" + what, upokt.doubleValue(), supplier, service);
        if (what.equals("proved")) {
            // An older name, which dashboards still use.
            count("ha_miner_compute_units_settled", (double) computeUnits, supplier, service);
        }
    }

    void notRequired(
            String supplier, String service, long relays, long computeUnits, BigInteger upokt) {
        money("proved", supplier, service, relays, computeUnits, upokt);
    }

    void claimSkipped(String supplier, String service, String reason) {
        registry.counter(
                        "ha_miner_claims_skipped",
                        "supplier",
                        supplier,
                        "service_id",
                        service,
                        "reason",
                        reason)
                .increment();
    }

    void submissionFailed(SubmissionPhase phase, String supplier, String reason) {
        registry.counter(
                        phase == SubmissionPhase.CLAIM
                                ? "ha_miner_claim_errors"
                                : "ha_miner_proof_errors",
                        "supplier",
                        supplier,
                        "reason",
                        reason)
                .increment();
        registry.counter(
                        phase == SubmissionPhase.CLAIM
                                ? "ha_tx_claim_errors"
                                : "ha_tx_proof_errors",
                        "supplier",
                        supplier,
                        "error_type",
                        reason)
                .increment();
        if (reason.contains("funds") || reason.contains("proof_fee")) {
            registry.counter("ha_tx_insufficient_balance_errors", "supplier", supplier).increment();
        }
    }

    void broadcast(String supplier, String status, Duration took) {
        registry.counter("ha_tx_broadcasts", "supplier", supplier, "status", status).increment();
        Buckets.FINE
                .on(Timer.builder("ha_tx_broadcast_latency_seconds"))
                .tags("supplier", supplier)
                .register(registry)
                .record(took);
    }

    void inclusion(SubmissionPhase phase, String supplier, String service, String outcome) {
        registry.counter(
                        "ha_miner_" + phase.wire() + "_inclusion_outcome",
                        "supplier",
                        supplier,
                        "service_id",
                        service,
                        "outcome",
                        outcome)
                .increment();
    }

    void rebroadcast(SubmissionPhase phase, String supplier, String service, boolean success) {
        registry.counter(
                        "ha_miner_" + phase.wire() + "_rebroadcasts",
                        "supplier",
                        supplier,
                        "service_id",
                        service,
                        "result",
                        success ? "success" : "error")
                .increment();
    }

    void requirement(String supplier, String outcome) {
        registry.counter("ha_miner_proof_requirement_checks", "supplier", supplier).increment();
        if (outcome.equals("not_required")) {
            registry.counter("ha_miner_proof_requirement_skipped", "supplier", supplier)
                    .increment();
        } else {
            registry.counter(
                            "ha_miner_proof_requirement_required",
                            "supplier",
                            supplier,
                            "reason",
                            outcome)
                    .increment();
        }
    }

    void over(
            String supplier,
            String service,
            SessionState state,
            long relays,
            long computeUnits,
            BigInteger upokt) {
        if (state == SessionState.PROVED) {
            count("ha_miner_sessions_proved", 1, supplier, service);
        } else if (state == SessionState.PROBABILISTIC_PROVED) {
            count("ha_miner_sessions_probabilistic_proved", 1, supplier, service);
        } else if (state.failure()) {
            Tags tags =
                    Tags.of("supplier", supplier, "service_id", service, "reason", state.wire());
            registry.counter("ha_miner_sessions_failed", tags).increment();
            registry.counter("ha_miner_relays_lost", tags).increment((double) relays);
            registry.counter("ha_miner_compute_units_lost", tags).increment((double) computeUnits);
            registry.counter("ha_miner_upokt_lost", tags).increment(upokt.doubleValue());
        }
    }

    void settled(
            String supplier,
            String service,
            String status,
            long relays,
            long computeUnits,
            double earnedUpokt,
            long blocksAfterEnd) {
        Tags tags = Tags.of("supplier", supplier, "service_id", service, "status", status);
        registry.counter("ha_miner_claims_settled_by_status", tags).increment();
        registry.counter("ha_miner_relays_settled_by_status", tags).increment((double) relays);
        registry.counter("ha_miner_compute_units_settled_by_status", tags)
                .increment((double) computeUnits);
        if (earnedUpokt > 0) {
            count("ha_miner_upokt_earned", earnedUpokt, supplier, service);
        }
        DistributionSummary.builder("ha_miner_settlement_latency_blocks")
                .tags("supplier", supplier, "status", status)
                .serviceLevelObjectives(SETTLEMENT_BLOCKS)
                .register(registry)
                .record((double) blocksAfterEnd);
    }

    void expired(
            String supplier,
            String service,
            String reason,
            long relays,
            long computeUnits,
            double upokt) {
        Tags tags = Tags.of("supplier", supplier, "service_id", service, "reason", reason);
        registry.counter("ha_miner_claims_expired_by_reason", tags).increment();
        registry.counter("ha_miner_relays_expired_by_reason", tags).increment((double) relays);
        registry.counter("ha_miner_compute_units_expired_by_reason", tags)
                .increment((double) computeUnits);
        registry.counter("ha_miner_upokt_expired_by_reason", tags).increment(upokt);
    }

    void slashed(String supplier, String service) {
        count("ha_miner_supplier_slashed", 1, supplier, service);
    }

    void discarded(String supplier, String service) {
        count("ha_miner_claims_discarded", 1, supplier, service);
    }

    void storeError(String supplier, String operation) {
        storeError(registry, supplier, operation);
    }

    static void storeError(MeterRegistry registry, String supplier, String operation) {
        registry.counter(
                        "ha_miner_session_store_errors",
                        "supplier",
                        supplier,
                        "operation",
                        operation)
                .increment();
    }

    /** Removes the gauges of a supplier that this process works on no longer. */
    void released(String supplier) {
        gauges.remove(supplier);
        live.remove(supplier);
    }

    private void count(String name, double amount, String supplier, String service) {
        Counter counter = registry.counter(name, "supplier", supplier, "service_id", service);
        counter.increment(amount);
    }

    private static double[] positive(double[] buckets) {
        double[] kept = new double[buckets.length];
        int n = 0;
        for (double bucket : buckets) {
            if (bucket > 0) {
                kept[n++] = bucket;
            }
        }
        return Arrays.copyOf(kept, n);
    }
}
