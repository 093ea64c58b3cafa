package io.relayminer.core.relay;

import io.relayminer.core.wire.service.RelayRequest;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.ring.Address;
import io.relayminer.ring.MalformedAddressException;

import org.jspecify.annotations.Nullable;

/**
 * The checks of a relay request that need nothing but the request. Order and texts are those of the
 * chain's own stateless validation.
 */
final class BasicValidation {

    private static final int LONGEST_SERVICE_ID = 42;

    private BasicValidation() {}

    /** Why a request is not well-formed, or null if it is. */
    static @Nullable String problem(RelayRequest request) {
        if (!request.getMeta().hasSessionHeader()) {
            return "missing session header: invalid relay request";
        }
        String header = problem(request.getMeta().getSessionHeader());
        if (header != null) {
            return "invalid session header: " + header + ": invalid relay request";
        }
        if (request.getMeta().getSignature().isEmpty()) {
            return "missing application signature: invalid relay request";
        }
        if (request.getMeta().getSupplierOperatorAddress().isEmpty()) {
            return "relay metadata missing supplier operator address: invalid relay request";
        }
        return null;
    }

    private static @Nullable String problem(SessionHeader header) {
        String application = header.getApplicationAddress();
        String address = addressProblem(application);
        if (address != null) {
            return "\""
                    + application
                    + "\"; ("
                    + address
                    + "): invalid application address for session";
        }
        if (header.getSessionId().isEmpty()) {
            return "\"\": invalid sessionId";
        }
        String service = serviceProblem(header.getServiceId());
        if (service != null) {
            return service + ": invalid service ID";
        }
        if (header.getSessionStartBlockHeight() < 1) {
            return "sessions can only start at height 1 or greater: invalid block height for"
                    + " session";
        }
        if (header.getSessionEndBlockHeight() <= header.getSessionStartBlockHeight()) {
            return "session end block height cannot be less than or equal to session start block"
                    + " height: invalid block height for session";
        }
        return null;
    }

    private static @Nullable String addressProblem(String address) {
        if (address.isBlank()) {
            return "empty address string is not allowed";
        }
        if (Address.isWellFormed(address)) {
            return null;
        }
        try {
            Address.parse(address);
            return null;
        } catch (MalformedAddressException e) {
            return "decoding bech32 failed: " + e.getMessage();
        }
    }

    private static @Nullable String serviceProblem(String serviceId) {
        if (serviceId.isEmpty()) {
            return "empty service ID";
        }
        if (serviceId.length() > LONGEST_SERVICE_ID) {
            return "service ID is longer than " + LONGEST_SERVICE_ID + " characters";
        }
        for (int i = 0; i < serviceId.length(); i++) {
            char c = serviceId.charAt(i);
            boolean allowed =
                    (c >= 'a' && c <= 'z')
                            || (c >= 'A' && c <= 'Z')
                            || (c >= '0' && c <= '9')
                            || c == '_'
                            || c == '-';
            if (!allowed) {
                return "service ID '" + serviceId + "' contains invalid characters";
            }
        }
        return null;
    }
}
