package io.relayminer.core.cache;

import com.github.benmanes.caffeine.cache.Ticker;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;

import io.relayminer.core.chain.ChainException;
import io.relayminer.core.chain.ChainQueries;
import io.relayminer.core.chain.ChainRefusedException;
import io.relayminer.core.meter.ServiceFactors;
import io.relayminer.core.redis.CacheInvalidation;
import io.relayminer.core.redis.GoStyleJson;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.redis.RedisStateException;
import io.relayminer.core.redis.RedisSubscriber;
import io.relayminer.core.redis.ServiceFactor;
import io.relayminer.core.redis.SupplierState;
import io.relayminer.core.wire.application.Application;
import io.relayminer.core.wire.session.Session;
import io.relayminer.core.wire.shared.Params;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Everything a relayer reads about the world, each kind in its own {@link TieredCache}.
 *
 * <p>In Redis the entries have the names and formats of the fleet, so relayers and miners of any
 * implementation share them: applications as protobuf, public keys as 33 raw bytes, parameters at a
 * height and sessions as JSON in the manner of Go's reflection, supplier states and service factors
 * as JSON that miners write. Values at a height are immutable and change with no message; the rest
 * is refreshed by age and dropped by invalidation messages.
 *
 * <p>Nothing is assumed about what cannot be read: a lookup ends with the value, with {@link
 * CacheException.Absent} and the authority's words, or with {@link CacheException.Unavailable}.
 */
public final class RelayCaches {

    private static final Logger LOG = LoggerFactory.getLogger(RelayCaches.class);

    private static final Duration APPLICATION_TTL = Duration.ofMinutes(5);
    private static final Duration ACCOUNT_TTL = Duration.ofDays(7);
    private static final Duration HEIGHT_PARAMS_TTL = Duration.ofSeconds(30);
    private static final Duration SESSION_TTL_WITHOUT_PARAMS = Duration.ofMinutes(5);
    private static final long ASSUMED_BLOCK_SECONDS = 30;
    private static final long KEEP_HEIGHTS = 600;
    private static final Double NO_FACTOR = 0.0;

    /**
     * A session by how it is looked up.
     *
     * @param application application address
     * @param serviceId service
     * @param height a height of the session: its start while it runs, its end afterwards
     */
    public record SessionLookup(String application, String serviceId, long height) {}

    /**
     * A property of a service at a height.
     *
     * @param serviceId service
     * @param height height
     */
    public record ServiceAt(String serviceId, long height) {}

    /**
     * One kind of answers of the chain, as operators know them.
     *
     * @param client what the questions are about, e.g. {@code shared}
     * @param kind which of its answers are kept
     * @param cache where they are kept
     */
    public record Remembered(String client, String kind, TieredCache<?, ?> cache) {}

    private final RedisKeys keys;
    private final LongSupplier height;
    private final TieredCache<String, Application> applications;
    private final TieredCache<String, ByteString> publicKeys;
    private final TieredCache<Long, Params> paramsAt;
    private final TieredCache<SessionLookup, Session> sessions;
    private final TieredCache<ServiceAt, Long> computeUnits;
    private final TieredCache<ServiceAt, ByteString> difficultyTargets;
    private final TieredCache<String, Long> suppliersPerSession;
    private final TieredCache<String, SupplierState> supplierStates;
    private final TieredCache<String, Double> serviceFactors;

