package io.relayminer.miner;

import io.micrometer.core.instrument.MeterRegistry;
import io.relayminer.core.chain.ChainClient;
import io.relayminer.core.chain.ChainQueries;
import io.relayminer.core.chain.ChainSettings;
import io.relayminer.core.chain.TxSettings;
import io.relayminer.core.chain.TxSubmitter;
import io.relayminer.core.chain.TxSubmitterContext;
import io.relayminer.core.chain.TxSubmitterProvider;
import io.relayminer.core.daemon.ChainSection;
import io.relayminer.core.miner.Miner;
import io.relayminer.core.miner.MinerSettings;
import io.relayminer.core.miner.ServiceFactors;
import io.relayminer.core.miner.redis.RedisMinerStore;
import io.relayminer.core.miner.redis.RedisMinerStoreSettings;
import io.relayminer.core.miner.store.MinerStore;
import io.relayminer.core.miner.store.MinerStoreContext;
import io.relayminer.core.miner.store.MinerStoreProvider;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisEndpoint;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.tx.GasPrice;
import io.relayminer.core.tx.TxLifetime;
import io.relayminer.leader.LeaseSettings;
import io.relayminer.leader.LeaseStore;
import io.relayminer.leader.LeaseStoreContext;
import io.relayminer.leader.LeaseStoreProvider;
import io.relayminer.leader.MembershipKeys;
import io.relayminer.leader.RedisLeaseStore;

import java.time.Duration;
import java.time.InstantSource;
import java.util.Locale;

/** What a configuration means in terms of the miner: settings, and the plug-ins it names. */
final class MinerWiring {

    private static final String MEMO = "HA RelayMiner";

    private MinerWiring() {}

    static LeaseStore leases(MinerConfig config, RedisConnections redis, RedisKeys keys) {
        return LeaseStoreProvider.onClassPath()
                .with(RedisLeaseStore.provider(redis::async))
                .create(
                        config.leases().type(),
                        new LeaseStoreContext(
                                config.leases().settings("leases"),
                                new MembershipKeys(keys.activeMiners(), keys::instance),
                                InstantSource.system()));
    }

    /** Refuses addresses of Redis and of the chain that cannot be used. */
    static void checkAddresses(MinerConfig config) {
        RedisEndpoint.parse(config.redis().url());
        chain(config);
    }

    /**
     * How the chain is reached.
     *
     * @throws IllegalArgumentException naming the key; addresses are not repeated
     */
    static ChainSettings chain(MinerConfig config) {
        return ChainSection.settings(
                config.pocketNode(), Duration.ofSeconds(config.blockTimeSeconds()));
    }

    static TxSettings transactions(MinerConfig config) {
        MinerConfig.TransactionConfig tx = config.transaction();
        GasPrice price = GasPrice.parse(tx.gasPrice());
        GasPrice highest = GasPrice.parse(tx.maxGasPrice());
        return new TxSettings(
                MEMO,
                tx.gasLimit(),
                tx.gasAdjustment(),
                price,
                highest.upokt().compareTo(price.upokt()) < 0 ? price : highest,
                new TxLifetime(
                        Duration.ofSeconds(tx.txTimeoutMinSeconds()),
                        Duration.ofSeconds(tx.txTimeoutMaxSeconds()),
                        Duration.ofSeconds(tx.txTimeoutDefaultSeconds()),
                        Duration.ofSeconds(tx.txTimeoutClockSkewBufferSeconds())));
    }

