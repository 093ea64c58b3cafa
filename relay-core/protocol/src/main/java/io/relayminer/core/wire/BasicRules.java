package io.relayminer.core.wire;

import io.relayminer.core.wire.proof.MsgCreateClaim;
import io.relayminer.core.wire.proof.MsgSubmitProof;
import io.relayminer.core.wire.service.RelayRequest;
import io.relayminer.core.wire.service.RelayResponse;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.ring.Address;

/**
 * The stateless rules of messages: what the chain checks without looking at its state. A message
 * that breaks one is refused by every node, so it is refused here first. Pure and thread-safe.
 */
public final class BasicRules {

    private static final int MAX_SERVICE_ID = 42;
    private static final int ROOT_BYTES = 48;

    private BasicRules() {}

    /** Whether a text is a service id: 1 to 42 letters, digits, hyphens and underscores. */
    public static boolean isServiceId(String text) {
        if (text.isEmpty() || text.length() > MAX_SERVICE_ID) {
            return false;
        }
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean allowed =
                    (c >= 'a' && c <= 'z')
                            || (c >= 'A' && c <= 'Z')
                            || (c >= '0' && c <= '9')
                            || c == '_'
                            || c == '-';
            if (!allowed) {
                return false;
            }
        }
        return true;
    }

    /**
     * Checks a relay request.
     *
     * @throws InvalidMessageException naming the first rule that is broken
     */
    public static void check(RelayRequest request) {
        if (!request.getMeta().hasSessionHeader()) {
            throw new InvalidMessageException("relay request without session header");
        }
        check(request.getMeta().getSessionHeader());
        if (request.getMeta().getSignature().isEmpty()) {
            throw new InvalidMessageException("relay request without signature");
        }
        if (request.getMeta().getSupplierOperatorAddress().isEmpty()) {
            throw new InvalidMessageException("relay request without supplier operator address");
        }
    }

    /**
     * Checks a relay response.
     *
     * @throws InvalidMessageException naming the first rule that is broken
     */
    public static void check(RelayResponse response) {
        if (!response.getMeta().hasSessionHeader()) {
            throw new InvalidMessageException("relay response without session header");
        }
        check(response.getMeta().getSessionHeader());
        if (response.getMeta().getSupplierOperatorSignature().isEmpty()) {
            throw new InvalidMessageException("relay response without supplier signature");
        }
    }

    /**
     * Checks a session header.
     *
     * @throws InvalidMessageException naming the first rule that is broken
     */
    public static void check(SessionHeader header) {
        if (!Address.isWellFormed(header.getApplicationAddress())) {
            throw new InvalidMessageException("session header without valid application address");
        }
        if (header.getSessionId().isEmpty()) {
            throw new InvalidMessageException("session header without session id");
        }
        if (!isServiceId(header.getServiceId())) {
            throw new InvalidMessageException("session header without valid service id");
        }
        if (header.getSessionStartBlockHeight() <= 0) {
            throw new InvalidMessageException("session header starts before block 1");
        }
        if (header.getSessionEndBlockHeight() <= header.getSessionStartBlockHeight()) {
            throw new InvalidMessageException("session header does not end after its start");
        }
    }

    /**
     * Checks a claim message.
     *
     * @throws InvalidMessageException naming the first rule that is broken
     */
    public static void check(MsgCreateClaim claim) {
        if (!Address.isWellFormed(claim.getSupplierOperatorAddress())) {
            throw new InvalidMessageException("claim without valid supplier address");
        }
        checkHeader(claim.hasSessionHeader(), claim.getSessionHeader(), "claim");
        var root = claim.getRootHash();
        if (root.size() != ROOT_BYTES) {
            throw new InvalidMessageException(
                    "claim root of " + root.size() + " bytes instead of " + ROOT_BYTES);
        }
        var counters = root.substring(32).asReadOnlyByteBuffer();
        long sum = counters.getLong();
        long count = counters.getLong();
        if (count == 0) {
            throw new InvalidMessageException("claim root without relays");
        }
        if (sum == 0) {
            throw new InvalidMessageException("claim root without compute units");
        }
    }

    /**
     * Checks a proof message.
     *
     * @throws InvalidMessageException naming the first rule that is broken
     */
    public static void check(MsgSubmitProof proof) {
        if (!Address.isWellFormed(proof.getSupplierOperatorAddress())) {
            throw new InvalidMessageException("proof without valid supplier address");
        }
        checkHeader(proof.hasSessionHeader(), proof.getSessionHeader(), "proof");
        if (proof.getProof().isEmpty()) {
            throw new InvalidMessageException("proof message without proof");
        }
    }

    private static void checkHeader(boolean present, SessionHeader header, String what) {
        if (!present) {
            throw new InvalidMessageException(what + " without session header");
        }
        check(header);
    }
}