    /**
     * Builds the caches.
     *
     * @param chain the authority
     * @param keys names in Redis
     * @param redis machinery of the Redis tiers
     * @param height current block height, 0 while unknown
     * @param observer told about hits and misses
     * @param ticker monotonic nanoseconds
     */
    public RelayCaches(
            ChainQueries chain,
            RedisKeys keys,
            RedisTier.Environment redis,
            LongSupplier height,
            CacheObserver observer,
            Ticker ticker) {
        this.keys = keys;
        this.height = height;
        this.applications =
                new TieredCache<>(
                        CachePolicy.entity("application", 10_000),
                        new RedisTier<>(
                                redis,
                                "application",
                                name(a -> keys.cached("application", a)),
                                name(a -> keys.cacheLock("application", a)),
                                protobuf(Application::parseFrom),
                                any -> APPLICATION_TTL),
                        authority(
                                address -> chain.application(address),
                                address ->
                                        "failed to query application "
                                                + address
                                                + ": failed to query application: rpc error: code ="
                                                + " NotFound desc = app address: "
                                                + address
                                                + ": application not found"),
                        observer,
                        ticker);
        this.publicKeys =
                new TieredCache<>(
                        new CachePolicy(
                                "account",
                                50_000,
                                Duration.ofMinutes(30),
                                Duration.ofHours(6),
                                Duration.ofSeconds(5)),
                        new RedisTier<>(
                                redis,
                                "account",
                                name(a -> keys.cached("account", a)),
                                name(a -> keys.cacheLock("account", a)),
                                new PublicKeyCodec(),
                                any -> ACCOUNT_TTL),
                        authority(
                                address -> chain.publicKey(address),
                                address -> "public key not found for account: " + address),
                        observer,
                        ticker);
        this.paramsAt =
                new TieredCache<>(
                        CachePolicy.immutable("shared_params_at_height", 4_096),
                        new RedisTier<>(
                                redis,
                                "shared_params_at_height",
                                name(h -> keys.sharedParamsAt(h)),
                                name(h -> keys.sharedParamsAtLock(h)),
                                goJson(Params::newBuilder, builder -> builder.build()),
                                any -> HEIGHT_PARAMS_TTL),
                        query("shared params", h -> chain.sharedParams(h)),
                        observer,
                        ticker);
        this.sessions =
                new TieredCache<>(
                        CachePolicy.immutable("session", 20_000),
                        new RedisTier<>(
                                redis,
                                "session",
                                name(
                                        s ->
                                                keys.sessionCache(
                                                        s.application(),
                                                        s.serviceId(),
                                                        s.height())),
                                null,
                                goJson(Session::newBuilder, builder -> builder.build()),
                                this::sessionTimeToLive),
                        query(
                                "session",
                                s -> chain.session(s.application(), s.serviceId(), s.height())),
                        observer,
                        ticker);
        this.computeUnits =
                new TieredCache<>(
                        CachePolicy.immutable("compute_units_at_height", 10_000),
                        CacheTier.none("l2"),
                        authority(
                                s ->
                                        chain.computeUnits(s.serviceId(), s.height())
                                                .thenApply(
                                                        found ->
                                                                found.map(
                                                                        units ->
                                                                                Math.max(
                                                                                        1,
                                                                                        units
                                                                                                .perRelay()))),
                                s -> "service not found: " + s.serviceId()),
                        observer,
                        ticker);
        this.difficultyTargets =
                new TieredCache<>(
                        CachePolicy.immutable("difficulty_at_height", 10_000),
                        CacheTier.none("l2"),
                        authority(
                                s ->
                                        chain.difficulty(s.serviceId(), s.height())
                                                .thenApply(
                                                        found -> found.map(d -> d.getTargetHash())),
                                s -> "service not found: " + s.serviceId()),
                        observer,
                        ticker);
        this.suppliersPerSession =
                new TieredCache<>(
                        CachePolicy.entity("session_params", 1),
                        CacheTier.none("l2"),
                        query(
                                "session params",
                                any ->
                                        chain.sessionParams()
                                                .thenApply(
                                                        params ->
                                                                params
                                                                        .getNumSuppliersPerSession())),
                        observer,
                        ticker);
        // What only miners write has its authority in Redis: a miss means absent, and an outage is
        // told apart from it.
        this.supplierStates =
                new TieredCache<>(
                        CachePolicy.entity("supplier", 10_000),
                        CacheTier.none("l2"),
                        new RedisTier<>(
                                redis,
                                "supplier",
                                name(s -> keys.supplierState(s)),
                                null,
                                readOnly(bytes -> decodeSupplier(bytes, observer)),
                                any -> Duration.ZERO),
                        observer,
                        ticker);
        RedisTier<String, Double> factors =
                new RedisTier<>(
                        redis,
                        "service_factor",
                        RelayCaches::utf8,
                        null,
                        readOnly(bytes -> ServiceFactor.decode(bytes).factor()),
                        any -> Duration.ZERO);
        this.serviceFactors =
                new TieredCache<>(
                        CachePolicy.entity("service_factor", 10_000),
                        CacheTier.none("l2"),
                        new QueryTier<>(
                                "l2",
                                key -> factors.get(key).thenApply(f -> f == null ? NO_FACTOR : f)),
                        observer,
                        ticker);
    }