    /** What the configuration says about a miner, apart from what it works with. */
    static Miner.Builder configured(MinerConfig config, Miner.Builder builder) {
        MinerConfig.LeaderElectionConfig leader = config.leaderElection();
        MinerConfig.SupplierClaimingConfig suppliers = config.supplierClaiming();
        return builder.settings(settings(config))
                .assignment(
                        config.assignment().equals("leader")
                                ? Miner.Assignment.LEADER
                                : Miner.Assignment.FAIR_SHARE)
                .leaseTimes(
                        leaseTimes(
                                suppliers.claimTtlSeconds(),
                                suppliers.renewRateSeconds(),
                                suppliers.rebalanceIntervalSeconds()),
                        leaseTimes(
                                leader.leaderTtlSeconds(),
                                leader.heartbeatRateSeconds(),
                                leader.leaderTtlSeconds()))
                .reconcileEvery(Duration.ofSeconds(config.supplierReconcileIntervalSeconds()))
                .knownApplications(config.knownApplications())
                .serviceFactors(
                        new ServiceFactors(
                                config.defaultServiceFactor(),
                                config.serviceFactors(),
                                config.cacheTtl()))
                .blockTimes(Duration.ofSeconds(config.blockTimeSeconds()), slowBlock(config))
                .balances(balances(config.balanceMonitor()));
    }

    /** How suppliers are worked on. */
    static MinerSettings settings(MinerConfig config) {
        MinerSettings d = MinerSettings.DEFAULT;
        return new MinerSettings(
                config.batchSize(),
                d.commitRelays(),
                d.commitBytes(),
                d.pollWait(),
                Duration.ofSeconds(config.claims().settleSeconds()),
                MinerSettings.ClaimPolicy.valueOf(
                        config.claims().policy().toUpperCase(Locale.ROOT)),
                !config.transaction().disableClaimBatching(),
                !config.transaction().disableProofBatching(),
                config.transaction().maxRebroadcasts(),
                Duration.ofSeconds(2L * config.pocketNode().queryTimeoutSeconds()),
                config.claims().assumedFeeUpokt());
    }

    static LeaseSettings leaseTimes(int ttlSeconds, int rateSeconds, int orphanSeconds) {
        return new LeaseSettings(
                Duration.ofSeconds(ttlSeconds),
                renewal(ttlSeconds, rateSeconds),
                Duration.ofSeconds(orphanSeconds));
    }

    static MinerStore store(
            MinerConfig config,
            RedisConnections redis,
            RedisKeys keys,
            String instance,
            MeterRegistry registry) {
        RedisMinerStoreSettings defaults =
                RedisMinerStoreSettings.DEFAULT
                        .withLives(config.sessionTtl(), config.submissionTrackingTtl())
                        .withReclaimIdle(Duration.ofMillis(config.claimIdleTimeoutMs()));
        return MinerStoreProvider.onClassPath()
                .with(RedisMinerStore.provider(redis, keys, defaults))
                .create(
                        config.store().type(),
                        new MinerStoreContext(
                                config.store().settings("store"),
                                instance,
                                Miner.countingIn(registry),
                                InstantSource.system()));
    }

    static TxSubmitter submitter(MinerConfig config, ChainClient chain, ChainQueries queries) {
        return TxSubmitterProvider.onClassPath()
                .with(chain.submitters())
                .create(
                        config.submitter().type(),
                        new TxSubmitterContext(
                                config.submitter().settings("submitter"),
                                queries,
                                chain.blocks(),
                                transactions(config)));
    }

    static Duration slowBlock(MinerConfig config) {
        return config.blockHealthMonitor().enabled()
                ? Duration.ofMillis(
                        Math.round(
                                config.blockTimeSeconds()
                                        * 1_000
                                        * config.blockHealthMonitor().slownessThreshold()))
                : Duration.ZERO;
    }

    static Miner.BalanceWatch balances(MinerConfig.BalanceConfig config) {
        return new Miner.BalanceWatch(
                config.enabled(),
                Duration.ofSeconds(config.checkIntervalSeconds()),
                config.balanceThresholdUpokt(),
                config.stakeWarningProofThreshold(),
                config.stakeCriticalProofThreshold());
    }

    private static Duration renewal(int ttlSeconds, int rateSeconds) {
        Duration third = Duration.ofSeconds(ttlSeconds).dividedBy(3);
        Duration rate = Duration.ofSeconds(rateSeconds);
        return rate.compareTo(third) > 0 ? third : rate;
    }
}
