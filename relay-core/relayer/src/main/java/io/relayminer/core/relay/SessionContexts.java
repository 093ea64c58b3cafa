package io.relayminer.core.relay;

import com.github.benmanes.caffeine.cache.Ticker;
import com.google.protobuf.ByteString;

import io.relayminer.core.cache.CacheException;
import io.relayminer.core.cache.CacheObserver;
import io.relayminer.core.cache.CachePolicy;
import io.relayminer.core.cache.CacheTier;
import io.relayminer.core.cache.QueryBudget;
import io.relayminer.core.cache.RelayCaches;
import io.relayminer.core.cache.TieredCache;
import io.relayminer.core.chain.ChainRefusedException;
import io.relayminer.core.meter.MeterTerms;
import io.relayminer.core.meter.RelayPrice;
import io.relayminer.core.session.DelegatedGateways;
import io.relayminer.core.session.SessionWindows;
import io.relayminer.core.wire.application.Application;
import io.relayminer.core.wire.session.Session;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.core.wire.shared.Params;
import io.relayminer.core.wire.shared.Supplier;
import io.relayminer.ring.PublicKey;
import io.relayminer.ring.Ring;
import io.relayminer.ring.RingException;

import org.jspecify.annotations.Nullable;

import java.math.BigInteger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;

/**
 * Resolves session headers to {@link SessionContext}s.
 *
 * <p><b>Warm.</b> A context is stored under all five fields of the header it was resolved from, and
 * only after the chain's session was found to agree with each of them. So {@link #peek} both finds
 * the session and compares the header, in one lookup.
 *
 * <p><b>Cold.</b> Asking the chain for a session is expensive and its answer depends on what the
 * client claims, so it is left until the relay's signature was verified: {@link #ring} first,
 * {@link #resolve} second. A stranger can thus make the relayer look up applications and keys,
 * within a budget, but not sessions.
 *
 * <p>Contexts are refreshed in the background every minute, because the application's stake and its
 * gateways may change within a session; everything else in them is immutable and comes from memory.
 */
final class SessionContexts {

    private static final int TARGET_LENGTH = 32;

    private final RelayCaches caches;
    private final LongSupplier height;
    private final TieredCache<SessionKey, SessionContext> contexts;

    SessionContexts(
            RelayCaches caches, LongSupplier height, CacheObserver observer, Ticker ticker) {
        this.caches = caches;
        this.height = height;
        this.contexts =
                new TieredCache<>(
                        new CachePolicy(
                                "session_context",
                                20_000,
                                Duration.ofSeconds(60),
                                Duration.ofMinutes(10),
                                Duration.ofSeconds(2)),
                        CacheTier.none("l2"),
                        new Resolver(),
                        observer,
                        ticker);
    }

    /** The context of a session that was resolved before; null if it has to be resolved. */
    @Nullable SessionContext peek(SessionKey key) {
        return contexts.peek(key);
    }

    /**
     * Resolves a session.
     *
     * @return fails with {@link CacheException.Absent}, whose message is the validation error for
     *     the client, if the chain has no such session or another one; with {@link
     *     CacheException.Unavailable} if a constant cannot be read
     */
    CompletionStage<SessionContext> resolve(SessionKey key) {
        return contexts.get(key);
    }

    /** Resolves a session again in the background; until then the old context serves. */
    void refresh(SessionKey key) {
        contexts.refresh(key);
    }

    /** Forgets the sessions that ended long ago. */
    void onBlock(long current) {
        if (current % 16 == 0) {
            contexts.invalidateIf(key -> key.end() + 600 < current);
        }
    }

    /**
     * The keys that may sign relays of an application in the session that ends at a height.
     *
     * @param budget what the chain may be asked, for a relay that is not authenticated
     * @return fails with {@link CacheException.Absent} if the application, or the key of one of its
     *     members, does not exist; with {@link CacheException.Unavailable} if they cannot be read
     *     or the budget is used up
     */
    CompletionStage<Ring> ring(String application, long sessionEnd, QueryBudget budget) {
        return caches.applications()
                .get(application, budget)
                .thenCompose(app -> ring(app, sessionEnd, keys(budget)));
    }

