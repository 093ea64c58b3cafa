package io.relayminer.miner;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;

import io.relayminer.core.config.Check;
import io.relayminer.core.config.ConfigReader;
import io.relayminer.core.config.EndpointConfig;
import io.relayminer.core.config.Key;
import io.relayminer.core.config.KeysConfig;
import io.relayminer.core.config.LoggingConfig;
import io.relayminer.core.config.PocketNodeConfig;
import io.relayminer.core.config.ProviderSection;
import io.relayminer.core.config.RedisConfig;
import io.relayminer.core.tx.GasPrice;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The miner's configuration file.
 *
 * <p>Two layouts are accepted: the flat one, whose keys are the components below, and the older one
 * under a root key {@code miner} with {@code redis.address}, {@code chain.rpc_url}, {@code
 * chain.grpc_address} and {@code metrics_address}. A value given in both forms with different
 * contents is an error.
 */
record MinerConfig(
        @Key("Redis.") RedisConfig redis,
        @Key(
                        "Start of this replica's name in leases and consumer groups; a unique part"
                                + " is added at each start. Default: the host name.")
                String consumerName,
        @Key("Entries that another live consumer has left pending for so long are taken over, ms.")
                Integer claimIdleTimeoutMs,
        @Key("The chain.") PocketNodeConfig pocketNode,
        @Key("Supplier keys.") KeysConfig keys,
        @Key("How transactions are made and repeated.") TransactionConfig transaction,
        @Key("Metrics and health listener, default 0.0.0.0:9092.") EndpointConfig metrics,
        @Key(
                        "Debug pages: threads, heap, flight recordings. Off by default; default"
                                + " address 127.0.0.1:6060. They need no authentication and show"
                                + " everything in memory.")
                EndpointConfig pprof,
        @Key("Logging.") LoggingConfig logging,
        @Key(
                        "How suppliers are spread over replicas: leader (one works, the others"
                                + " stand by) or fair_share.")
                String assignment,
        @Key("How claims are decided and timed.") ClaimConfig claims,
        @Key("Entries read from a stream at once.") Integer batchSize,
        @Key("Accepted for compatibility: entries are acknowledged with their commit.")
                Integer ackBatchSize,
        @Key("Accepted for compatibility: duplicates are recognised by the tree.")
                Integer deduplicationTtlBlocks,
        @Key("Reload keys when their files change.") Boolean hotReloadEnabled,
        @Key("How long the record of a session that is over is kept; 0 means cache_ttl.")
                Duration sessionTtl,
        @Key("Life of published service factors.") Duration cacheTtl,
        @Key("Accepted for compatibility: every acknowledged relay is durable.")
                Integer smstLiveRootCheckpointInterval,
        @Key("How long records of submissions are kept.") Duration submissionTrackingTtl,
        @Key("Seconds between two looks at the suppliers' stakes.")
                Integer supplierReconcileIntervalSeconds,
        @Key("Applications whose cached data is kept fresh from the start.")
                List<String> knownApplications,
        @Key("The lease of the leader.") LeaderElectionConfig leaderElection,
        @Key("Accepted for compatibility: each supplier is worked on in sequence.")
                SessionLifecycleConfig sessionLifecycle,
        @Key("The leases of suppliers.") SupplierClaimingConfig supplierClaiming,
        @Key(
                        "Where leases are kept: the type of a plug-in and its settings. Built in"
                                + " are redis (setting: timeout, 3s) and memory, for tests.")
                ProviderSection leases,
        @Key(
                        "Where relays, trees and sessions are kept: the type of a plug-in and its"
                                + " settings. Built in are redis (settings: linger, block,"
                                + " read_entries, read_bytes) and memory, for tests.")
                ProviderSection store,
        @Key(
                        "What sends claims and proofs: the type of a plug-in and its settings."
                                + " Built in is cosmos, without settings.")
                ProviderSection submitter,
        @Key("Expected seconds between blocks, until they are observed.") Integer blockTimeSeconds,
        @Key(
                        "Share of an application's stake that one supplier may consume in a"
                                + " session, for all services; 0 leaves it to the chain's formula.")
                Double defaultServiceFactor,
        @Key("The same by service.") Map<String, Double> serviceFactors,
        @Key("Seconds that an ordered stop may take.") Integer shutdownTimeoutSeconds,
        @Key("Accepted for compatibility; settlements are always followed.")
                SwitchConfig settlementMonitor,
        @Key("Watch over the pace of blocks.") BlockHealthConfig blockHealthMonitor,
        @Key("Watch over balances and stakes of suppliers.") BalanceConfig balanceMonitor,
        @Key("Accepted for compatibility: work runs on virtual threads.")
                WorkerPoolsConfig workerPools) {

    /** {@code transaction}. */
    record TransactionConfig(
            @Key("Gas limit of every transaction; 0 simulates each.") Long gasLimit,
            @Key("Price of one unit of gas, with the denomination upokt.") String gasPrice,
            @Key("Highest price when nodes ask for more.") String maxGasPrice,
            @Key("Factor on simulated gas, at least 1.") Double gasAdjustment,
            @Key("One transaction for each claim.") Boolean disableClaimBatching,
            @Key("One transaction for each proof.") Boolean disableProofBatching,
            @Key("Shortest life of a transaction, seconds.") Integer txTimeoutMinSeconds,
            @Key("Longest life of a transaction, seconds; below 600.") Integer txTimeoutMaxSeconds,
            @Key("Life of a transaction whose window is unknown, seconds.")
                    Integer txTimeoutDefaultSeconds,
            @Key("Subtracted from the life because chain time lags, seconds.")
                    Integer txTimeoutClockSkewBufferSeconds,
            @Key("Accepted for compatibility: the chain is asked for claims at every block.")
                    Boolean disablePreProofClaimVerification,
            @Key("Accepted for compatibility: inclusion is always watched.")
                    Boolean disableInclusionReconciler,
            @Key("Accepted for compatibility; has no effect.")
                    Integer inclusionReconcilerMaxConcurrent,
            @Key("Accepted for compatibility; has no effect.")
                    Integer inclusionReconcilerPerGroupTimeoutMs,
            @Key("Transactions signed again for one claim or proof that is not included.")
                    Integer maxRebroadcasts,
            @Key("Accepted for compatibility: windows are used to their last block.")
                    Integer rebroadcastSafetyBlocks) {

        /** Puts the defaults in place. */
        TransactionConfig {
            gasLimit = Check.inRange("gas_limit", Check.orDefault(gasLimit, 0L), 0, Long.MAX_VALUE);
            gasPrice = Check.textOr(gasPrice, "0.000001upokt");
            maxGasPrice = Check.textOr(maxGasPrice, "0.001upokt");
            GasPrice.parse(gasPrice);
            GasPrice.parse(maxGasPrice);
            gasAdjustment = Check.orDefault(gasAdjustment, 1.7);
            if (!(gasAdjustment >= 1)) {
                throw new IllegalArgumentException("gas_adjustment must be at least 1");
            }
            disableClaimBatching = Check.orDefault(disableClaimBatching, false);
            disableProofBatching = Check.orDefault(disableProofBatching, false);
            txTimeoutMinSeconds =
                    Check.inRange(
                            "tx_timeout_min_seconds",
                            Check.orDefault(txTimeoutMinSeconds, 120),
                            1,
                            599);
            txTimeoutMaxSeconds =
                    Check.inRange(
                            "tx_timeout_max_seconds",
                            Check.orDefault(txTimeoutMaxSeconds, 590),
                            txTimeoutMinSeconds,
                            599);
            txTimeoutDefaultSeconds =
                    Check.inRange(
                            "tx_timeout_default_seconds",
                            Check.orDefault(txTimeoutDefaultSeconds, 120),
                            1,
                            599);
            txTimeoutClockSkewBufferSeconds =
                    Check.inRange(
                            "tx_timeout_clock_skew_buffer_seconds",
                            Check.orDefault(txTimeoutClockSkewBufferSeconds, 60),
                            0,
                            599);
            disablePreProofClaimVerification =
                    Check.orDefault(disablePreProofClaimVerification, false);
            disableInclusionReconciler = Check.orDefault(disableInclusionReconciler, false);
            inclusionReconcilerMaxConcurrent =
                    Check.orDefault(inclusionReconcilerMaxConcurrent, 64);
            inclusionReconcilerPerGroupTimeoutMs =
                    Check.orDefault(inclusionReconcilerPerGroupTimeoutMs, 10_000);
            maxRebroadcasts =
                    Check.inRange(
                            "max_rebroadcasts", Check.orDefault(maxRebroadcasts, 5), 0, 1_000);
            rebroadcastSafetyBlocks = Check.orDefault(rebroadcastSafetyBlocks, 0);
        }

        @SuppressWarnings("NullAway") // null is how the reader says "absent"
        static TransactionConfig defaults() {
            return new TransactionConfig(
                    null, null, null, null, null, null, null, null, null, null, null, null, null,
                    null, null, null);
        }
    }

    /** {@code claims}. */
    record ClaimConfig(
            @Key(
                            "Which sessions are claimed: always, fees (the reward exceeds the fees"
                                    + " of the transactions) or expected_value (also the proof fee,"
                                    + " weighted with its chance).")
                    String policy,
            @Key(
                            "Seconds between the opening of a claim window and the sealing of its"
                                + " sessions, for relays that were accepted at the last moment and"
                                + " wait for a slow backend; rounded up to blocks, at most half of"
                                + " the window.")
                    Integer settleSeconds,
            @Key("Fee assumed for one transaction, upokt.") Long assumedFeeUpokt) {

        /** Puts the defaults in place. */
        ClaimConfig {
            policy = Check.textOr(policy, "expected_value");
            if (!List.of("always", "fees", "expected_value").contains(policy)) {
                throw new IllegalArgumentException("policy must be always, fees or expected_value");
            }
            settleSeconds =
                    Check.inRange("settle_seconds", Check.orDefault(settleSeconds, 4), 0, 600);
            assumedFeeUpokt =
                    Check.inRange(
                            "assumed_fee_upokt",
                            Check.orDefault(assumedFeeUpokt, 1L),
                            0,
                            Long.MAX_VALUE);
        }

        @SuppressWarnings("NullAway") // null is how the reader says "absent"
        static ClaimConfig defaults() {
            return new ClaimConfig(null, null, null);
        }
    }

    /** {@code leader_election}. */
    record LeaderElectionConfig(
            @Key("Life of the leader's lease without renewal, seconds.") Integer leaderTtlSeconds,
            @Key("Seconds between renewals; at most a third of the life.")
                    Integer heartbeatRateSeconds) {

        /** Puts the defaults in place. */
        LeaderElectionConfig {
            leaderTtlSeconds =
                    Check.inRange(
                            "leader_ttl_seconds", Check.orDefault(leaderTtlSeconds, 30), 1, 3600);
            heartbeatRateSeconds =
                    Check.inRange(
                            "heartbeat_rate_seconds",
                            Check.orDefault(
                                    heartbeatRateSeconds, Math.max(1, leaderTtlSeconds / 3)),
                            1,
                            Math.max(1, leaderTtlSeconds / 3));
        }

        @SuppressWarnings("NullAway") // null is how the reader says "absent"
        static LeaderElectionConfig defaults() {
            return new LeaderElectionConfig(null, null);
        }
    }

    /** {@code supplier_claiming}. */
    record SupplierClaimingConfig(
            @Key("Life of a supplier's lease without renewal, seconds.") Integer claimTtlSeconds,
            @Key("Seconds between renewals; at most a third of the life.") Integer renewRateSeconds,
            @Key("Seconds after which a supplier that nobody took is taken beyond the fair share.")
                    Integer rebalanceIntervalSeconds) {

        /** Puts the defaults in place. */
        SupplierClaimingConfig {
            claimTtlSeconds =
                    Check.inRange(
                            "claim_ttl_seconds", Check.orDefault(claimTtlSeconds, 90), 1, 3600);
            renewRateSeconds =
                    Check.inRange(
                            "renew_rate_seconds",
                            Check.orDefault(
                                    renewRateSeconds,
                                    Math.max(1, Math.min(10, claimTtlSeconds / 3))),
                            1,
                            Math.max(1, claimTtlSeconds / 3));
            rebalanceIntervalSeconds =
                    Check.inRange(
                            "rebalance_interval_seconds",
                            Check.orDefault(rebalanceIntervalSeconds, 30),
                            1,
                            3600);
        }

        @SuppressWarnings("NullAway") // null is how the reader says "absent"
        static SupplierClaimingConfig defaults() {
            return new SupplierClaimingConfig(null, null, null);
        }
    }

    /** {@code session_lifecycle}. */
    record SessionLifecycleConfig(
            @Key("Accepted for compatibility; has no effect.") Integer maxConcurrentTransitions) {

        /** Puts the default in place. */
        SessionLifecycleConfig {
            maxConcurrentTransitions = Check.orDefault(maxConcurrentTransitions, 10);
        }
    }

    /** {@code settlement_monitor}. */
    record SwitchConfig(@Key("Accepted for compatibility; has no effect.") Boolean enabled) {

        /** Puts the default in place. */
        SwitchConfig {
            enabled = Check.orDefault(enabled, true);
        }
    }

    /** {@code block_health_monitor}. */
    record BlockHealthConfig(
            @Key("Count blocks that come late, and warn of three in a row.") Boolean enabled,
            @Key("Late is a block after more than so many block times, above 1.")
                    Double slownessThreshold) {

        /** Puts the defaults in place. */
        BlockHealthConfig {
            enabled = Check.orDefault(enabled, false);
            slownessThreshold = Check.orDefault(slownessThreshold, 1.5);
            if (!(slownessThreshold > 1 && slownessThreshold <= 1_000)) {
                throw new IllegalArgumentException(
                        "slowness_threshold must be greater than 1 and at most 1000");
            }
        }
    }

    /** {@code balance_monitor}. */
    record BalanceConfig(
            @Key("Show balances and stakes of the fleet's suppliers; the leader does it.")
                    Boolean enabled,
            @Key("Seconds between two looks at the chain; the first comes after 30 at most.")
                    Integer checkIntervalSeconds,
            @Key("Balance below which it is critical, upokt; below twice as much it is warned of.")
                    Long balanceThresholdUpokt,
            @Key("Missed proofs left in a stake below which it is warned of.")
                    Integer stakeWarningProofThreshold,
            @Key("Missed proofs left in a stake below which it is critical.")
                    Integer stakeCriticalProofThreshold) {

        /** Puts the defaults in place. */
        BalanceConfig {
            enabled = Check.orDefault(enabled, true);
            checkIntervalSeconds =
                    Check.inRange(
                            "check_interval_seconds",
                            Check.orDefault(checkIntervalSeconds, 300),
                            1,
                            86_400);
            balanceThresholdUpokt =
                    Check.inRange(
                            "balance_threshold_upokt",
                            Check.orDefault(balanceThresholdUpokt, 1_000_000L),
                            0,
                            Long.MAX_VALUE);
            stakeWarningProofThreshold =
                    Check.inRange(
                            "stake_warning_proof_threshold",
                            Check.orDefault(stakeWarningProofThreshold, 10),
                            0,
                            Integer.MAX_VALUE);
            stakeCriticalProofThreshold =
                    Check.inRange(
                            "stake_critical_proof_threshold",
                            Check.orDefault(stakeCriticalProofThreshold, 3),
                            0,
                            Integer.MAX_VALUE);
        }
    }

    /** {@code worker_pools}. */
    record WorkerPoolsConfig(
            @Key("Accepted for compatibility; has no effect.") Integer masterPoolSize,
            @Key("Accepted for compatibility; has no effect.") Integer cpuMultiplier,
            @Key("Accepted for compatibility; has no effect.") Integer workersPerSupplier,
            @Key("Accepted for compatibility; has no effect.") Integer queryWorkers,
            @Key("Accepted for compatibility; has no effect.") Integer settlementWorkers) {

        /** Puts the defaults in place. */
        WorkerPoolsConfig {
            masterPoolSize = Check.orDefault(masterPoolSize, 0);
            cpuMultiplier = Check.orDefault(cpuMultiplier, 4);
            workersPerSupplier = Check.orDefault(workersPerSupplier, 6);
            queryWorkers = Check.orDefault(queryWorkers, 20);
            settlementWorkers = Check.orDefault(settlementWorkers, 2);
        }
    }

    /** Puts the defaults in place and checks what spans several keys. */
    @SuppressWarnings("NullAway") // null is how the reader says "absent"
    MinerConfig {
        redis = redis == null ? RedisConfig.defaults() : redis;
        consumerName = Check.textOr(consumerName, "");
        claimIdleTimeoutMs =
                Check.inRange(
                        "claim_idle_timeout_ms",
                        Check.orDefault(claimIdleTimeoutMs, 60_000),
                        1_000,
                        Integer.MAX_VALUE);
        pocketNode = pocketNode == null ? PocketNodeConfig.defaults() : pocketNode;
        keys = keys == null ? new KeysConfig(null, null, null, null, null) : keys;
        transaction = transaction == null ? TransactionConfig.defaults() : transaction;
        metrics =
                (metrics == null ? EndpointConfig.unset() : metrics)
                        .orDefaults(true, "0.0.0.0:9092");
        Check.listenAddress("metrics.addr", metrics.address());
        pprof =
                (pprof == null ? EndpointConfig.unset() : pprof)
                        .orDefaults(false, "127.0.0.1:6060");
        Check.listenAddress("pprof.addr", pprof.address());
        logging = logging == null ? LoggingConfig.defaults() : logging;
        assignment = Check.textOr(assignment, "leader");
        if (!List.of("leader", "fair_share").contains(assignment)) {
            throw new IllegalArgumentException("assignment must be leader or fair_share");
        }
        claims = claims == null ? ClaimConfig.defaults() : claims;
        batchSize = Check.inRange("batch_size", Check.orDefault(batchSize, 1000), 1, 10_000);
        ackBatchSize = Check.orDefault(ackBatchSize, 50);
        deduplicationTtlBlocks = Check.orDefault(deduplicationTtlBlocks, 10);
        hotReloadEnabled = Check.orDefault(hotReloadEnabled, true);
        cacheTtl = positive("cache_ttl", Check.orDefault(cacheTtl, Duration.ofHours(2)));
        sessionTtl =
                sessionTtl == null || sessionTtl.isZero()
                        ? cacheTtl
                        : positive("session_ttl", sessionTtl);
        smstLiveRootCheckpointInterval = Check.orDefault(smstLiveRootCheckpointInterval, 10);
        submissionTrackingTtl =
                positive(
                        "submission_tracking_ttl",
                        Check.orDefault(submissionTrackingTtl, Duration.ofDays(7)));
        supplierReconcileIntervalSeconds =
                Check.inRange(
                        "supplier_reconcile_interval_seconds",
                        Check.orDefault(supplierReconcileIntervalSeconds, 60),
                        1,
                        86_400);
        knownApplications = knownApplications == null ? List.of() : List.copyOf(knownApplications);
        leaderElection = leaderElection == null ? LeaderElectionConfig.defaults() : leaderElection;
        sessionLifecycle =
                sessionLifecycle == null ? new SessionLifecycleConfig(null) : sessionLifecycle;
        supplierClaiming =
                supplierClaiming == null ? SupplierClaimingConfig.defaults() : supplierClaiming;
        leases = Check.orDefault(leases, ProviderSection.of("redis"));
        store = Check.orDefault(store, ProviderSection.of("redis"));
        submitter = Check.orDefault(submitter, ProviderSection.of("cosmos"));
        blockTimeSeconds =
                Check.inRange("block_time_seconds", Check.orDefault(blockTimeSeconds, 30), 1, 3600);
        defaultServiceFactor = Check.orDefault(defaultServiceFactor, 0.0);
        if (!(defaultServiceFactor >= 0)) {
            throw new IllegalArgumentException("default_service_factor must not be negative");
        }
        serviceFactors = serviceFactors == null ? Map.of() : new LinkedHashMap<>(serviceFactors);
        serviceFactors.forEach(
                (service, factor) -> {
                    if (factor == null || !(factor > 0)) {
                        throw new IllegalArgumentException(
                                "service_factors." + service + " must be greater than 0");
                    }
                });
        shutdownTimeoutSeconds =
                Check.inRange(
                        "shutdown_timeout_seconds",
                        Check.orDefault(shutdownTimeoutSeconds, 20),
                        1,
                        600);
        settlementMonitor = settlementMonitor == null ? new SwitchConfig(null) : settlementMonitor;
        blockHealthMonitor =
                blockHealthMonitor == null ? new BlockHealthConfig(null, null) : blockHealthMonitor;
        balanceMonitor =
                balanceMonitor == null
                        ? new BalanceConfig(null, null, null, null, null)
                        : balanceMonitor;
        workerPools =
                workerPools == null
                        ? new WorkerPoolsConfig(null, null, null, null, null)
                        : workerPools;
    }

    private static Duration positive(String name, Duration value) {
        if (value.isZero() || value.isNegative()) {
            throw new IllegalArgumentException(name + " must be greater than 0");
        }
        return value;
    }

    /** Refuses to start where one of the listeners' ports is taken. */
    void requirePortsFree() {
        Check.free(listeners());
    }

    private Map<String, InetSocketAddress> listeners() {
        Map<String, InetSocketAddress> all = new LinkedHashMap<>();
        if (metrics.isEnabled()) {
            all.put("metrics.addr", Check.listenAddress("metrics.addr", metrics.address()));
        }
        if (pprof.isEnabled()) {
            all.put("pprof.addr", Check.listenAddress("pprof.addr", pprof.address()));
        }
        return all;
    }

    /** Refuses a configuration with which nothing could be claimed. */
    void requireComplete() {
        pocketNode.require();
        MinerWiring.checkAddresses(this);
        Check.distinct(listeners());
        if (keys.isEmpty()) {
            throw new IllegalArgumentException(
                    "keys: at least one key source is required (keys_file, keys_dir, inline or"
                            + " keyring); without a key no claim can be signed");
        }
    }

    /** A copy with another Redis, for a command-line override. */
    MinerConfig withRedisUrl(String url) {
        return new MinerConfig(
                redis.withUrl(url),
                consumerName,
                claimIdleTimeoutMs,
                pocketNode,
                keys,
                transaction,
                metrics,
                pprof,
                logging,
                assignment,
                claims,
                batchSize,
                ackBatchSize,
                deduplicationTtlBlocks,
                hotReloadEnabled,
                sessionTtl,
                cacheTtl,
                smstLiveRootCheckpointInterval,
                submissionTrackingTtl,
                supplierReconcileIntervalSeconds,
                knownApplications,
                leaderElection,
                sessionLifecycle,
                supplierClaiming,
                leases,
                store,
                submitter,
                blockTimeSeconds,
                defaultServiceFactor,
                serviceFactors,
                shutdownTimeoutSeconds,
                settlementMonitor,
                blockHealthMonitor,
                balanceMonitor,
                workerPools);
    }

    /** A reader of both layouts. */
    static ConfigReader.Builder<MinerConfig> reader() {
        return ConfigReader.of(MinerConfig.class)
                .root("miner")
                .rewrite(MinerConfig::refuseSupersededKeys)
                .alias("redis.consumer_name", "consumer_name")
                .alias("redis.claim_idle_timeout_ms", "claim_idle_timeout_ms")
                .alias("redis.address", "redis.url", MinerConfig::redisUrl)
                .alias("chain.rpc_url", "pocket_node.query_node_rpc_url")
                .alias("chain.grpc_address", "pocket_node.query_node_grpc_url")
                .alias("metrics_address", "metrics.addr");
    }

    private static JsonNode redisUrl(JsonNode address) {
        String text = address.asText();
        return TextNode.valueOf(text.contains("://") ? text : "redis://" + text);
    }

    /** Keys of a layout that has no meaning any more, with what replaced them. */
    private static final Map<String, String> SUPERSEDED =
            Map.of(
                    "suppliers",
                            "supplier keys are listed under keys, services are read from the"
                                    + " chain",
                    "session_tree", "trees live in Redis; remove it",
                    "wal_max_len", "the relay stream is the log and is never cut; remove it");

    private static ObjectNode refuseSupersededKeys(ObjectNode tree) {
        SUPERSEDED.forEach(
                (key, instead) -> {
                    if (tree.has(key)) {
                        throw new IllegalArgumentException(key + " is superseded: " + instead);
                    }
                });
        return tree;
    }
}
