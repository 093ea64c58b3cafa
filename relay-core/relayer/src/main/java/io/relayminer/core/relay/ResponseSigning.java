package io.relayminer.core.relay;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;

import io.relayminer.core.backend.BackendAnswer;
import io.relayminer.core.key.SupplierKey;
import io.relayminer.core.wire.HttpMessageCodec;
import io.relayminer.core.wire.RelayCodec;
import io.relayminer.core.wire.sdk.POKTHTTPRequest;
import io.relayminer.core.wire.sdk.POKTHTTPResponse;
import io.relayminer.core.wire.service.RelayMinerError;
import io.relayminer.core.wire.service.RelayResponse;
import io.relayminer.core.wire.service.RelayResponseMetadata;
import io.relayminer.core.wire.session.SessionHeader;

import java.io.IOException;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Turns a backend's answer into the one signed response that is both sent and mined.
 *
 * <p>The signature is over the response without its payload but with the payload's hash, so the
 * leaf, which leaves the payload out, carries the very signature the gateway checked.
 */
final class ResponseSigning {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String CODESPACE = "relayer_proxy";
    private static final int RATE_LIMITED = 7;
    private static final int SERVER_ERROR = -32_000;
    private static final int LONGEST_BODY_SEARCHED = 64 * 1024;

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
        return sign(header, http, RelayResponse.newBuilder(), key);
    }

    /**
     * Builds and signs the answer to a relay whose session's budget is used up, in the form in
     * which gateways that understand relayer errors expect it: a JSON-RPC error as payload, and the
     * error itself beside it.
     *
     * @param request the inner request, whose JSON-RPC id is repeated where there is one
     * @param text what to say
     */
    static RelayResponse signLimitReached(
            SessionHeader header, POKTHTTPRequest request, String text, SupplierKey key) {
        ObjectNode body = JSON.createObjectNode();
        body.put("jsonrpc", "2.0");
        body.set("id", idOf(request.getBodyBz()));
        body.putObject("error").put("code", SERVER_ERROR).put("message", text);
        SortedMap<String, List<String>> headers = new TreeMap<>();
        headers.put("Content-Type", List.of("application/json"));
        POKTHTTPResponse http =
                HttpMessageCodec.response(200, headers, ByteString.copyFromUtf8(body.toString()));
        RelayMinerError error =
                RelayMinerError.newBuilder()
                        .setCodespace(CODESPACE)
                        .setCode(RATE_LIMITED)
                        .setDescription(text)
                        .setMessage(text)
                        .build();
        return sign(header, http, RelayResponse.newBuilder().setRelayMinerError(error), key);
    }

    private static JsonNode idOf(ByteString body) {
        if (body.size() <= LONGEST_BODY_SEARCHED) {
            try {
                JsonNode id = JSON.readTree(body.toByteArray()).path("id");
                if (id.isTextual() || id.isIntegralNumber()) {
                    return id;
                }
            } catch (IOException e) {
                // Not JSON: an answer without id it is.
            }
        }
        return NullNode.getInstance();
    }

    private static RelayResponse sign(
            SessionHeader header,
            POKTHTTPResponse http,
            RelayResponse.Builder response,
            SupplierKey key) {
        ByteString payload = HttpMessageCodec.encode(http);
        RelayResponseMetadata.Builder meta =
                RelayResponseMetadata.newBuilder().setSessionHeader(header);
        response.setMeta(meta)
                .setPayload(payload)
                .setPayloadHash(RelayCodec.wrap(RelayCodec.payloadHash(payload)));
        byte[] signature = key.sign(RelayCodec.signableHash(response.build()));
        return response.setMeta(meta.setSupplierOperatorSignature(RelayCodec.wrap(signature)))
                .build();
    }
}