    /** As {@link #ring(String, long, QueryBudget)}, but the application is read again. */
    CompletionStage<Ring> ringReadAgain(String application, long sessionEnd, QueryBudget budget) {
        return caches.applications()
                .refresh(application, budget)
                .thenCompose(app -> ring(app, sessionEnd, keys(budget)));
    }

    private Function<String, CompletionStage<ByteString>> keys(QueryBudget budget) {
        return address -> caches.publicKeys().get(address, budget);
    }

    private CompletionStage<Ring> ring(Application application, long sessionEnd) {
        return ring(application, sessionEnd, address -> caches.publicKeys().get(address));
    }

    private static CompletionStage<Ring> ring(
            Application application,
            long sessionEnd,
            Function<String, CompletionStage<ByteString>> keys) {
        CompletableFuture<PublicKey> own = key(application.getAddress(), keys);
        List<CompletableFuture<PublicKey>> gateways = new ArrayList<>();
        for (String gateway : DelegatedGateways.at(application, sessionEnd)) {
            gateways.add(key(gateway, keys));
        }
        return CompletableFuture.allOf(gateways.toArray(CompletableFuture[]::new))
                .thenCombine(
                        own,
                        (done, applicationKey) ->
                                Ring.expected(
                                        applicationKey,
                                        gateways.stream().map(CompletableFuture::join).toList()));
    }

    private static CompletableFuture<PublicKey> key(
            String address, Function<String, CompletionStage<ByteString>> keys) {
        return keys.apply(address)
                .thenApply(
                        bytes -> {
                            try {
                                return PublicKey.of(bytes.toByteArray());
                            } catch (RingException e) {
                                throw new CacheException.Absent(
                                        "the public key of account " + address + " is no point");
                            }
                        })
                .toCompletableFuture();
    }

    /** The chain's view of a session, as the authority behind the contexts. */
    private final class Resolver implements CacheTier<SessionKey, SessionContext> {

        @Override
        public String level() {
            return "l3";
        }

        @Override
        public CompletionStage<@Nullable SessionContext> get(SessionKey key) {
            long now = height.getAsLong();
            long lookup = now <= 0 || key.end() >= now ? key.start() : key.end();
            return caches.sessions()
                    .get(new RelayCaches.SessionLookup(key.application(), key.serviceId(), lookup))
                    .handle(
                            (session, failure) -> {
                                if (failure != null) {
                                    throw notFound(failure, now > 0 && lookup > now);
                                }
                                String mismatch = mismatch(session.getHeader(), key);
                                if (mismatch != null) {
                                    throw new CacheException.Absent(mismatch);
                                }
                                return session;
                            })
                    .thenCompose(session -> constants(key, session));
        }

        private CompletionStage<@Nullable SessionContext> constants(
                SessionKey key, Session session) {
            RelayCaches.ServiceAt at = new RelayCaches.ServiceAt(key.serviceId(), key.start());
            CompletableFuture<Params> params =
                    caches.paramsAt().get(key.start()).toCompletableFuture();
            CompletableFuture<Long> computeUnits =
                    caches.computeUnits().get(at).toCompletableFuture();
            CompletableFuture<ByteString> target =
                    caches.difficultyTargets().get(at).toCompletableFuture();
            CompletableFuture<Long> suppliers = caches.suppliersPerSession().toCompletableFuture();
            CompletableFuture<Application> application =
                    caches.applications().get(key.application()).toCompletableFuture();
            CompletableFuture<Ring> ring =
                    application.thenCompose(app -> ring(app, key.end())).toCompletableFuture();
            return CompletableFuture.allOf(
                            params, computeUnits, target, suppliers, application, ring)
                    .handle(
                            (done, failure) -> {
                                if (failure != null) {
                                    // Whatever is missing here cannot be guessed, not even if the
                                    // chain says it does not exist.
                                    throw new CacheException.Unavailable(
                                            "a constant of session "
                                                    + key.sessionId()
                                                    + " cannot be read",
                                            failure);
                                }
                                return context(
                                        key,
                                        session,
                                        params.join(),
                                        computeUnits.join(),
                                        target.join(),
                                        suppliers.join(),
                                        application.join(),
                                        ring.join());
                            });
        }

