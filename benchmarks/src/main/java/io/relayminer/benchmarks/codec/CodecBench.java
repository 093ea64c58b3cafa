package io.relayminer.benchmarks.codec;

import com.google.protobuf.ByteString;

import io.relayminer.core.wire.CanonicalForm;
import io.relayminer.core.wire.HttpMessageCodec;
import io.relayminer.core.wire.ReceivedRequest;
import io.relayminer.core.wire.RelayCodec;
import io.relayminer.core.wire.WireLimits;
import io.relayminer.core.wire.sdk.POKTHTTPRequest;
import io.relayminer.core.wire.service.Relay;
import io.relayminer.core.wire.service.RelayRequest;
import io.relayminer.core.wire.service.RelayResponse;
import io.relayminer.core.wire.session.SessionHeader;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * A JSON-RPC relay as most are: a request of some 600 bytes with a ring signature of two members, a
 * response with 1,000 bytes of body. The yardstick is SHA-256 of 1,000 bytes.
 */
@State(Scope.Thread)
public class CodecBench {

    private static final int BODY_BYTES = 1000;
    private static final int RING_SIGNATURE_BYTES = 199;

    private final byte[] requestBytes;
    private final RelayRequest request;
    private final RelayResponse response;
    private final ReceivedRequest received;
    private final byte[] leaf;
    private final ByteString httpRequest;
    private final Map<String, List<String>> headers =
            Map.of(
                    "Content-Type", List.of("application/json"),
                    "Date", List.of("Thu, 01 Jan 2026 00:00:00 GMT"),
                    "Vary", List.of("Origin"));
    private final ByteString body;
    private final byte[] block = new byte[BODY_BYTES];
    private final MessageDigest sha256;

    /** Builds a relay. */
    public CodecBench() {
        SplittableRandom random = new SplittableRandom(42);
        byte[] signature = new byte[RING_SIGNATURE_BYTES];
        random.nextBytes(signature);
        random.nextBytes(block);
        SessionHeader header =
                SessionHeader.newBuilder()
                        .setApplicationAddress("pokt1mrqt5f7qh8uxs27cjm9t7v9e74a9vvdnq5jva4")
                        .setServiceId("eth")
                        .setSessionId("0102030405060708".repeat(4))
                        .setSessionStartBlockHeight(883_661)
                        .setSessionEndBlockHeight(883_680)
                        .build();
        httpRequest =
                HttpMessageCodec.encode(
                        HttpMessageCodec.request(
                                "POST",
                                "/",
                                Map.of("Content-Type", List.of("application/json")),
                                ByteString.copyFromUtf8(
                                        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_getBalance\","
                                            + "\"params\":[\"0x0000000000000000000000000000000000000000\","
                                            + "\"latest\"]}")));
        RelayRequest.Builder builder = RelayRequest.newBuilder().setPayload(httpRequest);
        builder.getMetaBuilder()
                .setSessionHeader(header)
                .setSupplierOperatorAddress("pokt19a3t4yunp0dlpfjrp7qwnzwlrzd5fzs2gjaaaj")
                .setSignature(ByteString.copyFrom(signature));
        request = builder.build();
        requestBytes = request.toByteArray();
        received = ReceivedRequest.decode(requestBytes, WireLimits.RELAY);
        body = ByteString.copyFrom(block);
        ByteString payload = HttpMessageCodec.encode(HttpMessageCodec.response(200, headers, body));
        RelayResponse.Builder answer =
                RelayResponse.newBuilder()
                        .setPayload(payload)
                        .setPayloadHash(ByteString.copyFrom(RelayCodec.payloadHash(payload)));
        answer.getMetaBuilder()
                .setSessionHeader(header)
                .setSupplierOperatorSignature(ByteString.copyFrom(signature, 0, 64));
        response = answer.build();
        leaf = received.leaf(response);
        sha256 = sha256();
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** SHA-256 of 1,000 bytes by the JDK. */
    @Benchmark
    public byte[] yardstick_jdk_sha256() {
        return sha256.digest(block);
    }

    /** A request from its bytes, checked, with its canonical bytes. */
    @Benchmark
    public ReceivedRequest decode_request() {
        return ReceivedRequest.decode(requestBytes, WireLimits.RELAY);
    }

    /** What the ring signature of a request is over. */
    @Benchmark
    public byte[] signable_hash_request() {
        return RelayCodec.signableHash(request);
    }

    /** What the supplier signs of a response. */
    @Benchmark
    public byte[] signable_hash_response() {
        return RelayCodec.signableHash(response);
    }

    /** The HTTP request inside a relay. */
    @Benchmark
    public POKTHTTPRequest decode_http_request() {
        return HttpMessageCodec.decodeRequest(httpRequest, WireLimits.HTTP);
    }

    /** The HTTP response inside a relay, with its hash. */
    @Benchmark
    public byte[] encode_http_response() {
        return RelayCodec.payloadHash(
                HttpMessageCodec.encode(HttpMessageCodec.response(200, headers, body)));
    }

    /** The response as it is sent. */
    @Benchmark
    public byte[] encode_response() {
        return response.toByteArray();
    }

    /** The leaf of a relay and its hash. */
    @Benchmark
    public byte[] leaf_and_relay_hash() {
        return RelayCodec.relayHash(received.leaf(response));
    }

    /** A relay from a leaf. */
    @Benchmark
    public Relay decode_leaf() {
        return RelayCodec.decodeRelay(leaf, WireLimits.RELAY);
    }

    /**
     * A request brought into canonical form by the general way that every chain message can take.
     */
    @Benchmark
    public RelayRequest decode_request_generic() {
        return CanonicalForm.decode(
                requestBytes, RelayRequest.getDefaultInstance(), WireLimits.RELAY);
    }
}
