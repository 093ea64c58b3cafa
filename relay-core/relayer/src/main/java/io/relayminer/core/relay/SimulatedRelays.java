package io.relayminer.core.relay;

import io.relayminer.core.wire.ReceivedRequest;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.ring.PublicKey;
import io.relayminer.ring.Ring;
import io.relayminer.ring.RingVerifier;

import org.jspecify.annotations.Nullable;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Semaphore;
import java.util.function.Predicate;

/**
 * Lets operators test their relayer end to end without a session, without stake and without being
 * paid: relays signed with a ring that the configuration pins. They take the way of real relays to
 * the backend and back, but are neither metered nor recorded.
 *
 * <p>The session id of such a relay carries the time at which it was made; it is fresh for a few
 * seconds, and within them each signature is accepted once by the whole fleet. The signature is
 * verified before it is marked as seen, so nobody can use up another's mark.
 *
 * <p>Thread-safe; nothing blocks.
 */
public final class SimulatedRelays {

    /** Request header that names the identity. */
    static final String HEADER = "Pocket-Simulation-Key-Id";

    private static final String SESSION_SCHEME = "simv1";
    private static final String INVALID = "simulation: ring signature verification failed: ";

    /**
     * Who may send simulated relays.
     *
     * @param keyId name by which requests refer to it
     * @param enabled whether it is accepted at present
     * @param notAfter last moment at which it is accepted; null for ever
     * @param maxPerSecond relays per second, also at once
     * @param application key of the pinned application
     * @param gateways keys of the pinned gateways, at least one
     * @param services services it may test; empty means all
     */
    public record Identity(
            String keyId,
            boolean enabled,
            @Nullable Instant notAfter,
            int maxPerSecond,
            PublicKey application,
            List<PublicKey> gateways,
            Set<String> services) {

        /** Copies the collections. */
        public Identity {
            gateways = List.copyOf(gateways);
            services = Set.copyOf(services);
        }
    }

    /**
     * Limits and identities.
     *
     * @param maxConcurrent simulated relays at a time
     * @param freshness how far the time in a session id may be from now, exclusive
     * @param identities who may send them
     */
    public record Settings(int maxConcurrent, Duration freshness, List<Identity> identities) {

        /** Copies the identities. */
        public Settings {
            identities = List.copyOf(identities);
        }
    }

    private static final class Pinned {
        private final Identity identity;
        private final String applicationAddress;
        private final Ring ring;
        private final RateLimit rate;

        Pinned(Identity identity, InstantSource clock) {
            this.identity = identity;
            this.applicationAddress = identity.application().address().toString();
            this.ring = Ring.expected(identity.application(), identity.gateways());
            this.rate = new RateLimit(identity.maxPerSecond(), clock);
        }
    }

    private final Settings settings;
    private final SupplierKeys keys;
    private final RingVerifier verifier;
    private final ReplayGuard guard;
    private final InstantSource clock;
    private final Semaphore slots;
    private final Map<String, Pinned> identities = new HashMap<>();

    /**
     * Prepares the identities.
     *
     * @param settings limits and identities
     * @param keys signing keys
     * @param verifier ring verification; not closed here
     * @param guard remembers signatures
     * @param clock wall clock
     */
    public SimulatedRelays(
            Settings settings,
            SupplierKeys keys,
            RingVerifier verifier,
            ReplayGuard guard,
            InstantSource clock) {
        this.settings = settings;
        this.keys = keys;
        this.verifier = verifier;
        this.guard = guard;
        this.clock = clock;
        this.slots = new Semaphore(settings.maxConcurrent());
        for (Identity identity : settings.identities()) {
            identities.put(identity.keyId(), new Pinned(identity, clock));
        }
    }

    /** Takes a place among the concurrent ones; each success must be followed by {@link #leave}. */
    boolean enter() {
        return slots.tryAcquire();
    }

    /** Gives the place back. */
    void leave() {
        slots.release();
    }

    /** The refusal when {@link #enter} failed. */
    static Refusal crowded() {
        return Refusal.simulation(429, "simulation concurrency limit reached", "rate_limited");
    }

