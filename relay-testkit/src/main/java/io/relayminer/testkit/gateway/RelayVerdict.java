package io.relayminer.testkit.gateway;

import io.relayminer.core.wire.sdk.POKTHTTPResponse;

/** What a gateway makes of the answer to a relay. */
public sealed interface RelayVerdict {

    /**
     * A signed response that verifies.
     *
     * @param response the backend's answer
     */
    record Accepted(POKTHTTPResponse response) implements RelayVerdict {}

    /**
     * An answer that is not HTTP 200.
     *
     * @param status its status
     * @param body its text
     */
    record Refused(int status, String body) implements RelayVerdict {}

    /**
     * An HTTP 200 that a gateway must not accept; it would stop using the supplier.
     *
     * @param reason what is wrong with it
     */
    record Invalid(String reason) implements RelayVerdict {}

    /**
     * No answer. Whether the relay was served is unknown.
     *
     * @param cause what happened to the connection
     */
    record Unanswered(String cause) implements RelayVerdict {}
}