    /** What is remembered of the chain's answers, kind by kind. */
    public List<Remembered> remembered() {
        return List.of(
                new Remembered("application", "entity", applications),
                new Remembered("account", "entity", publicKeys),
                new Remembered("shared", "params_at_height", paramsAt),
                new Remembered("session", "session", sessions),
                new Remembered("session", "params", suppliersPerSession),
                new Remembered("service", "cupr_at_height", computeUnits),
                new Remembered("service", "difficulty", difficultyTargets));
    }

    /** Applications by address. */
    public TieredCache<String, Application> applications() {
        return applications;
    }

    /** Compressed public keys, 33 bytes, by account address. */
    public TieredCache<String, ByteString> publicKeys() {
        return publicKeys;
    }

    /** Shared parameters by height. */
    public TieredCache<Long, Params> paramsAt() {
        return paramsAt;
    }

    /** Sessions. */
    public TieredCache<SessionLookup, Session> sessions() {
        return sessions;
    }

    /** Compute units per relay at a height, at least 1. */
    public TieredCache<ServiceAt, Long> computeUnits() {
        return computeUnits;
    }

    /** Relay mining targets at a height, 32 bytes. */
    public TieredCache<ServiceAt, ByteString> difficultyTargets() {
        return difficultyTargets;
    }

    /** Suppliers of a session, in force now. */
    public CompletionStage<Long> suppliersPerSession() {
        return suppliersPerSession.get("");
    }

    /**
     * Supplier states as miners publish them, by operator address; contaminated ones are absent.
     */
    public TieredCache<String, SupplierState> supplierStates() {
        return supplierStates;
    }

    /**
     * The factors by which operators set budgets: that of the service, else the default one, else
     * none. The last known factor outlives an outage of Redis.
     */
    public ServiceFactors serviceFactors() {
        return new ServiceFactors() {
            @Override
            public @Nullable Double peek(String serviceId) {
                Double own = serviceFactors.peek(keys.serviceFactor(serviceId));
                return own == null || own > 0
                        ? own
                        : serviceFactors.peek(keys.serviceFactorDefault());
            }

            @Override
            public CompletionStage<Double> get(String serviceId) {
                return serviceFactors
                        .get(keys.serviceFactor(serviceId))
                        .thenCompose(
                                own ->
                                        own > 0
                                                ? CompletableFuture.completedFuture(own)
                                                : serviceFactors.get(keys.serviceFactorDefault()));
            }
        };
    }

    /**
     * Follows the invalidation channels; flushes a kind whenever its subscription was interrupted.
     */
    public CompletionStage<Void> subscribe(RedisSubscriber subscriber) {
        List<CompletableFuture<?>> all = new ArrayList<>();
        all.add(entity(subscriber, CacheInvalidation.Type.APPLICATION, applications));
        all.add(entity(subscriber, CacheInvalidation.Type.ACCOUNT, publicKeys));
        all.add(entity(subscriber, CacheInvalidation.Type.SUPPLIER, supplierStates));
        all.add(
                subscribe(
                        subscriber,
                        keys.invalidationChannel(CacheInvalidation.Type.SERVICE_FACTOR.wire()),
                        message -> invalidateFactor(message),
                        () -> serviceFactors.invalidateAll("resubscribe")));
        all.add(
                subscribe(
                        subscriber,
                        keys.heightParamsChannel(),
                        message -> invalidateHeight(message),
                        () -> paramsAt.invalidateAll("resubscribe")));
        return CompletableFuture.allOf(all.toArray(CompletableFuture[]::new));
    }

