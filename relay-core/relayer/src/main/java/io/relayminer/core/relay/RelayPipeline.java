package io.relayminer.core.relay;

import io.relayminer.core.backend.Availability;
import io.relayminer.core.backend.BackendAnswer;
import io.relayminer.core.backend.BackendCall;
import io.relayminer.core.backend.BackendPools;
import io.relayminer.core.key.SupplierKey;
import io.relayminer.core.meter.MeterDecision;
import io.relayminer.core.meter.MeteredSession;
import io.relayminer.core.meter.RelayMeter;
import io.relayminer.core.session.Difficulty;
import io.relayminer.core.wire.HttpMessageCodec;
import io.relayminer.core.wire.ReceivedRequest;
import io.relayminer.core.wire.RelayCodec;
import io.relayminer.core.wire.WireException;
import io.relayminer.core.wire.WireLimits;
import io.relayminer.core.wire.sdk.Header;
import io.relayminer.core.wire.sdk.POKTHTTPRequest;
import io.relayminer.core.wire.service.RelayResponse;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.transport.Headers;
import io.relayminer.transport.InboundRelay;
import io.relayminer.transport.MinedRelay;
import io.relayminer.transport.RelayHandler;
import io.relayminer.transport.RelayReply;

import org.jspecify.annotations.Nullable;

import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.LongSupplier;

/**
 * The path of one relay: {@link #handle} is its table of contents.
 *
 * <table>
 * <caption>Steps and what they fail with</caption>
 * <tr><td>1 decode</td><td>400</td></tr>
 * <tr><td>2 admit: service, supplier, heights, a backend in service</td><td>4xx, 503</td></tr>
 * <tr><td>3 verify: ring signature, session, supplier of the session</td><td>403, 503</td></tr>
 * <tr><td>4 reserve the price with the meter</td><td>429, 503</td></tr>
 * <tr><td>5 forward to the backend</td><td>502, 503, the backend's 5xx</td></tr>
 * <tr><td>6 build the response and sign it, once</td><td>500</td></tr>
 * <tr><td>7 mine: compare the relay's hash with the session's target</td><td>—</td></tr>
 * <tr><td>8 record the mined relay</td><td>503 or unpaid, by policy</td></tr>
 * <tr><td>9 reply</td><td></td></tr>
 * </table>
 *
 * <p><b>Order.</b> A relay is authentic before it is metered, answered or mined. Under {@code
 * eager} validation it is authentic before the backend sees it; under {@code optimistic} the
 * backend works while the signature is verified, provided that the session and its supplier are
 * known, and the answer waits for both. What the meter reserved is returned unless the relay is
 * answered; a relay that is answered but not mined because its hash misses the target stays
 * charged, because it stands for its share of the estimated work.
 *
 * <p><b>Threads.</b> With everything in memory all steps but 5 and 8 run on the event loop that
 * received the relay, one after the other, without a hop. A step that misses something suspends the
 * relay on a stage and resumes it on {@code resume}, so that neither a Redis nor a chain client's
 * thread does curve arithmetic.
 *
 * <p>The pipeline knows no transport: it is given bytes and headers and gives back a {@link
 * RelayReply}.
 */
public final class RelayPipeline implements RelayHandler {

    private static final String MATCH_ANY = "*/*";
    private static final String JSON = "application/json";
    private static final int LONGEST_CONTENT_TYPE = 256;

    /**
     * What the pipeline works with.
     *
     * @param services configured services by id
     * @param keys signing keys
     * @param admission supplier gate, sessions and ring verification
     * @param meter the relay meter, or null to serve without limits
     * @param backends the backends
     * @param publisher how mined relays are recorded
     * @param mining which relays are not mined
     * @param simulation simulated relays, or null to treat them as ordinary ones
     * @param status the status pages of the relay port
     * @param metrics counters
     * @param height newest block height, 0 while unknown
     * @param resume runs relays that had to wait; may reject when overloaded
     * @param maxBodyBytes longest relay request of any service, bytes
     * @param limitAsRelayError whether a relay over its session's budget is answered with a signed
     *     relay error instead of status 429
     */
    public record Parts(
            Map<String, ServiceProfile> services,
            SupplierKeys keys,
            RelayAdmission admission,
            @Nullable RelayMeter meter,
            BackendPools backends,
            RelayPublisher publisher,
            MiningPolicy mining,
            @Nullable SimulatedRelays simulation,
            StatusPages status,
            RelayerMetrics metrics,
            LongSupplier height,
            Executor resume,
            int maxBodyBytes,
            boolean limitAsRelayError) {

        /** Copies the services. */
        public Parts {
            services = Map.copyOf(services);
        }
    }

