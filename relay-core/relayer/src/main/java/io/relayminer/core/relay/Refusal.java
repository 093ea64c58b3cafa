package io.relayminer.core.relay;

import io.relayminer.core.backend.Outcome;
import io.relayminer.transport.RelayReply;

import java.util.Locale;
import java.util.Map;

/**
 * Why a relay was not served. {@link Kind} is the table of all cases.
 *
 * <p>Texts are part of the contract with gateways, which classify errors by them. They name what
 * the client sent and never an internal address. Refusals are never signed and never mined.
 *
 * @param kind the case
 * @param status HTTP status that the gateway sees
 * @param reason value of a metric label, one of a fixed set
 * @param message text for the client, without JSON quoting
 * @param details further members of the answer
 */
record Refusal(Kind kind, int status, String reason, String message, Map<String, String> details) {

    /** All cases, with status, {@code reason} label of {@code relays_rejected_total} and text. */
    enum Kind {
        /** The body exceeds what this service accepts. */
        BODY_TOO_LARGE(413, "body_too_large", "request body too large for service"),
        /** Empty, malformed, without service, or with a payload that is no HTTP request. */
        INVALID_RELAY_REQUEST(
                400,
                "invalid_relay_request",
                "invalid relay request: body must be a valid RelayRequest protobuf"),
        /** The request inside the relay has a URL or method that no backend could be sent. */
        INVALID_BACKEND_REQUEST(
                400,
                "invalid_relay_request",
                "invalid relay request: payload has an invalid URL or method"),
        /** No signing key is loaded. */
        NOT_CONFIGURED(500, "response_signer_not_configured", "relayer not properly configured"),
        /** The service, which the text names, is not configured here. */
        UNKNOWN_SERVICE(404, "unknown_service", "unknown service: %s"),
        /** The relay names no supplier. */
        MISSING_SUPPLIER(
                400,
                "missing_supplier_address",
                "missing supplier operator address in relay request"),
        /** No miner has published this supplier, and its key is not loaded here either. */
        SUPPLIER_NOT_REGISTERED(
                503, "supplier_not_found", "supplier %s not registered with any miner"),
        /** The supplier is known but not staked; the text names it and its state. */
        SUPPLIER_INACTIVE(503, "supplier_inactive", "supplier %s is %s"),
        /** The supplier is staked for nothing any more. */
        SUPPLIER_WITHOUT_SERVICES(503, "no_services", "supplier %s has no services registered"),
        /** The supplier is staked, but not for this service. */
        SUPPLIER_NOT_STAKED_FOR_SERVICE(
                503, "wrong_service", "supplier %s not staked for service %s"),
        /** Session heights that cannot be near the present. */
        IMPLAUSIBLE_HEIGHTS(400, "implausible_session_heights", "implausible session heights"),
        /** No endpoint of the wanted kind is configured or healthy; no backend was called. */
        BACKEND_UNAVAILABLE(503, "backend_unhealthy", "service temporarily unavailable"),
        /** The relay is not authentic or not of the session it claims. */
        VALIDATION_FAILED(403, "validation_failed", "relay validation failed: %s"),
        /** What is needed to judge or price the relay cannot be read now: nothing is guessed. */
        SESSION_UNAVAILABLE(503, "session_unavailable", "session data temporarily unavailable"),
        /** The meter cannot tell and is configured to refuse. */
        METERING_UNAVAILABLE(503, "meter_error", "relay metering unavailable"),
        /** The session's budget for this supplier is used up. */
        STAKE_EXHAUSTED(
                429,
                "stake_exhausted",
                "session relay limit reached: claimable portion fully consumed"),
        /** The backend gave no answer; the reason is that of the outcome. */
        BACKEND_FAILED(502, "", "backend error"),
        /** The backend answered that it cannot: its own 5xx status goes out, unsigned. */
        BACKEND_SERVICE_ERROR(500, "backend_5xx", "backend service error"),
        /** A simulated relay was not served; status, reason and text are its own. */
        SIMULATION(400, "", "%s"),
        /** The answer could not be signed. */
        SIGNING_FAILED(500, "signing_error", "failed to sign response"),
        /** The relay could not be recorded, so it would never be paid. */
        LOG_UNAVAILABLE(503, "relay_log_unavailable", "relay log unavailable"),
        /** The relayer is stopping or its publish queue is full. */
        OVERLOADED(503, "overloaded", "relayer overloaded");

        private final int status;
        private final String reason;
        private final String text;

        Kind(int status, String reason, String text) {
            this.status = status;
            this.reason = reason;
            this.text = text;
        }
    }

    /** The case with its own status and reason; the arguments fill the text. */
    static Refusal of(Kind kind, Object... arguments) {
        String message =
                arguments.length == 0
                        ? kind.text
                        : String.format(Locale.ROOT, kind.text, arguments);
        return new Refusal(kind, kind.status, kind.reason, message, Map.of());
    }

    static Refusal backendUnavailable(String serviceId) {
        Kind kind = Kind.BACKEND_UNAVAILABLE;
        return new Refusal(kind, kind.status, kind.reason, kind.text, Map.of("service", serviceId));
    }

    static Refusal backendFailed(Outcome outcome) {
        Kind kind = Kind.BACKEND_FAILED;
        return new Refusal(kind, kind.status, outcome.label(), kind.text, Map.of());
    }

    static Refusal backendServiceError(int status) {
        Kind kind = Kind.BACKEND_SERVICE_ERROR;
        return new Refusal(kind, status, kind.reason, kind.text, Map.of());
    }

    /**
     * A simulated relay was not served.
     *
     * @param result value of the metric label {@code result}
     */
    static Refusal simulation(int status, String message, String result) {
        return new Refusal(Kind.SIMULATION, status, result, message, Map.of());
    }

    /** What a transport is told. */
    RelayReply.Refused reply() {
        return details.isEmpty()
                ? new RelayReply.Refused(status, message)
                : new RelayReply.Refused(status, message, details);
    }

    /**
     * Whether the refusal counts in {@code relays_rejected_total}: simulated relays and {@code
     * fast_fails_total} have counters of their own.
     */
    boolean rejected() {
        return kind != Kind.SIMULATION && kind != Kind.BACKEND_UNAVAILABLE;
    }
}