        @Override
        public CompletionStage<@Nullable Void> put(SessionKey key, SessionContext value) {
            return CompletableFuture.completedFuture(null);
        }
    }

    private static SessionContext context(
            SessionKey key,
            Session session,
            Params params,
            long computeUnits,
            ByteString target,
            long suppliersPerSession,
            Application application,
            Ring ring) {
        if (target.size() != TARGET_LENGTH) {
            throw new CacheException.Unavailable(
                    "the difficulty target of service "
                            + key.serviceId()
                            + " has "
                            + target.size()
                            + " bytes instead of 32",
                    null);
        }
        if (params.getComputeUnitCostGranularity() == 0) {
            throw new CacheException.Unavailable(
                    "compute_unit_cost_granularity is 0 at height " + key.start(), null);
        }
        SessionWindows windows = SessionWindows.of(params, key.end());
        long stake = stake(application);
        Set<String> operators =
                session.getSuppliersList().stream()
                        .map(Supplier::getOperatorAddress)
                        .collect(Collectors.toUnmodifiableSet());
        return new SessionContext(
                key,
                operators,
                ring,
                windows.graceEnd(),
                windows.graceEnd() - 1,
                computeUnits,
                target.toByteArray(),
                RelayPrice.of(
                        computeUnits,
                        params.getComputeUnitsToTokensMultiplier(),
                        params.getComputeUnitCostGranularity()),
                stake,
                MeterTerms.baseLimit(
                        stake,
                        suppliersPerSession,
                        SessionWindows.offsetsTotal(params),
                        params.getNumBlocksPerSession()));
    }

    private static long stake(Application application) {
        try {
            BigInteger amount = new BigInteger(application.getStake().getAmount());
            return amount.bitLength() < Long.SIZE ? amount.longValueExact() : Long.MAX_VALUE;
        } catch (NumberFormatException e) {
            throw new CacheException.Unavailable(
                    "the stake of application " + application.getAddress() + " is not a number", e);
        }
    }

    /** How the chain's header differs from the claimed one, or null if it does not. */
    private static @Nullable String mismatch(SessionHeader chain, SessionKey claimed) {
        if (!chain.getApplicationAddress().equals(claimed.application())) {
            return "session header application address mismatch, expecting: \""
                    + chain.getApplicationAddress()
                    + "\", got: \""
                    + claimed.application()
                    + "\"";
        }
        if (!chain.getServiceId().equals(claimed.serviceId())) {
            return "session header service ID mismatch, expecting: \""
                    + chain.getServiceId()
                    + "\", got: \""
                    + claimed.serviceId()
                    + "\"";
        }
        if (chain.getSessionStartBlockHeight() != claimed.start()) {
            return "session header session start height mismatch, expecting: "
                    + chain.getSessionStartBlockHeight()
                    + ", got: "
                    + claimed.start();
        }
        if (chain.getSessionEndBlockHeight() != claimed.end()) {
            return "session header session end height mismatch, expecting: "
                    + chain.getSessionEndBlockHeight()
                    + ", got: "
                    + claimed.end();
        }
        if (!chain.getSessionId().equals(claimed.sessionId())) {
            return "session ID mismatch, expected: "
                    + chain.getSessionId()
                    + ", got: "
                    + claimed.sessionId();
        }
        return null;
    }

    /**
     * Why there is no session. A node that has not reached the height of a session which has begun
     * is behind, and no reason to turn the relay away for good.
     *
     * @param future whether the session begins after the last block that is known here
     */
    private static RuntimeException notFound(Throwable failure, boolean future) {
        CacheException cause = RelayFailures.cacheException(failure);
        boolean said =
                cause instanceof CacheException.Absent
                        || (future
                                && cause.getCause() instanceof ChainRefusedException refused
                                && refused.isHeightAhead());
        return said
                ? new CacheException.Absent("failed to get session: " + cause.getMessage())
                : cause;
    }
}