    private final Parts parts;
    private final RelayerMetrics metrics;
    private final LateRelays late;
    private final WireLimits relayLimits;
    private final WireLimits httpLimits;

    /** Puts a pipeline together. */
    public RelayPipeline(Parts parts) {
        this.parts = parts;
        this.metrics = parts.metrics();
        this.late = new LateRelays(parts.metrics());
        this.relayLimits = WireLimits.RELAY.withMaxBytes(parts.maxBodyBytes());
        this.httpLimits = WireLimits.HTTP.withMaxBytes(parts.maxBodyBytes());
    }

    @Override
    public StatusPage status(String path) {
        return parts.status().relayPort(path);
    }

    @Override
    public CompletionStage<RelayReply> handle(InboundRelay inbound) {
        RelayInProgress relay = new RelayInProgress(inbound, parts.height().getAsLong());
        CompletionStage<RelayInProgress> served;
        try {
            decode(relay); // 1
            identify(relay);
            String simulated = relay.inbound.headers().first(SimulatedRelays.HEADER);
            SimulatedRelays simulation = parts.simulation();
            if (simulation != null && simulated != null && !simulated.isEmpty()) {
                return simulate(relay, simulation, simulated);
            }
            served =
                    admit(relay) // 2
                            .thenCompose(this::verifyMeterForward) // 3, 4, 5
                            .thenApply(this::respond) // 6
                            .thenCompose(this::mine); // 7, 8
        } catch (RefusedException refused) {
            served = CompletableFuture.failedFuture(refused);
        }
        return served.handle((done, failure) -> reply(relay, failure)); // 9
    }

    // ---- 1 decode
    // --------------------------------------------------------------------------------

    private void decode(RelayInProgress relay) {
        try {
            ReceivedRequest request = ReceivedRequest.decode(relay.inbound.body(), relayLimits);
            if (!request.message().getMeta().hasSessionHeader()
                    || request.header().getServiceId().isEmpty()) {
                throw refused(Refusal.of(Refusal.Kind.INVALID_RELAY_REQUEST));
            }
            relay.decoded(request, HttpMessageCodec.decodeRequest(request.payload(), httpLimits));
        } catch (WireException e) {
            throw refused(Refusal.of(Refusal.Kind.INVALID_RELAY_REQUEST));
        }
    }

    // ---- 2 admit
    // ---------------------------------------------------------------------------------

    private void identify(RelayInProgress relay) {
        SessionHeader header = relay.request().header();
        if (parts.keys().isEmpty()) {
            throw refused(Refusal.of(Refusal.Kind.NOT_CONFIGURED));
        }
        ServiceProfile service = parts.services().get(header.getServiceId());
        if (service == null) {
            throw refused(Refusal.of(Refusal.Kind.UNKNOWN_SERVICE, header.getServiceId()));
        }
        relay.service(service);
        relay.serviceId = service.id();
        relay.type =
                RpcType.of(relay.inbound.headers().first(RpcType.HEADER), service.defaultType());
    }

    private CompletionStage<RelayInProgress> admit(RelayInProgress relay) {
        relay.counted = true;
        metrics.received(relay.serviceId, relay.type);
        if (relay.supplier().isEmpty()) {
            throw refused(Refusal.of(Refusal.Kind.MISSING_SUPPLIER));
        }
        return resuming(parts.admission().gate(relay.supplier(), relay.serviceId, relay.type))
                .thenApply(admission -> admitted(relay, admission));
    }

