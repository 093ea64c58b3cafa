package io.relayminer.core.relay;

import io.relayminer.core.backend.Outcome;
import io.relayminer.transport.RelayReply;

import java.util.Map;

/**
 * Why a relay was not served: one record per case, each with the status and text the gateway sees
 * and the {@code reason} label of {@code ha_relayer_relays_rejected_total}.
 *
 * <p>Texts are part of the contract with gateways, which classify errors by them. They name what
 * the client sent and never an internal address. Refusals are never signed and never mined.
 */
public sealed interface Refusal {

    /** HTTP status. */
    int status();

    /** Text for the client, without JSON quoting. */
    String message();

    /** Metric label; a fixed set of values. */
    String reason();

    /** What a transport is told. */
    default RelayReply.Refused reply() {
        return new RelayReply.Refused(status(), message());
    }

    /** Whether the refusal counts in {@code relays_rejected_total}. */
    default boolean rejected() {
        return true;
    }

    /** The client's body broke off. */
    record BodyUnreadable() implements Refusal {
        @Override
        public int status() {
            return 400;
        }

        @Override
        public String message() {
            return "failed to read request body";
        }

        @Override
        public String reason() {
            return "read_body_error";
        }
    }

    /** The body exceeds what any service of this relayer accepts. */
    record BodyTooLarge() implements Refusal {
        @Override
        public int status() {
            return 413;
        }

        @Override
        public String message() {
            return "request body too large";
        }

        @Override
        public String reason() {
            return "body_too_large";
        }
    }

    /** The body exceeds what this service accepts. */
    record BodyTooLargeForService() implements Refusal {
        @Override
        public int status() {
            return 413;
        }

        @Override
        public String message() {
            return "request body too large for service";
        }

        @Override
        public String reason() {
            return "body_too_large";
        }
    }

    /**
     * Not a relay request: empty, malformed, without service, or with a payload that is no HTTP
     * request.
     */
    record InvalidRelayRequest() implements Refusal {
        @Override
        public int status() {
            return 400;
        }

        @Override
        public String message() {
            return "invalid relay request: body must be a valid RelayRequest protobuf";
        }

        @Override
        public String reason() {
            return "invalid_relay_request";
        }
    }

    /** The request inside the relay has a URL or method that no backend could be sent. */
    record InvalidBackendRequest() implements Refusal {
        @Override
        public int status() {
            return 400;
        }

        @Override
        public String message() {
            return "invalid relay request: payload has an invalid URL or method";
        }

        @Override
        public String reason() {
            return "invalid_relay_request";
        }
    }

    /** No signing key is loaded. */
    record NotConfigured() implements Refusal {
        @Override
        public int status() {
            return 500;
        }

        @Override
        public String message() {
            return "relayer not properly configured";
        }

        @Override
        public String reason() {
            return "response_signer_not_configured";
        }
    }

    /** The service is not configured here. */
    record UnknownService(String serviceId) implements Refusal {
        @Override
        public int status() {
            return 404;
        }

        @Override
        public String message() {
            return "unknown service: " + serviceId;
        }

        @Override
        public String reason() {
            return "unknown_service";
        }
    }

    /** The relay names no supplier. */
    record MissingSupplier() implements Refusal {
        @Override
        public int status() {
            return 400;
        }

        @Override
        public String message() {
            return "missing supplier operator address in relay request";
        }

        @Override
        public String reason() {
            return "missing_supplier_address";
        }
    }

    /** No miner has published this supplier, and its key is not loaded here either. */
    record SupplierNotRegistered(String supplier) implements Refusal {
        @Override
        public int status() {
            return 503;
        }

        @Override
        public String message() {
            return "supplier " + supplier + " not registered with any miner";
        }

        @Override
        public String reason() {
            return "supplier_not_found";
        }
    }

    /** The supplier is known but not staked. */
    record SupplierInactive(String supplier, String state) implements Refusal {
        @Override
        public int status() {
            return 503;
        }

        @Override
        public String message() {
            return "supplier " + supplier + " is " + state;
        }

        @Override
        public String reason() {
            return "supplier_inactive";
        }
    }

    /** The supplier is staked for nothing any more. */
    record SupplierWithoutServices(String supplier) implements Refusal {
        @Override
        public int status() {
            return 503;
        }

        @Override
        public String message() {
            return "supplier " + supplier + " has no services registered";
        }

