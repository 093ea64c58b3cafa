package io.relayminer.core.backend;

import io.relayminer.transport.BackendResult;
import io.relayminer.transport.Headers;

/**
 * What one attempt means: for the endpoint's breaker, for a retry, and for the relay.
 *
 * @param result the result assessed
 * @param verdict what it says about the endpoint
 * @param retryable whether another endpoint may do better
 * @param reason class of failure for the log, empty if none
 */
record Assessment(BackendResult result, Verdict verdict, boolean retryable, String reason) {

    /** What a result says about the endpoint. */
    enum Verdict {
        GOOD,
        BAD,
        NEUTRAL
    }

    static Assessment of(BackendResult result) {
        return switch (result) {
            case BackendResult.Response r when r.status() >= 500 && r.status() < 600 ->
                    new Assessment(r, Verdict.BAD, true, "backend_5xx");
            case BackendResult.Response r -> new Assessment(r, Verdict.GOOD, false, "");
            case BackendResult.Streamed s -> new Assessment(s, Verdict.GOOD, false, "");
            case BackendResult.Failure f ->
                    switch (f.kind()) {
                        case DNS -> new Assessment(f, Verdict.BAD, true, "dns_error");
                        case CONNECT, TLS, CONNECTION_LOST ->
                                new Assessment(f, Verdict.BAD, true, "transport_error");
                        case PROTOCOL -> new Assessment(f, Verdict.BAD, true, "backend_error");
                        case TOO_LARGE -> new Assessment(f, Verdict.NEUTRAL, true, "too_large");
                        case TIMEOUT, CANCELLED, INVALID_REQUEST, NOT_OFFERED, CLOSED ->
                                new Assessment(f, Verdict.NEUTRAL, false, "");
                    };
        };
    }

    BackendAnswer answer(long maxResponseBytes, int retries) {
        return switch (result) {
            case BackendResult.Response r -> {
                try {
                    yield ResponseDecoding.decode(r, maxResponseBytes, retries);
                } catch (ResponseDecoding.TooLargeException e) {
                    yield new BackendAnswer.Unanswered(
                            Outcome.BACKEND_NETWORK_ERROR,
                            "response decompresses to more than " + maxResponseBytes + " bytes");
                }
            }
            case BackendResult.Streamed s ->
                    new BackendAnswer.Streamed(
                            s.status(),
                            ResponseDecoding.headers(s.headers(), Headers.empty()),
                            s.body(),
                            retries);
            case BackendResult.Failure f ->
                    switch (f.kind()) {
                        case TIMEOUT ->
                                new BackendAnswer.Unanswered(Outcome.BACKEND_TIMEOUT, f.detail());
                        case CANCELLED ->
                                new BackendAnswer.Unanswered(
                                        Outcome.CLIENT_DISCONNECTED, f.detail());
                        case INVALID_REQUEST -> new BackendAnswer.InvalidRequest("invalid request");
                        case CONNECT,
                                DNS,
                                TLS,
                                TOO_LARGE,
                                CONNECTION_LOST,
                                PROTOCOL,
                                NOT_OFFERED,
                                CLOSED ->
                                new BackendAnswer.Unanswered(
                                        Outcome.BACKEND_NETWORK_ERROR,
                                        f.kind() + ": " + f.detail());
                    };
        };
    }
}
