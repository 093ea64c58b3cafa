package io.relayminer.core.relay;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;

import io.relayminer.core.cache.CacheException;
import io.relayminer.core.cache.CacheObserver;
import io.relayminer.core.cache.QueryBudget;
import io.relayminer.core.cache.RelayCaches;
import io.relayminer.core.session.SessionWindows;
import io.relayminer.core.wire.ReceivedRequest;
import io.relayminer.ring.Ring;
import io.relayminer.ring.RingRejection;
import io.relayminer.ring.RingVerdict;
import io.relayminer.ring.RingVerifier;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;

/**
 * Decides whether a relay is authentic: signed by a member of its application's ring, of a session
 * that the chain knows and that is not over, addressed to a supplier of that session.
 *
 * <p><b>Order.</b> Stateless checks, then the supplier's key, then the heights, then the signature,
 * then the session. For a session that is in memory, finding it compares its header too, and that
 * comes before the curve arithmetic; for one that is not, the signature is verified first, so that
 * only members of an application's ring can make the relayer ask the chain for sessions. What has
 * to be asked to verify it, the application, its keys and the parameters at a past height, anyone
 * can make up names for; so these queries have a budget, and a relay that exceeds it is told to
 * come again. What is in memory or in Redis costs none of it.
 *
 * <p>Texts are those that gateways know; the height is the caller's, so concurrent relays do not
 * see one another's.
 */
public final class RelayAdmission {

    private static final Logger LOG = LoggerFactory.getLogger(RelayAdmission.class);
    private static final String INVALID_SIGNATURE = ": invalid relay request signature";
    private static final String RING = "ring signature verification failed: ";

    private final RelayCaches caches;
    private final SupplierKeys keys;
    private final SupplierGate gate;
    private final SessionContexts contexts;
    private final RingVerifier verifier;
    private final QueryBudget strangers;
    private final Duration patience;
    private final LogThrottle throttle;

    /** Applications whose ring was read again lately because a signer was not in it. */
    private final Cache<String, Boolean> rereadLately;

    /**
     * Puts the checks together.
     *
     * @param caches what is known of the chain
     * @param keys signing keys
     * @param verifier ring verification; not closed here
     * @param strangers chain queries for relays that are not authenticated
     * @param height newest block height, 0 while unknown
     * @param patience longest time a relay waits for session data
     * @param observer told about lookups of sessions
     * @param ticker monotonic nanoseconds
     */
    public RelayAdmission(
            RelayCaches caches,
            SupplierKeys keys,
            RingVerifier verifier,
            QueryBudget strangers,
            LongSupplier height,
            Duration patience,
            CacheObserver observer,
            Ticker ticker) {
        this.caches = caches;
        this.keys = keys;
        this.gate = new SupplierGate(caches.supplierStates(), keys);
        this.contexts = new SessionContexts(caches, height, observer, ticker);
        this.verifier = verifier;
        this.strangers = strangers;
        this.patience = patience;
        this.throttle = new LogThrottle(ticker);
        this.rereadLately =
                Caffeine.newBuilder()
                        .maximumSize(10_000)
                        .expireAfterWrite(Duration.ofSeconds(10))
                        .ticker(ticker)
                        .build();
    }

    /** Forgets sessions long over. To be called for each block. */
    public void onBlock(long height) {
        caches.onBlock(height);
        contexts.onBlock(height);
    }

    /**
     * Whether everything about a relay but its signature is known to be in order, from memory: it
     * is well-formed and names a session, a supplier of it and a height at which it is served. The
     * backend may work for such a relay while its signature is verified; for any other it may not.
     */
    boolean isPlausible(ReceivedRequest request, long height) {
        if (BasicValidation.problem(request.message()) != null
                || keys.find(request.supplier()) == null) {
            return false;
        }
        SessionContext session = contexts.peek(SessionKey.of(request.header()));
        return session != null
                && height <= session.graceEnd()
                && session.suppliers().contains(request.supplier());
    }