    private RelayInProgress admitted(RelayInProgress relay, SupplierGate.Admission admission) {
        switch (admission) {
            case SupplierGate.Admission.Refused no -> throw refused(no.refusal());
            case SupplierGate.Admission.Optimistic unknown ->
                    metrics.servedOptimistically(relay.serviceId, relay.type);
            case SupplierGate.Admission.Registered registered -> {
                if (registered.undeclaredTransport()) {
                    metrics.undeclaredTransport(relay.serviceId, relay.type);
                }
            }
        }
        int length = relay.inbound.body().length;
        if (length > relay.service().maxBodyBytes()) {
            throw refused(Refusal.of(Refusal.Kind.BODY_TOO_LARGE));
        }
        metrics.requestBody(relay.serviceId, relay.type, length);
        SessionHeader header = relay.request().header();
        if (!SessionHeights.plausible(
                header.getSessionStartBlockHeight(),
                header.getSessionEndBlockHeight(),
                relay.arrivalHeight)) {
            throw refused(Refusal.of(Refusal.Kind.IMPLAUSIBLE_HEIGHTS));
        }
        Availability backend = parts.backends().availability(relay.serviceId, relay.type.label());
        if (backend != Availability.AVAILABLE) {
            throw noBackend(relay, backend == Availability.NO_POOL);
        }
        return relay;
    }

    private RefusedException noBackend(RelayInProgress relay, boolean notConfigured) {
        if (notConfigured) {
            metrics.backendMissing(relay.serviceId, relay.type);
        }
        metrics.fastFailed(relay.serviceId);
        return refused(Refusal.backendUnavailable(relay.serviceId));
    }

    // ---- 3, 4, 5 in the order of the service's validation mode ----------------------------------

    private CompletionStage<RelayInProgress> verifyMeterForward(RelayInProgress relay) {
        return switch (relay.service().mode()) {
            case EAGER -> verify(relay).thenCompose(this::reserve).thenCompose(this::forward);
            case OPTIMISTIC -> {
                if (!parts.admission().isPlausible(relay.request(), relay.arrivalHeight)) {
                    // Nobody gets to use the backends by naming a session that may not exist.
                    yield verify(relay).thenCompose(this::reserve).thenCompose(this::forward);
                }
                CompletionStage<RelayInProgress> answered = forward(relay);
                CompletionStage<RelayInProgress> authentic =
                        verify(relay).thenCompose(this::reserve);
                yield authentic
                        .whenComplete(
                                (done, failure) -> {
                                    if (failure != null) {
                                        relay.cancellation.cancel();
                                    }
                                })
                        .thenCompose(done -> answered);
            }
        };
    }

    // ---- 3 verify
    // --------------------------------------------------------------------------------

    private CompletionStage<RelayInProgress> verify(RelayInProgress relay) {
        long started = System.nanoTime();
        return parts.admission()
                .authenticate(relay.request(), relay.arrivalHeight, this::resuming)
                .handle(
                        (session, failure) -> {
                            metrics.validated(
                                    relay.serviceId, eager(relay), System.nanoTime() - started);
                            if (failure == null) {
                                relay.session(session);
                                late.judge(session, relay.supplier(), relay.arrivalHeight);
                                return relay;
                            }
                            Throwable cause = RelayFailures.root(failure);
                            if (cause instanceof RefusedException known
                                    && known.refusal().kind() == Refusal.Kind.VALIDATION_FAILED) {
                                metrics.validationFailed(relay.serviceId);
                            }
                            throw rethrown(cause);
                        });
    }

    // ---- 4 meter
    // ---------------------------------------------------------------------------------

