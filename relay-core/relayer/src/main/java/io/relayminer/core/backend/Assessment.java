package io.relayminer.core.backend;

import io.relayminer.transport.BackendResult;
import io.relayminer.transport.Headers;

import org.jspecify.annotations.Nullable;

/**
 * What one attempt means: for the endpoint's breaker, for a retry, and for the relay.
 *
 * @param result the result assessed
 * @param verdict what it says about the endpoint
 * @param retryable whether another endpoint may do better
 * @param reason class of failure for the log, empty if none
 */
record Assessment(BackendResult result, Verdict verdict, boolean retryable, String reason) {

    private static final int TOO_MANY_REQUESTS = 429;

    /** What a result says about the endpoint. */
    enum Verdict {
        GOOD,
        BAD,
        /** It did not answer in time; counts on its own. */
        SLOW,
        NEUTRAL
    }

    /**
     * Assesses a result.
     *
     * @param safe whether the request may be made twice although the backend may have seen it
     */
    static Assessment of(BackendResult result, boolean safe) {
        return switch (result) {
            case BackendResult.Response r when r.status() >= 500 && r.status() < 600 ->
                    new Assessment(r, Verdict.BAD, true, "backend_5xx");
            case BackendResult.Response r ->
                    new Assessment(r, Verdict.GOOD, r.status() == TOO_MANY_REQUESTS, "");
            case BackendResult.Streamed s -> new Assessment(s, Verdict.GOOD, false, "");
            case BackendResult.Failure f ->
                    switch (f.kind()) {
                        case DNS -> new Assessment(f, Verdict.BAD, true, "dns_error");
                        case CONNECT, TLS, CONNECTION_LOST ->
                                new Assessment(f, Verdict.BAD, true, "transport_error");
                        case PROTOCOL -> new Assessment(f, Verdict.BAD, true, "backend_error");
                        case TOO_LARGE -> new Assessment(f, Verdict.NEUTRAL, true, "too_large");
                        case TIMEOUT -> new Assessment(f, Verdict.SLOW, safe, "timeout");
                        case CANCELLED, INVALID_REQUEST, NOT_OFFERED, CLOSED ->
                                new Assessment(f, Verdict.NEUTRAL, false, "");
                    };
        };
    }

    /**
     * Headers of an answer that asks to be left alone for a while, or {@code null} if this is none.
     */
    @Nullable Headers askingForPause() {
        return result instanceof BackendResult.Response r && r.status() == TOO_MANY_REQUESTS
                ? r.headers()
                : null;
    }

    BackendAnswer answer(long maxResponseBytes, int retries) {
        return switch (result) {
            case BackendResult.Response r -> {
                try {
                    yield ResponseDecoding.decode(r, maxResponseBytes, retries);
                } catch (ResponseDecoding.UndecodableException e) {
                    yield new BackendAnswer.Unanswered(
                            Outcome.BACKEND_NETWORK_ERROR, String.valueOf(e.getMessage()));
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