    /** Whether relays of a service could be priced now; the stage never fails. */
    CompletionStage<Boolean> canPrice(String serviceId, long height) {
        return caches.computeUnits()
                .get(new RelayCaches.ServiceAt(serviceId, height))
                .thenCombine(caches.paramsAt().get(height), (units, params) -> true)
                .handle((priced, failure) -> failure == null);
    }

    CompletionStage<SupplierGate.Admission> gate(String supplier, String serviceId, RpcType type) {
        return gate.admit(supplier, serviceId, type);
    }

    /**
     * Authenticates a relay.
     *
     * @param request the relay; its heights are plausible
     * @param height block height at arrival, 0 if unknown
     * @param resuming takes a stage that may have to wait to the thread that verifies
     * @return the session; fails with {@link RefusedException}
     */
    CompletionStage<SessionContext> authenticate(
            ReceivedRequest request, long height, Resuming resuming) {
        String problem = BasicValidation.problem(request.message());
        if (problem != null) {
            return invalid("basic validation failed: " + problem);
        }
        if (keys.find(request.supplier()) == null) {
            return invalid("supplier " + request.supplier() + " is not allowed by this relayer");
        }
        SessionKey key = SessionKey.of(request.header());
        SessionContext known = contexts.peek(key);
        return bounded(
                known != null
                        ? authenticateKnown(request, height, known, resuming)
                        : authenticateUnknown(request, height, key, resuming));
    }

    /** Each lookup has a time limit, but several follow one another; this is the limit for all. */
    private CompletionStage<SessionContext> bounded(CompletionStage<SessionContext> stage) {
        CompletableFuture<SessionContext> future = stage.toCompletableFuture();
        if (future.isDone()) {
            return future;
        }
        return future.copy()
                .orTimeout(patience.toNanos(), TimeUnit.NANOSECONDS)
                .exceptionally(
                        failure -> {
                            if (RelayFailures.root(failure) instanceof TimeoutException) {
                                if (throttle.permit() >= 0) {
                                    LOG.warn("session data cannot be read in {}", patience);
                                }
                                throw new RefusedException(
                                        Refusal.of(Refusal.Kind.SESSION_UNAVAILABLE));
                            }
                            throw failure instanceof RuntimeException known
                                    ? known
                                    : new IllegalStateException(failure);
                        });
    }

    // ---- a session in memory
    // -----------------------------------------------------------------------

    private CompletionStage<SessionContext> authenticateKnown(
            ReceivedRequest request, long height, SessionContext session, Resuming resuming) {
        if (height > session.graceEnd()) {
            return invalid(expired(session.key().end(), height));
        }
        if (!session.suppliers().contains(request.supplier())) {
            return invalid(notInSession(request.supplier()));
        }
        RingRejection rejection = verify(request, session.ring());
        if (rejection == null) {
            return CompletableFuture.completedFuture(session);
        }
        String application = session.key().application();
        if (rejection == RingRejection.NOT_A_MEMBER && mayReread(application)) {
            // A gateway may have been delegated to since the ring was read.
            return resuming.at(contexts.ringReadAgain(application, session.key().end(), strangers))
                    .handle(
                            (ring, failure) -> {
                                if (failure != null) {
                                    throw asRefusal(
                                            failure, text -> describe(rejection, application));
                                }
                                RingRejection again = verify(request, ring);
                                if (again != null) {
                                    throw refused(describe(again, application));
                                }
                                contexts.refresh(session.key());
                                return session;
                            });
        }
        return invalid(describe(rejection, application));
    }

    private boolean mayReread(String application) {
        return rereadLately.asMap().putIfAbsent(application, Boolean.TRUE) == null;
    }

    // ---- a session not in memory
    // -------------------------------------------------------------------

    private CompletionStage<SessionContext> authenticateUnknown(
            ReceivedRequest request, long height, SessionKey key, Resuming resuming) {
        return resuming.at(checkNotOver(key, height))
                .thenCompose(ok -> resuming.at(ringOf(key)))
                .thenApply(
                        ring -> {
                            RingRejection rejection = verify(request, ring);
                            if (rejection != null) {
                                throw refused(describe(rejection, key.application()));
                            }
                            return ring;
                        })
                .thenCompose(ring -> resuming.at(contexts.resolve(key)))
                .handle(
                        (session, failure) -> {
                            if (failure != null) {
                                throw asRefusal(failure, UnaryOperator.identity());
                            }
                            if (!session.suppliers().contains(request.supplier())) {
                                throw refused(notInSession(request.supplier()));
                            }
                            return session;
                        });
    }