    /** Forgets what belongs to heights long gone. To be called for each block. */
    public void onBlock(long current) {
        long oldest = current - KEEP_HEIGHTS;
        if (oldest <= 0 || current % 16 != 0) {
            return;
        }
        sessions.invalidateIf(lookup -> lookup.height() < oldest);
        paramsAt.invalidateIf(at -> at < oldest);
        computeUnits.invalidateIf(at -> at.height() < oldest);
        difficultyTargets.invalidateIf(at -> at.height() < oldest);
    }

    private <V> CompletableFuture<?> entity(
            RedisSubscriber subscriber, CacheInvalidation.Type type, TieredCache<String, V> cache) {
        return subscribe(
                subscriber,
                keys.invalidationChannel(type.wire()),
                message -> {
                    switch (CacheInvalidation.decode(type, message)) {
                        case CacheInvalidation.Everything all -> cache.invalidateAll("pubsub");
                        case CacheInvalidation.One one -> cache.invalidate(one.key(), "pubsub");
                    }
                },
                () -> cache.invalidateAll("resubscribe"));
    }

    private CompletableFuture<?> subscribe(
            RedisSubscriber subscriber,
            String channel,
            Consumer<byte[]> onMessage,
            Runnable onSubscribed) {
        return subscriber
                .subscribe(
                        channel,
                        message -> {
                            try {
                                onMessage.accept(message);
                            } catch (RedisStateException | NumberFormatException e) {
                                LOG.warn("message on {} ignored: {}", channel, e.getMessage());
                            }
                        },
                        onSubscribed)
                .toCompletableFuture();
    }

    private void invalidateFactor(byte[] message) {
        CacheInvalidation.Type type = CacheInvalidation.Type.SERVICE_FACTOR;
        CacheInvalidation what;
        try {
            what = CacheInvalidation.decode(type, message);
        } catch (RedisStateException e) {
            serviceFactors.invalidateAll("pubsub");
            return;
        }
        switch (what) {
            case CacheInvalidation.Everything all ->
                    serviceFactors.invalidate(keys.serviceFactorDefault(), "pubsub");
            case CacheInvalidation.One one ->
                    serviceFactors.invalidate(keys.serviceFactor(one.key()), "pubsub");
        }
    }

    private void invalidateHeight(byte[] message) {
        paramsAt.invalidate(
                Long.parseLong(new String(message, StandardCharsets.UTF_8).strip()), "pubsub");
    }

    private Duration sessionTimeToLive(Session session) {
        long end = session.getHeader().getSessionEndBlockHeight();
        Params params = paramsAt.peek(session.getHeader().getSessionStartBlockHeight());
        if (params == null) {
            return SESSION_TTL_WITHOUT_PARAMS;
        }
        long validUntil = end + params.getGracePeriodEndOffsetBlocks() + 2;
        long now = height.getAsLong();
        return Duration.ofSeconds(
                now >= validUntil
                        ? ASSUMED_BLOCK_SECONDS
                        : (validUntil - now) * ASSUMED_BLOCK_SECONDS + 10);
    }

