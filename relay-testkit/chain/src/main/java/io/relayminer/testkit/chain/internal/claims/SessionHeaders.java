package io.relayminer.testkit.chain.internal.claims;

import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.testkit.chain.internal.encoding.Bech32Text;
import io.relayminer.testkit.chain.internal.session.SessionDraw;

/** Stateless rules for session headers, with the chain's texts. */
final class SessionHeaders {
    private SessionHeaders() {}

    /** What is wrong with a header on its face, or an empty text. */
    static String problem(SessionHeader header) {
        try {
            Bech32Text.decodeAccount(header.getApplicationAddress());
        } catch (Bech32Text.AddressException e) {
            return "\""
                    + header.getApplicationAddress()
                    + "\"; ("
                    + e.text()
                    + "): invalid application address for session";
        }
        if (header.getSessionId().isEmpty()) {
            return "\"\": invalid sessionId";
        }
        String serviceProblem = SessionDraw.serviceIdProblem(header.getServiceId());
        if (!serviceProblem.isEmpty()) {
            return serviceProblem;
        }
        if (header.getSessionStartBlockHeight() <= 0) {
            return "sessions can only start at height 1 or greater: invalid block height for"
                    + " session";
        }
        if (header.getSessionEndBlockHeight() <= header.getSessionStartBlockHeight()) {
            return "session end block height cannot be less than or equal to session start block"
                    + " height: invalid block height for session";
        }
        return "";
    }

    /** The first field in which two headers differ, or an empty text. */
    static String mismatch(SessionHeader expected, SessionHeader actual) {
        if (!actual.getApplicationAddress().equals(expected.getApplicationAddress())) {
            return mismatch(
                    "application addresses",
                    quoted(expected.getApplicationAddress()),
                    quoted(actual.getApplicationAddress()));
        }
        if (!actual.getServiceId().equals(expected.getServiceId())) {
            return mismatch(
                    "service IDs", quoted(expected.getServiceId()), quoted(actual.getServiceId()));
        }
        if (actual.getSessionStartBlockHeight() != expected.getSessionStartBlockHeight()) {
            return mismatch(
                    "session start heights",
                    Long.toString(expected.getSessionStartBlockHeight()),
                    Long.toString(actual.getSessionStartBlockHeight()));
        }
        if (actual.getSessionEndBlockHeight() != expected.getSessionEndBlockHeight()) {
            return mismatch(
                    "session end heights",
                    Long.toString(expected.getSessionEndBlockHeight()),
                    Long.toString(actual.getSessionEndBlockHeight()));
        }
        if (!actual.getSessionId().equals(expected.getSessionId())) {
            return mismatch(
                    "session IDs", quoted(expected.getSessionId()), quoted(actual.getSessionId()));
        }
        return "";
    }

    private static String mismatch(String field, String expected, String actual) {
        return "session headers "
                + field
                + " mismatch; expect: "
                + expected
                + ", got: "
                + actual
                + ": "
                + ProofErrors.INVALID_RELAY;
    }

    private static String quoted(String text) {
        return "\"" + text + "\"";
    }
}