    /** While a session runs nothing has to be known; afterwards its grace period decides. */
    private CompletionStage<Boolean> checkNotOver(SessionKey key, long height) {
        if (height <= 0 || key.end() >= height) {
            return CompletableFuture.completedFuture(true);
        }
        return caches.paramsAt()
                .get(key.end(), strangers)
                .handle(
                        (params, failure) -> {
                            if (failure != null) {
                                throw asRefusal(
                                        failure,
                                        text -> "session timing validation failed: " + text);
                            }
                            if (params.getNumBlocksPerSession() == 0
                                    || height > SessionWindows.of(params, key.end()).graceEnd()) {
                                throw refused(expired(key.end(), height));
                            }
                            return true;
                        });
    }

    private CompletionStage<Ring> ringOf(SessionKey key) {
        return contexts.ring(key.application(), key.end(), strangers)
                .exceptionally(
                        failure -> {
                            throw asRefusal(
                                    failure,
                                    text ->
                                            RING
                                                    + "error getting ring for application address "
                                                    + key.application()
                                                    + ": "
                                                    + text
                                                    + ": invalid relay request");
                        });
    }

    // ---- the signature
    // -----------------------------------------------------------------------------

    /** Why the signature is refused, or null if it is good. */
    private @Nullable RingRejection verify(ReceivedRequest request, Ring ring) {
        RingVerdict verdict =
                verifier.verify(
                        request.signableHash(),
                        request.message().getMeta().getSignature().toByteArray(),
                        ring);
        return verdict instanceof RingVerdict.Rejected rejected ? rejected.reason() : null;
    }

    private static String describe(RingRejection rejection, String application) {
        return RING
                + switch (rejection) {
                    case NOT_A_MEMBER ->
                            "ring signature in the relay request does not match the expected one"
                                    + " for the app "
                                    + application;
                    case CHALLENGE, FOREIGN_CHALLENGE_ENCODING ->
                            "invalid relay request signature or bytes";
                    default -> "error deserializing ring signature: " + rejection.description();
                }
                + INVALID_SIGNATURE;
    }

    private static String expired(long end, long height) {
        return "session timing validation failed: session expired, session end height: "
                + end
                + ", current height: "
                + height
                + " (grace period elapsed)";
    }

    private static String notInSession(String supplier) {
        return "supplier " + supplier + " not found in session";
    }

    private static RefusedException refused(String cause) {
        return new RefusedException(Refusal.of(Refusal.Kind.VALIDATION_FAILED, cause));
    }

    private static CompletionStage<SessionContext> invalid(String cause) {
        return CompletableFuture.failedFuture(refused(cause));
    }

    /** What the chain says no to is the client's fault; what cannot be read is ours. */
    private RefusedException asRefusal(Throwable failure, UnaryOperator<String> phrase) {
        Throwable cause = RelayFailures.root(failure);
        if (cause instanceof RefusedException known) {
            return known;
        }
        return switch (RelayFailures.cacheException(cause)) {
            case CacheException.Absent absent ->
                    refused(phrase.apply(String.valueOf(absent.getMessage())));
            case CacheException.Unavailable unavailable -> {
                long more = throttle.permit();
                if (more >= 0) {
                    LOG.warn(
                            "session data cannot be read, nor for {} relays before: {}",
                            more,
                            reasonOf(unavailable));
                }
                yield new RefusedException(Refusal.of(Refusal.Kind.SESSION_UNAVAILABLE));
            }
        };
    }

    private static String reasonOf(CacheException.Unavailable unavailable) {
        return unavailable.getCause() == null
                ? String.valueOf(unavailable.getMessage())
                : unavailable.getMessage() + ": " + RelayFailures.root(unavailable.getCause());
    }

    /** Takes a stage to the thread that goes on with it. */
    interface Resuming {
        <T> CompletionStage<T> at(CompletionStage<T> stage);
    }
}
