package io.relayminer.core.backend;

import io.relayminer.transport.BackendResult;

import java.util.List;
import java.util.SortedMap;

/** What became of a {@link BackendCall}. */
public sealed interface BackendAnswer {

    /**
     * A backend answered. Whether a status of 500 or more is passed on is the pipeline's decision;
     * by the time it is seen here all retries are used up.
     *
     * @param status HTTP status code
     * @param headers response headers by canonical name ({@code Content-Type} style), sorted by
     *     name; values in order. {@code Transfer-Encoding} is never in it, {@code Content-Encoding}
     *     not if the body has been decompressed; trailers are merged in
     * @param body response body, decompressed if it came as gzip
     * @param retries number of attempts after the first
     */
    @SuppressWarnings("ArrayRecordComponent") // handed over; never compared
    record Answered(int status, SortedMap<String, List<String>> headers, byte[] body, int retries)
            implements BackendAnswer {

        /** {@link Outcome#SUCCESS} below 500, else {@link Outcome#BACKEND_5XX}. */
        public Outcome outcome() {
            return status < 500 ? Outcome.SUCCESS : Outcome.BACKEND_5XX;
        }
    }

    /**
     * A backend answers, and its body comes as it is produced; only where the call allowed it, and
     * never with a status of 500 or more.
     *
     * @param status HTTP status code
     * @param headers as of {@link Answered}, without trailers
     * @param body the body, as it comes from the backend
     * @param retries number of attempts after the first
     */
    record Streamed(
            int status,
            SortedMap<String, List<String>> headers,
            BackendResult.Body body,
            int retries)
            implements BackendAnswer {}

    /**
     * No backend answered.
     *
     * @param outcome why: timeout, client gone or network
     * @param detail for the operator's log, may name hosts; not for clients
     */
    record Unanswered(Outcome outcome, String detail) implements BackendAnswer {}

    /** The service has no pool for that backend type. */
    record NoPool() implements BackendAnswer {}

    /** Every endpoint of the pool is out of service; nothing was connected to. */
    record NoHealthyEndpoint() implements BackendAnswer {}

    /**
     * The inner request cannot be put on the wire; nothing was connected to and no endpoint is
     * blamed.
     *
     * @param reason for the client: names the part of the inner request, nothing of the backend
     */
    record InvalidRequest(String reason) implements BackendAnswer {}
}