    private static SupplierState decodeSupplier(byte[] bytes, CacheObserver observer) {
        SupplierState state = SupplierState.decode(bytes);
        if (state.contaminated()) {
            observer.supplierContaminated("l2_read");
            throw new IllegalArgumentException(
                    "the supplier is staked and active but has no services, the trace of a writer"
                            + " that could not read the chain");
        }
        return state;
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static <K> Function<K, byte[]> name(Function<K, String> name) {
        return key -> utf8(name.apply(key));
    }

    /** An authority whose answers may be "there is none". */
    private static <K, V> CacheTier<K, V> authority(
            Function<K, CompletionStage<Optional<V>>> question, Function<K, String> absence) {
        return new QueryTier<>(
                "l3",
                key ->
                        question.apply(key)
                                .thenApply(
                                        found ->
                                                found.orElseThrow(
                                                        () ->
                                                                new CacheException.Absent(
                                                                        absence.apply(key)))));
    }

    /** An authority that answers or refuses. */
    private static <K, V> CacheTier<K, V> query(
            String what, Function<K, CompletionStage<V>> question) {
        return new QueryTier<>(
                "l3",
                key ->
                        question.apply(key)
                                .exceptionally(
                                        failure -> {
                                            throw refusal(what, failure);
                                        }));
    }

    /**
     * A refusal of the chain is an answer; its words are what clients of the reference see. That a
     * node has not reached a height is none.
     */
    private static RuntimeException refusal(String what, Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null
                        ? failure.getCause()
                        : failure;
        if (cause instanceof ChainRefusedException refused) {
            String words =
                    "failed to query "
                            + what
                            + ": failed to query "
                            + what
                            + ": rpc error: code = "
                            + camelCase(refused.status())
                            + " desc = "
                            + refused.reason();
            return refused.isHeightAhead()
                    ? new CacheException.Unavailable(words, refused)
                    : new CacheException.Absent(words);
        }
        return cause instanceof ChainException chain
                ? chain
                : new CacheException.Unavailable(what + " cannot be queried", cause);
    }

    private static String camelCase(String status) {
        StringBuilder name = new StringBuilder();
        for (String word : status.split("_", -1)) {
            if (!word.isEmpty()) {
                name.append(word.charAt(0)).append(word.substring(1).toLowerCase(Locale.ROOT));
            }
        }
        return name.toString();
    }

    /** A question as a tier: nothing can be put there. */
    private record QueryTier<K, V>(String level, Function<K, CompletionStage<V>> question)
            implements CacheTier<K, V> {

        @Override
        public CompletionStage<@Nullable V> get(K key) {
            return question.apply(key).thenApply(value -> value);
        }

        @Override
        public CompletionStage<@Nullable Void> put(K key, V value) {
            return CompletableFuture.completedFuture(null);
        }
    }

    private interface ProtobufParser<M> {
        M parse(byte[] bytes) throws InvalidProtocolBufferException;
    }

    private static <M extends com.google.protobuf.MessageLite> ValueCodec<M> protobuf(
            ProtobufParser<M> parser) {
        return new ValueCodec<>() {
            @Override
            public byte[] encode(M value) {
                return value.toByteArray();
            }

            @Override
            public M decode(byte[] bytes) {
                try {
                    return parser.parse(bytes);
                } catch (InvalidProtocolBufferException e) {
                    throw new IllegalArgumentException(e.getMessage(), e);
                }
            }
        };
    }

    private static <
                    M extends com.google.protobuf.Message,
                    B extends com.google.protobuf.Message.Builder>
            ValueCodec<M> goJson(Supplier<B> empty, Function<B, M> build) {
        return new ValueCodec<>() {
            @Override
            public byte[] encode(M value) {
                return GoStyleJson.encode(value);
            }

            @Override
            public M decode(byte[] bytes) {
                B builder = empty.get();
                try {
                    GoStyleJson.decode(bytes, builder);
                } catch (RedisStateException e) {
                    throw new IllegalArgumentException(e.getMessage(), e);
                }
                return build.apply(builder);
            }
        };
    }

    /** A codec for values that relayers only read. */
    private static <V> ValueCodec<V> readOnly(Function<byte[], V> decode) {
        return new ValueCodec<>() {
            @Override
            public byte[] encode(V value) {
                throw new UnsupportedOperationException("written by miners only");
            }

            @Override
            public V decode(byte[] bytes) {
                try {
                    return decode.apply(bytes);
                } catch (RedisStateException e) {
                    throw new IllegalArgumentException(e.getMessage(), e);
                }
            }
        };
    }

    /** 33 raw bytes; any other length is not a key. */
    private static final class PublicKeyCodec implements ValueCodec<ByteString> {
        private static final int LENGTH = 33;

        @Override
        public byte[] encode(ByteString value) {
            return value.toByteArray();
        }

        @Override
        public ByteString decode(byte[] bytes) {
            if (bytes.length != LENGTH) {
                throw new IllegalArgumentException(
                        "a public key has 33 bytes, not " + bytes.length);
            }
            return ByteString.copyFrom(bytes);
        }
    }
}
