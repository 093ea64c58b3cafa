package io.relayminer.testkit.gateway;

import io.relayminer.core.wire.HttpMessageCodec;
import io.relayminer.core.wire.RelayCodec;
import io.relayminer.core.wire.WireException;
import io.relayminer.core.wire.WireLimits;
import io.relayminer.core.wire.service.RelayRequest;
import io.relayminer.core.wire.service.RelayResponse;
import io.relayminer.ring.PublicKey;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Checks answers as gateways do: only HTTP 200 counts; the body is a relay response with a session
 * header and a signature of the supplier over its hash; the payload is an HTTP response. On top of
 * that the session header must be that of the request and the payload must match its hash, which a
 * gateway takes on trust.
 */
public final class ResponseCheck {

    private ResponseCheck() {}

    /**
     * Checks one answer.
     *
     * @param supplier key of the supplier that the request names
     */
    public static RelayVerdict check(
            RelayRequest request, PublicKey supplier, int status, byte[] body) {
        if (status != 200) {
            return new RelayVerdict.Refused(status, new String(body, StandardCharsets.UTF_8));
        }
        try {
            RelayResponse response = RelayCodec.decodeResponse(body, WireLimits.RELAY);
            if (!response.getMeta().hasSessionHeader()) {
                return new RelayVerdict.Invalid("no session header");
            }
            if (!response.getMeta()
                    .getSessionHeader()
                    .equals(request.getMeta().getSessionHeader())) {
                return new RelayVerdict.Invalid("another session header than the request's");
            }
            byte[] signature = response.getMeta().getSupplierOperatorSignature().toByteArray();
            if (signature.length == 0) {
                return new RelayVerdict.Invalid("no supplier signature");
            }
            if (!supplier.verify(RelayCodec.signableHash(response), signature)) {
                return new RelayVerdict.Invalid("the supplier signature does not verify");
            }
            if (!Arrays.equals(
                    RelayCodec.payloadHash(response.getPayload()),
                    response.getPayloadHash().toByteArray())) {
                return new RelayVerdict.Invalid("the payload does not match its hash");
            }
            return new RelayVerdict.Accepted(
                    HttpMessageCodec.decodeResponse(response.getPayload(), WireLimits.HTTP));
        } catch (WireException e) {
            return new RelayVerdict.Invalid(String.valueOf(e.getMessage()));
        }
    }
}