    private CompletionStage<RelayInProgress> reserve(RelayInProgress relay) {
        RelayMeter meter = parts.meter();
        if (meter == null) {
            return CompletableFuture.completedFuture(relay);
        }
        long started = System.nanoTime();
        MeteredSession session = relay.session().metered(relay.supplier());
        return resuming(meter.reserve(session))
                .thenApply(
                        decision -> {
                            metrics.metered(
                                    relay.serviceId, eager(relay), System.nanoTime() - started);
                            switch (decision) {
                                case MeterDecision.Allowed yes -> relay.reserved(yes.reservation());
                                case MeterDecision.OverLimit no ->
                                        throw refused(Refusal.of(Refusal.Kind.STAKE_EXHAUSTED));
                                case MeterDecision.Unavailable no ->
                                        throw refused(
                                                Refusal.of(Refusal.Kind.METERING_UNAVAILABLE));
                            }
                            return relay;
                        });
    }

    // ---- 5 forward
    // -------------------------------------------------------------------------------

    private CompletionStage<RelayInProgress> forward(RelayInProgress relay) {
        relay.backendStartNanos = System.nanoTime();
        return parts.backends()
                .send(backendCall(relay))
                .thenApply(
                        answer -> {
                            relay.backendNanos = System.nanoTime() - relay.backendStartNanos;
                            relay.answered(answered(relay, answer));
                            return relay;
                        });
    }

    private static BackendCall backendCall(RelayInProgress relay) {
        POKTHTTPRequest http = relay.http();
        return new BackendCall(
                relay.serviceId,
                relay.type.label(),
                http.getMethod(),
                http.getUrl(),
                headers(http),
                http.getBodyBz().asReadOnlyByteBuffer(),
                relay.inbound.headers(),
                relay.supplier(),
                relay.request().header().getApplicationAddress(),
                relay.cancellation);
    }

    private BackendAnswer.Answered answered(RelayInProgress relay, BackendAnswer answer) {
        return switch (answer) {
            case BackendAnswer.Answered good when good.status() < 500 -> good;
            case BackendAnswer.Answered bad ->
                    throw refused(Refusal.backendServiceError(Math.min(bad.status(), 599)));
            case BackendAnswer.Streamed never -> throw new IllegalStateException("not asked for");
            case BackendAnswer.Unanswered none ->
                    throw refused(Refusal.backendFailed(none.outcome()));
            case BackendAnswer.InvalidRequest invalid ->
                    throw refused(Refusal.of(Refusal.Kind.INVALID_BACKEND_REQUEST));
            case BackendAnswer.NoPool missing -> throw noBackend(relay, true);
            case BackendAnswer.NoHealthyEndpoint down -> throw noBackend(relay, false);
        };
    }

    private static Headers headers(POKTHTTPRequest http) {
        if (http.getHeaderCount() == 0) {
            return Headers.empty();
        }
        Headers.Builder headers = Headers.builder();
        for (Map.Entry<String, Header> entry : http.getHeaderMap().entrySet()) {
            String name =
                    entry.getValue().getKey().isEmpty()
                            ? entry.getKey()
                            : entry.getValue().getKey();
            for (String value : entry.getValue().getValuesList()) {
                headers.add(name, value);
            }
        }
        return headers.build();
    }

    // ---- 6 respond
    // -------------------------------------------------------------------------------

    private RelayInProgress respond(RelayInProgress relay) {
        SupplierKey key = parts.keys().find(relay.supplier());
        if (key == null) {
            throw refused(
                    Refusal.of(Refusal.Kind.SIGNING_FAILED)); // unloaded since it was admitted
        }
        try {
            relay.signed(ResponseSigning.sign(relay.request().header(), relay.answer(), key));
        } catch (WireException | IllegalStateException e) {
            throw refused(Refusal.of(Refusal.Kind.SIGNING_FAILED));
        }
        return relay;
    }

    // ---- 7 mine, 8 record
    // ------------------------------------------------------------------------

