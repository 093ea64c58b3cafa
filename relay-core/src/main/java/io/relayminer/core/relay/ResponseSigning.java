package io.relayminer.core.relay;

import com.google.protobuf.ByteString;

import io.relayminer.core.backend.BackendAnswer;
import io.relayminer.core.key.SupplierKey;
import io.relayminer.core.wire.HttpMessageCodec;
import io.relayminer.core.wire.RelayCodec;
import io.relayminer.core.wire.sdk.POKTHTTPResponse;
import io.relayminer.core.wire.service.RelayResponse;
import io.relayminer.core.wire.service.RelayResponseMetadata;
import io.relayminer.core.wire.session.SessionHeader;

/**
 * Turns a backend's answer into the one signed response that is both sent and mined.
 *
 * <p>The signature is over the response without its payload but with the payload's hash, so the
 * leaf, which leaves the payload out, carries the very signature the gateway checked.
 */
final class ResponseSigning {

    private ResponseSigning() {}

    /**
     * Builds and signs a response.
     *
     * @param header the request's session header, repeated verbatim
     * @param answer what the backend said; its payload is never empty because the status is part of
     *     it
     * @param key the supplier's key
     */
    static RelayResponse sign(
            SessionHeader header, BackendAnswer.Answered answer, SupplierKey key) {
        POKTHTTPResponse http =
                HttpMessageCodec.response(
                        answer.status(), answer.headers(), RelayCodec.wrap(answer.body()));
        ByteString payload = HttpMessageCodec.encode(http);
        RelayResponseMetadata.Builder meta =
                RelayResponseMetadata.newBuilder().setSessionHeader(header);
        RelayResponse.Builder response =
                RelayResponse.newBuilder()
                        .setMeta(meta)
                        .setPayload(payload)
                        .setPayloadHash(RelayCodec.wrap(RelayCodec.payloadHash(payload)));
        byte[] signature = key.sign(RelayCodec.signableHash(response.build()));
        return response.setMeta(meta.setSupplierOperatorSignature(RelayCodec.wrap(signature)))
                .build();
    }
}
