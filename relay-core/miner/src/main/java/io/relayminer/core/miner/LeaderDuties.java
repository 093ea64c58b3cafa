package io.relayminer.core.miner;

import com.google.protobuf.MessageLite;

import io.lettuce.core.RedisException;
import io.lettuce.core.SetArgs;
import io.relayminer.core.chain.Block;
import io.relayminer.core.chain.ChainException;
import io.relayminer.core.chain.ChainQueries;
import io.relayminer.core.redis.BlockEvent;
import io.relayminer.core.redis.CacheInvalidation;
import io.relayminer.core.redis.GoStyleJson;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.redis.ServiceFactor;
import io.relayminer.core.wire.shared.Params;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;

/**
 * The shared work that one replica does for the whole fleet: announce blocks, keep the second-level
 * caches of parameters, applications and services fresh, and publish service factors.
 *
 * <p>Every effect is an idempotent write of what the chain says, so two leaders for a moment do no
 * harm. Nothing here decides about claims or proofs. Confined to the leader's thread.
 */
final class LeaderDuties {

    private static final Logger LOG = LoggerFactory.getLogger(LeaderDuties.class);
    private static final long REFRESH_BLOCKS = 4;
    private static final Duration ENTITY_LIFE = Duration.ofMinutes(5);
    private static final Duration PROOF_PARAMS_LIFE = Duration.ofMinutes(10);

    /**
     * What an operator chose.
     *
     * @param knownApplications applications that are kept in the cache from the start
     * @param defaultServiceFactor factor of all services without one of their own; 0 for none
     * @param serviceFactors factor by service
     * @param cacheLife life of published factors; they are renewed four times as often
     */
    record Settings(
            List<String> knownApplications,
            double defaultServiceFactor,
            Map<String, Double> serviceFactors,
            Duration cacheLife) {}

    private final RedisConnections connections;
    private final RedisKeys keys;
    private final ChainQueries chain;
    private final ChainCalls calls;
    private final Settings settings;
    private final BooleanSupplier leading;
    private final MinerMetrics metrics;
    private final InstantSource clock;
    private final Duration blockTime;

    private long announced;
    private long refreshedAt = Long.MIN_VALUE;
    private long factorsAt = Long.MIN_VALUE;

    LeaderDuties(
            RedisConnections connections,
            RedisKeys keys,
            ChainQueries chain,
            ChainCalls calls,
            Settings settings,
            BooleanSupplier leading,
            MinerMetrics metrics,
            InstantSource clock,
            Duration blockTime) {
        this.connections = connections;
        this.keys = keys;
        this.chain = chain;
        this.calls = calls;
        this.settings = settings;
        this.leading = leading;
        this.metrics = metrics;
        this.clock = clock;
        this.blockTime = blockTime;
    }

    /** What is due at a block. */
    void block(Block block) {
        if (!leading.getAsBoolean()) {
            return;
        }
        announce(block);
        publishFactors();
        if (refreshedAt == Long.MIN_VALUE || block.height() - refreshedAt >= REFRESH_BLOCKS) {
            long began = System.nanoTime();
            boolean success = refresh();
            metrics.refreshed(Duration.ofNanos(System.nanoTime() - began), success);
            if (success) {
                refreshedAt = block.height();
            }
        }
    }

    private void announce(Block block) {
        if (block.height() <= announced) {
            return;
        }
        byte[] event =
                new BlockEvent(
                                block.height(),
                                block.hash().toByteArray(),
                                block.time().atOffset(ZoneOffset.UTC))
                        .encode();
        try {
            connections.sync().set(utf8(keys.lastBlock()), event);
            connections.sync().publish(utf8(keys.blockChannel()), event);
            announced = block.height();
            metrics.registry().counter("ha_cache_block_events_published").increment();
        } catch (RedisException e) {
            LOG.warn("block {} was not announced", block.height(), e);
        }
    }

