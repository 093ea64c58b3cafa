package io.relayminer.core.miner;

import com.google.protobuf.MessageLite;

import io.lettuce.core.RedisException;
import io.lettuce.core.SetArgs;
import io.relayminer.core.chain.Block;
import io.relayminer.core.chain.ChainException;
import io.relayminer.core.chain.ChainQueries;
import io.relayminer.core.redis.CacheInvalidation;
import io.relayminer.core.redis.GoStyleJson;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.redis.ServiceFactor;
import io.relayminer.core.wire.shared.Params;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/**
 * Keeps what the fleet shares fresh while this replica leads: the second-level caches of
 * parameters, applications and services, and the published service factors.
 *
 * <p>Every effect is an idempotent write of what the chain says, so two leaders for a moment do no
 * harm. Nothing here decides about claims or proofs. Confined to the leader's thread.
 */
final class CacheRefresh {

    private static final Logger LOG = LoggerFactory.getLogger(CacheRefresh.class);
    private static final long REFRESH_BLOCKS = 4;
    private static final int AT_ONCE = 32;
    private static final Duration ENTITY_LIFE = Duration.ofMinutes(5);
    private static final Duration PROOF_PARAMS_LIFE = Duration.ofMinutes(10);

    private final RedisConnections connections;
    private final RedisKeys keys;
    private final ChainQueries chain;
    private final ChainCalls calls;
    private final List<String> knownApplications;
    private final ServiceFactors factors;
    private final BooleanSupplier leading;
    private final MinerMetrics metrics;
    private final InstantSource clock;
    private final Duration blockTime;

    private long refreshedAt = Long.MIN_VALUE;
    private long factorsAt = Long.MIN_VALUE;

    CacheRefresh(
            RedisConnections connections,
            RedisKeys keys,
            ChainQueries chain,
            ChainCalls calls,
            List<String> knownApplications,
            ServiceFactors factors,
            BooleanSupplier leading,
            MinerMetrics metrics,
            InstantSource clock,
            Duration blockTime) {
        this.connections = connections;
        this.keys = keys;
        this.chain = chain;
        this.calls = calls;
        this.knownApplications = knownApplications;
        this.factors = factors;
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
        Set<String> applications = new LinkedHashSet<>(knownApplications);
        applications.addAll(known("applications"));
        all &=
                entities(
                        "application",
                        applications,
                        chain::application,
                        CacheInvalidation.Type.APPLICATION);
        all &=
                entities(
                        "service",
                        known("services"),
                        chain::service,
                        CacheInvalidation.Type.SERVICE);
        // Another implementation rewrites the set and may drop members; adding them is harmless.
        if (!knownApplications.isEmpty()) {
            try {
                connections
                        .sync()
                        .sadd(
                                utf8(keys.known("applications")),
                                knownApplications.stream()
                                        .map(CacheRefresh::utf8)
                                        .toArray(byte[][]::new));
            } catch (RedisException e) {
                LOG.debug("known applications were not added", e);
            }
        }
        return all;
    }

    /** Asks about many entities, a bounded number of them at once. */
    private <T extends MessageLite> boolean entities(
            String kind,
            Collection<String> ids,
            Function<String, CompletionStage<Optional<T>>> question,
            CacheInvalidation.Type type) {
        boolean all = true;
        List<String> rest = List.copyOf(ids);
        for (int from = 0; from < rest.size(); from += AT_ONCE) {
            List<String> part = rest.subList(from, Math.min(from + AT_ONCE, rest.size()));
            List<CompletionStage<Optional<T>>> asked = part.stream().map(question).toList();
            for (int i = 0; i < part.size(); i++) {
                Optional<T> found = ask(kind, asked.get(i));
                if (found != null && found.isPresent()) {
                    String id = part.get(i);
                    all &= store(keys.cached(kind, id), found.get(), ENTITY_LIFE, type, id);
                }
            }
        }
        return all;
    }

    private <T> @Nullable T ask(String what, CompletionStage<T> stage) {
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
        long every = factors.life().toMillis() / 4;
        if (factorsAt != Long.MIN_VALUE && now - factorsAt < every) {
            return;
        }
        boolean done = true;
        long seconds = clock.instant().getEpochSecond();
        String channel = keys.invalidationChannel(CacheInvalidation.Type.SERVICE_FACTOR.wire());
        if (factors.byDefault() > 0) {
            done =
                    write(
                            keys.serviceFactorDefault(),
                            new ServiceFactor(factors.byDefault(), seconds).encode(),
                            factors.life(),
                            channel,
                            CacheInvalidation.everything());
        }
        for (Map.Entry<String, Double> factor : factors.byService().entrySet()) {
            done &=
                    write(
                            keys.serviceFactor(factor.getKey()),
                            new ServiceFactor(factor.getValue(), seconds).encode(),
                            factors.life(),
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