        @Override
        public String reason() {
            return "no_services";
        }
    }

    /** The supplier is staked, but not for this service. */
    record SupplierNotStakedForService(String supplier, String serviceId) implements Refusal {
        @Override
        public int status() {
            return 503;
        }

        @Override
        public String message() {
            return "supplier " + supplier + " not staked for service " + serviceId;
        }

        @Override
        public String reason() {
            return "wrong_service";
        }
    }

    /** Session heights that cannot be near the present. */
    record ImplausibleHeights() implements Refusal {
        @Override
        public int status() {
            return 400;
        }

        @Override
        public String message() {
            return "implausible session heights";
        }

        @Override
        public String reason() {
            return "implausible_session_heights";
        }
    }

    /** No endpoint of the wanted kind is configured or healthy; answered without a backend call. */
    record BackendUnavailable(String serviceId) implements Refusal {
        @Override
        public int status() {
            return 503;
        }

        @Override
        public String message() {
            return "service temporarily unavailable";
        }

        @Override
        public String reason() {
            return "backend_unhealthy";
        }

        @Override
        public RelayReply.Refused reply() {
            return new RelayReply.Refused(status(), message(), Map.of("service", serviceId));
        }

        /** Counted in {@code fast_fails_total} instead. */
        @Override
        public boolean rejected() {
            return false;
        }
    }

    /** The relay is not authentic or not of the session it claims. */
    record ValidationFailed(String cause) implements Refusal {
        @Override
        public int status() {
            return 403;
        }

        @Override
        public String message() {
            return "relay validation failed: " + cause;
        }

        @Override
        public String reason() {
            return "validation_failed";
        }
    }

    /**
     * What is needed to judge or price the relay cannot be read at the moment: nothing is guessed.
     */
    record SessionUnavailable() implements Refusal {
        @Override
        public int status() {
            return 503;
        }

        @Override
        public String message() {
            return "session data temporarily unavailable";
        }

        @Override
        public String reason() {
            return "session_unavailable";
        }
    }

    /** The meter cannot tell and is configured to refuse. */
    record MeteringUnavailable() implements Refusal {
        @Override
        public int status() {
            return 503;
        }

        @Override
        public String message() {
            return "relay metering unavailable";
        }

        @Override
        public String reason() {
            return "meter_error";
        }
    }

    /** The session's budget for this supplier is used up. */
    record StakeExhausted() implements Refusal {
        @Override
        public int status() {
            return 429;
        }

        @Override
        public String message() {
            return "session relay limit reached: claimable portion fully consumed";
        }

        @Override
        public String reason() {
            return "stake_exhausted";
        }
    }

    /** The backend gave no answer. */
    record BackendFailed(Outcome outcome) implements Refusal {
        @Override
        public int status() {
            return 502;
        }

        @Override
        public String message() {
            return "backend error";
        }

        @Override
        public String reason() {
            return outcome.label();
        }
    }

    /** The backend answered that it cannot: its own 5xx status goes to the gateway, unsigned. */
    record BackendServiceError(int status) implements Refusal {
        @Override
        public String message() {
            return "backend service error";
        }

        @Override
        public String reason() {
            return "backend_5xx";
        }
    }

    /**
     * A simulated relay was not served.
     *
     * @param result value of the metric label {@code result}
     */
    record Simulation(int status, String message, String result) implements Refusal {
        @Override
        public String reason() {
            return result;
        }

        /** Simulated relays have a counter of their own. */
        @Override
        public boolean rejected() {
            return false;
        }
    }

    /** The answer could not be signed. */
    record SigningFailed() implements Refusal {
        @Override
        public int status() {
            return 500;
        }

        @Override
        public String message() {
            return "failed to sign response";
        }

        @Override
        public String reason() {
            return "signing_error";
        }
    }

    /** The relay could not be recorded, so it would never be paid. */
    record LogUnavailable() implements Refusal {
        @Override
        public int status() {
            return 503;
        }

        @Override
        public String message() {
            return "relay log unavailable";
        }

        @Override
        public String reason() {
            return "relay_log_unavailable";
        }
    }

    /** The relayer is stopping or its publish queue is full. */
    record Overloaded() implements Refusal {
        @Override
        public int status() {
            return 503;
        }

        @Override
        public String message() {
            return "relayer overloaded";
        }

        @Override
        public String reason() {
            return "overloaded";
        }
    }
}