    private CompletionStage<RelayInProgress> mine(RelayInProgress relay) {
        SessionContext session = relay.session();
        byte[] leaf = relay.request().leaf(relay.response());
        byte[] hash = RelayCodec.relayHash(leaf);
        if (!Difficulty.isMet(hash, session.difficultyTarget())) {
            metrics.skippedByDifficulty(relay.serviceId);
            return CompletableFuture.completedFuture(relay);
        }
        String reason = notMined(relay, leaf.length);
        if (reason != null) {
            metrics.notMined(relay.serviceId, reason);
            relay.refund();
            return CompletableFuture.completedFuture(relay);
        }
        SessionKey key = session.key();
        return parts.publisher()
                .publish(
                        new MinedRelay(
                                hash,
                                leaf,
                                session.computeUnitsPerRelay(),
                                key.sessionId(),
                                key.start(),
                                key.end(),
                                relay.supplier(),
                                key.serviceId(),
                                key.application(),
                                relay.arrivalHeight,
                                0))
                .thenApply(
                        receipt -> {
                            if (receipt == RelayPublisher.Receipt.UNPAID) {
                                relay.refund();
                            }
                            return relay;
                        });
    }

    private @Nullable String notMined(RelayInProgress relay, int leafBytes) {
        MiningPolicy policy = parts.mining();
        if (policy.maxRelayBytes() > 0 && leafBytes > policy.maxRelayBytes()) {
            return "too_large";
        }
        return policy.dropLate() && relay.arrivalHeight >= relay.session().lateFrom()
                ? "late"
                : null;
    }

    // ---- 9 reply
    // ---------------------------------------------------------------------------------

    private RelayReply reply(RelayInProgress relay, @Nullable Throwable failure) {
        if (failure == null) {
            return signedReply(relay);
        }
        relay.refund();
        Throwable cause = RelayFailures.root(failure);
        if (!(cause instanceof RefusedException known)) {
            if (cause instanceof RejectedExecutionException) {
                return refuse(relay, Refusal.of(Refusal.Kind.OVERLOADED));
            }
            throw rethrown(cause); // a defect: the transport answers 500 and counts it
        }
        return refuse(relay, known.refusal());
    }

    private RelayReply refuse(RelayInProgress relay, Refusal refusal) {
        if (!relay.counted) {
            metrics.received(relay.serviceId, relay.type);
        }
        if (refusal.rejected()) {
            metrics.rejected(relay.serviceId, relay.type, refusal.reason());
        }
        return refusal.kind() == Refusal.Kind.STAKE_EXHAUSTED && parts.limitAsRelayError()
                ? limitReached(relay, refusal)
                : refusal.reply();
    }

    /** Only authentic relays get here, so nobody can have arbitrary sessions signed. */
    private RelayReply limitReached(RelayInProgress relay, Refusal refusal) {
        SupplierKey key = parts.keys().find(relay.supplier());
        if (key == null) {
            return refusal.reply();
        }
        RelayResponse response =
                ResponseSigning.signLimitReached(
                        relay.request().header(), relay.http(), refusal.message(), key);
        return new RelayReply.Signed(JSON, Headers.empty(), response.toByteArray());
    }

    private RelayReply signedReply(RelayInProgress relay) {
        RelayResponse response = relay.response();
        byte[] body = response.toByteArray();
        metrics.served(relay.serviceId, relay.type, relay.answer().status());
        metrics.responseBody(relay.serviceId, relay.type, body.length);
        metrics.latency(
                relay.serviceId,
                relay.type,
                System.nanoTime() - relay.inbound.arrivalNanos(),
                Math.max(0, relay.backendStartNanos - relay.inbound.arrivalNanos()),
                relay.backendNanos);
        String accept = relay.inbound.headers().first("Accept");
        String contentType =
                accept == null || accept.equals(MATCH_ANY) || !isHeaderText(accept) ? JSON : accept;
        int retries = relay.answer().retries();
        Headers headers =
                retries > 0
                        ? Headers.of("Backend-Retries", Integer.toString(retries))
                        : Headers.empty();
        return new RelayReply.Signed(contentType, headers, body);
    }

    /** Whether a client's text can stand in a response header. */
    private static boolean isHeaderText(String text) {
        return !text.isEmpty()
                && text.length() <= LONGEST_CONTENT_TYPE
                && text.chars().allMatch(c -> c >= 0x20 && c < 0x7F);
    }