    /**
     * Admits one relay.
     *
     * @param keyId identity the request names
     * @param request the relay
     * @param configured which services there are
     * @return fails with {@link RefusedException}, whose refusal is a {@link Refusal.Simulation}
     */
    CompletionStage<@Nullable Void> admit(
            String keyId, ReceivedRequest request, Predicate<String> configured) {
        Instant now = clock.instant();
        Pinned pinned = identities.get(keyId);
        Refusal refusal = check(pinned, request, configured, now);
        if (refusal != null || pinned == null) {
            return refused(refusal);
        }
        byte[] signature = request.message().getMeta().getSignature().toByteArray();
        if (!verifier.verify(request.signableHash(), signature, pinned.ring).accepted()) {
            return refused(
                    rejected(
                            403,
                            INVALID + "invalid signature: invalid relay request signature",
                            "verify_failed"));
        }
        return guard.firstSight(signature, settings.freshness().multipliedBy(2))
                .handle(
                        (first, failure) -> {
                            if (failure != null) {
                                throw new RefusedException(
                                        rejected(
                                                503,
                                                "simulation: replay dedup store unavailable",
                                                "dedup_unavailable"));
                            }
                            if (!first) {
                                throw new RefusedException(
                                        rejected(
                                                409,
                                                "simulation: request already seen (replay)",
                                                "replay_rejected"));
                            }
                            if (!pinned.rate.tryTake()) {
                                throw new RefusedException(
                                        Refusal.simulation(
                                                429,
                                                "simulation rate limit reached",
                                                "rate_limited"));
                            }
                            return null;
                        });
    }

    private @Nullable Refusal check(
            @Nullable Pinned pinned,
            ReceivedRequest request,
            Predicate<String> configured,
            Instant now) {
        if (pinned == null) {
            return rejected(403, "simulation: unknown key_id", "verify_failed");
        }
        Identity identity = pinned.identity;
        if (!identity.enabled()) {
            return rejected(403, "simulation: identity disabled", "verify_failed");
        }
        Instant notAfter = identity.notAfter();
        if (notAfter != null && now.isAfter(notAfter)) {
            return rejected(403, "simulation: identity expired (not_after)", "verify_failed");
        }
        if (request.supplier().isEmpty()) {
            return rejected(
                    400, "simulation: supplier operator address required", "supplier_not_loaded");
        }
        if (keys.find(request.supplier()) == null) {
            return rejected(
                    403,
                    "simulation: supplier signing key not loaded on this relayer",
                    "supplier_not_loaded");
        }
        String problem = BasicValidation.problem(request.message());
        if (problem != null) {
            return rejected(403, INVALID + problem, "verify_failed");
        }
        SessionHeader header = request.header();
        if (!header.getApplicationAddress().equals(pinned.applicationAddress)) {
            return rejected(
                    403,
                    "simulation: request application address does not match pinned identity",
                    "identity_mismatch");
        }
        if (!configured.test(header.getServiceId())) {
            return rejected(
                    404, "simulation: service not configured on this relayer", "service_unknown");
        }
        if (!identity.services().isEmpty()
                && !identity.services().contains(header.getServiceId())) {
            return rejected(
                    403,
                    "simulation: service not allowed for this identity",
                    "service_not_allowed");
        }
        return checkFreshness(header.getSessionId(), now.getEpochSecond());
    }

    private @Nullable Refusal checkFreshness(String sessionId, long now) {
        String[] parts = sessionId.split(":", -1);
        long made;
        try {
            if (parts.length != 3 || !parts[0].equals(SESSION_SCHEME) || parts[2].isEmpty()) {
                return malformed();
            }
            made = Long.parseLong(parts[1]);
        } catch (NumberFormatException e) {
            return malformed();
        }
        long window = settings.freshness().toSeconds();
        return made > now - window && made < now + window
                ? null
                : rejected(
                        403,
                        "simulation: request timestamp outside freshness window",
                        "verify_failed");
    }

    private static Refusal malformed() {
        return rejected(400, "simulation: malformed synthetic session id", "verify_failed");
    }

    private static Refusal rejected(int status, String text, String result) {
        return Refusal.simulation(status, "simulation rejected: " + text, result);
    }

    private static CompletionStage<@Nullable Void> refused(@Nullable Refusal refusal) {
        return CompletableFuture.failedFuture(
                new RefusedException(
                        refusal == null
                                ? rejected(403, "simulation: unknown key_id", "verify_failed")
                                : refusal));
    }
}
