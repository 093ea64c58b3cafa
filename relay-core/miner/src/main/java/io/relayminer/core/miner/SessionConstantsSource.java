package io.relayminer.core.miner;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;

import io.micrometer.core.instrument.MeterRegistry;
import io.relayminer.core.chain.ChainException;
import io.relayminer.core.chain.ChainQueries;
import io.relayminer.core.chain.ComputeUnits;
import io.relayminer.core.metrics.QueryCacheMetrics;
import io.relayminer.core.session.SessionWindows;
import io.relayminer.core.wire.service.RelayMiningDifficulty;
import io.relayminer.core.wire.session.Session;
import io.relayminer.core.wire.shared.Params;
import io.relayminer.core.wire.shared.Supplier;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.math.BigInteger;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;

/**
 * Resolves the constants and windows of sessions from the chain, each once per process.
 *
 * <p>Nothing is guessed: what cannot be read fails, and the caller keeps the relays until it can be
 * read. Windows follow the rule of the protocol that while a session runs the parameters in force
 * now apply, and afterwards those at its end, which never change.
 *
 * <p>Safe for use by any thread; blocks.
 */
final class SessionConstantsSource {

    private static final Logger LOG = LoggerFactory.getLogger(SessionConstantsSource.class);

    private record Key(String application, String service, long start) {}

    private final ChainQueries chain;
    private final ChainCalls calls;
    private final Cache<Key, SessionConstants> constants =
            Caffeine.newBuilder().maximumSize(20_000).recordStats().build();
    private final Cache<Long, Params> paramsAt =
            Caffeine.newBuilder().maximumSize(2_000).recordStats().build();
    private final LongAdder liveHits = new LongAdder();
    private final LongAdder liveMisses = new LongAdder();
    private final Object liveLock = new Object();
    private long liveHeight = -1;
    private Params live = Params.getDefaultInstance();

    SessionConstantsSource(ChainQueries chain, ChainCalls calls) {
        this.chain = chain;
        this.calls = calls;
    }

    /** Shows in a registry how often memory had the answer. */
    void show(MeterRegistry registry) {
        show(registry, "session", "session", constants);
        show(registry, "shared", "params_at_height", paramsAt);
        QueryCacheMetrics.show(
                registry,
                "shared",
                "params",
                this,
                self -> self.liveHits.sum(),
                self -> self.liveMisses.sum(),
                self -> self.liveKnown() ? 1 : 0);
    }

    private static void show(
            MeterRegistry registry, String client, String kind, Cache<?, ?> cache) {
        QueryCacheMetrics.show(
                registry,
                client,
                kind,
                cache,
                c -> c.stats().hitCount(),
                c -> c.stats().missCount(),
                Cache::estimatedSize);
    }

    private boolean liveKnown() {
        synchronized (liveLock) {
            return liveHeight >= 0;
        }
    }

    /**
     * The constants of the session of an application and service that starts at a height.
     *
     * @throws io.relayminer.core.chain.ChainException if the chain cannot or will not tell
     */
    SessionConstants constants(String application, String service, long start) {
        Key key = new Key(application, service, start);
        SessionConstants known = constants.getIfPresent(key);
        if (known != null) {
            return known;
        }
        // Independent questions travel together.
        var askedSession = chain.session(application, service, start);
        var askedUnits = chain.computeUnits(service, start);
        var askedDifficulty = chain.difficulty(service, start);
        Session session = calls.await(askedSession);
        ComputeUnits units = require(calls.await(askedUnits), service);
        RelayMiningDifficulty difficulty = require(calls.await(askedDifficulty), service);
        Params params = paramsAt(start);
        byte[] target = difficulty.getTargetHash().toByteArray();
        if (target.length != 32) {
            throw new MinerException.Unavailable(
                    "the difficulty target of service "
                            + service
                            + " has "
                            + target.length
                            + " bytes instead of 32",
                    null);
        }
        Set<String> suppliers = new LinkedHashSet<>();
        for (Supplier supplier : session.getSuppliersList()) {
            suppliers.add(supplier.getOperatorAddress());
        }
        SessionConstants resolved =
                new SessionConstants(
                        session.getHeader(),
                        suppliers,
                        units.perRelay(),
                        units.atHeight(),
                        target,
                        params.getComputeUnitsToTokensMultiplier(),
                        params.getComputeUnitCostGranularity());
        constants.put(key, resolved);
        return resolved;
    }

    private static <T> T require(Optional<T> answer, String service) {
        return answer.orElseThrow(
                () ->
                        new MinerException.Unavailable(
                                "the chain does not know the service " + service, null));
    }

    /** The constants of a session in work. */
    SessionConstants of(TrackedSession session) {
        return constants(session.application, session.service, session.start);
    }

    /**
     * What the chain will pay for a session in upokt, for metrics and log lines: zero while that
     * cannot be told.
     */
    BigInteger worth(TrackedSession session) {
        try {
            return of(session).amounts(session.computeUnits, session.relays).claimedUpokt();
        } catch (ChainException | MinerException.Unavailable | IllegalArgumentException e) {
            LOG.debug("the worth of session {} is not known", session.id, e);
            return BigInteger.ZERO;
        }
    }

    /** The windows of the session that ends at a height, seen at another height. */
    SessionWindows windows(long sessionEnd, long tip) {
        return SessionWindows.of(sessionEnd >= tip ? live(tip) : paramsAt(sessionEnd), sessionEnd);
    }

    private Params paramsAt(long height) {
        Params known = paramsAt.getIfPresent(height);
        if (known == null) {
            known = calls.await(chain.sharedParams(height));
            paramsAt.put(height, known);
        }
        return known;
    }

    private Params live(long tip) {
        synchronized (liveLock) {
            if (liveHeight == tip) {
                liveHits.increment();
                return live;
            }
        }
        liveMisses.increment();
        Params fresh = calls.await(chain.sharedParams());
        synchronized (liveLock) {
            if (liveHeight < tip) {
                liveHeight = tip;
                live = fresh;
            }
            return fresh;
        }
    }
}