    // ---- simulated relays: to the backend and back, beside the meter and the log
    // ----------------------------------------------------------------------------------

    private CompletionStage<RelayReply> simulate(
            RelayInProgress relay, SimulatedRelays simulation, String keyId) {
        if (!simulation.enter()) {
            return CompletableFuture.completedFuture(
                    simulated(relay, SimulatedRelays.crowded(), "rate_limited"));
        }
        return resuming(
                        simulation.admit(
                                keyId, relay.request(), id -> parts.services().containsKey(id)))
                .thenCompose(admitted -> parts.backends().sendOnce(backendCall(relay)))
                .thenApply(
                        answer -> {
                            relay.answered(simulationAnswer(relay, answer));
                            return respond(relay);
                        })
                .thenCompose(
                        done ->
                                parts.meter() == null
                                        ? CompletableFuture.completedFuture(true)
                                        : parts.admission()
                                                .canPrice(relay.serviceId, relay.arrivalHeight))
                .handle(
                        (priced, failure) -> {
                            simulation.leave();
                            if (failure == null) {
                                count(relay, priced ? "success" : "meter_degraded");
                                return new RelayReply.Signed(
                                        JSON,
                                        Headers.empty(),
                                        relay.response().toByteArray(),
                                        false);
                            }
                            Throwable cause = RelayFailures.root(failure);
                            if (cause instanceof RefusedException known) {
                                return simulated(
                                        relay, known.refusal(), simulationResult(known.refusal()));
                            }
                            throw rethrown(cause);
                        });
    }

    private static BackendAnswer.Answered simulationAnswer(
            RelayInProgress relay, BackendAnswer answer) {
        return switch (answer) {
            case BackendAnswer.Answered good when good.status() < 500 -> good;
            case BackendAnswer.Answered bad ->
                    throw refused(Refusal.backendServiceError(Math.min(bad.status(), 599)));
            case BackendAnswer.Streamed never -> throw new IllegalStateException("not asked for");
            case BackendAnswer.Unanswered none ->
                    throw refused(Refusal.backendFailed(none.outcome()));
            case BackendAnswer.InvalidRequest invalid ->
                    throw refused(Refusal.of(Refusal.Kind.INVALID_BACKEND_REQUEST));
            case BackendAnswer.NoPool missing ->
                    throw refused(Refusal.backendUnavailable(relay.serviceId));
            case BackendAnswer.NoHealthyEndpoint down ->
                    throw refused(Refusal.backendUnavailable(relay.serviceId));
        };
    }

    private static String simulationResult(Refusal refusal) {
        return switch (refusal.kind()) {
            case SIMULATION -> refusal.reason();
            case SIGNING_FAILED -> "sign_failed";
            default -> "backend_error";
        };
    }

    private RelayReply simulated(RelayInProgress relay, Refusal refusal, String result) {
        count(relay, result);
        return refusal.reply();
    }

    private void count(RelayInProgress relay, String result) {
        metrics.simulated(
                relay.serviceId,
                relay.type,
                parts.keys().find(relay.supplier()) == null ? "unknown" : relay.supplier(),
                result,
                System.nanoTime() - relay.inbound.arrivalNanos());
    }

    // ---- stages
    // ----------------------------------------------------------------------------------

    /**
     * A stage that has completed goes on here and now; one that has not goes on at {@code resume}.
     */
    private <T> CompletionStage<T> resuming(CompletionStage<T> stage) {
        CompletableFuture<T> future = stage.toCompletableFuture();
        return future.isDone() ? future : future.thenApplyAsync(value -> value, parts.resume());
    }

    private static boolean eager(RelayInProgress relay) {
        return relay.service().mode() == ServiceProfile.ValidationMode.EAGER;
    }

    private static RefusedException refused(Refusal refusal) {
        return new RefusedException(refusal);
    }

    private static RuntimeException rethrown(Throwable cause) {
        if (cause instanceof Error error) {
            throw error;
        }
        return cause instanceof RuntimeException runtime
                ? runtime
                : new IllegalStateException(cause);
    }
}