    private boolean refresh() {
        boolean all = true;
        Params shared = ask("shared params", chain.sharedParams());
        if (shared != null) {
            Duration life =
                    blockTime.multipliedBy(
                            2 * Math.max(1, Math.min(shared.getNumBlocksPerSession(), 100_000)));
            all &=
                    store(
                            keys.sharedParams(),
                            shared,
                            life,
                            CacheInvalidation.Type.SHARED_PARAMS,
                            "");
        }
        var proof = ask("proof params", chain.proofParams());
        if (proof != null) {
            all &=
                    store(
                            keys.proofParams(),
                            proof,
                            PROOF_PARAMS_LIFE,
                            CacheInvalidation.Type.PROOF_PARAMS,
                            "");
        }
        var supplier = ask("supplier params", chain.supplierParams());
        if (supplier != null) {
            all &=
                    write(
                            keys.supplierParams(),
                            GoStyleJson.encode(supplier),
                            blockTime.multipliedBy(100),
                            keys.supplierParamsChannel(),
                            utf8("refresh"));
        }
        all &= shared != null && proof != null && supplier != null;
        Set<String> applications = new LinkedHashSet<>(settings.knownApplications());
        applications.addAll(known("applications"));
        for (String address : applications) {
            Optional<?> found = ask("application", chain.application(address));
            if (found != null && found.isPresent()) {
                all &=
                        store(
                                keys.cached("application", address),
                                (MessageLite) found.get(),
                                ENTITY_LIFE,
                                CacheInvalidation.Type.APPLICATION,
                                address);
            }
        }
        for (String id : known("services")) {
            Optional<?> found = ask("service", chain.service(id));
            if (found != null && found.isPresent()) {
                all &=
                        store(
                                keys.cached("service", id),
                                (MessageLite) found.get(),
                                ENTITY_LIFE,
                                CacheInvalidation.Type.SERVICE,
                                id);
            }
        }
        // Another implementation rewrites the set and may drop members; adding them is harmless.
        if (!settings.knownApplications().isEmpty()) {
            try {
                connections
                        .sync()
                        .sadd(
                                utf8(keys.known("applications")),
                                settings.knownApplications().stream()
                                        .map(LeaderDuties::utf8)
                                        .toArray(byte[][]::new));
            } catch (RedisException e) {
                LOG.debug("known applications were not added", e);
            }
        }
        return all;
    }

    private <T> @org.jspecify.annotations.Nullable T ask(
            String what, java.util.concurrent.CompletionStage<T> stage) {
        try {
            return calls.await(stage);
        } catch (ChainException | MinerException.Unavailable e) {
            LOG.warn("{} cannot be refreshed: {}", what, e.getMessage());
            return null;
        }
    }

    private List<String> known(String plural) {
        List<String> members = new ArrayList<>();
        try {
            for (byte[] member : connections.sync().smembers(utf8(keys.known(plural)))) {
                members.add(new String(member, StandardCharsets.UTF_8));
            }
        } catch (RedisException e) {
            LOG.warn("the known {} cannot be read", plural, e);
        }
        return members;
    }

    private boolean store(
            String key,
            MessageLite value,
            Duration life,
            CacheInvalidation.Type type,
            String entity) {
        return write(
                key,
                value.toByteArray(),
                life,
                keys.invalidationChannel(type.wire()),
                entity.isEmpty()
                        ? CacheInvalidation.everything()
                        : CacheInvalidation.one(type, entity));
    }

    private boolean write(String key, byte[] value, Duration life, String channel, byte[] message) {
        if (!leading.getAsBoolean()) {
            return false;
        }
        try {
            connections.sync().set(utf8(key), value, SetArgs.Builder.px(life.toMillis()));
            connections.sync().publish(utf8(channel), message);
            return true;
        } catch (RedisException e) {
            LOG.warn("{} was not refreshed", key, e);
            return false;
        }
    }

    private void publishFactors() {
        long now = clock.millis();
        long every = settings.cacheLife().toMillis() / 4;
        if (factorsAt != Long.MIN_VALUE && now - factorsAt < every) {
            return;
        }
        boolean done = true;
        long seconds = clock.instant().getEpochSecond();
        String channel = keys.invalidationChannel(CacheInvalidation.Type.SERVICE_FACTOR.wire());
        if (settings.defaultServiceFactor() > 0) {
            done =
                    write(
                            keys.serviceFactorDefault(),
                            new ServiceFactor(settings.defaultServiceFactor(), seconds).encode(),
                            settings.cacheLife(),
                            channel,
                            CacheInvalidation.everything());
        }
        for (Map.Entry<String, Double> factor : settings.serviceFactors().entrySet()) {
            done &=
                    write(
                            keys.serviceFactor(factor.getKey()),
                            new ServiceFactor(factor.getValue(), seconds).encode(),
                            settings.cacheLife(),
                            channel,
                            CacheInvalidation.one(
                                    CacheInvalidation.Type.SERVICE_FACTOR, factor.getKey()));
        }
        if (done) {
            factorsAt = now;
        }
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
