package io.relayminer.core.wire;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.google.protobuf.ByteString;

import io.relayminer.core.wire.sdk.POKTHTTPRequest;
import io.relayminer.core.wire.sdk.POKTHTTPResponse;
import io.relayminer.core.wire.service.Relay;

import java.util.Arrays;

/** Nothing but a refusal comes out, whatever goes in, and what is accepted has one encoding. */
class WireFuzzTest {

    @FuzzTest
    void relayRequest(byte[] data) {
        ReceivedRequest request;
        try {
            request = ReceivedRequest.decode(data, WireLimits.RELAY);
        } catch (WireException refused) {
            return;
        }
        byte[] canonical = request.canonicalBytes();
        ReceivedRequest again = ReceivedRequest.decode(canonical, WireLimits.RELAY);
        if (!Arrays.equals(canonical, again.canonicalBytes())) {
            throw new AssertionError("the canonical form of a request is not stable");
        }
        if (!Arrays.equals(
                request.signableHash(), Sha256.of(RelayCodec.signableBytes(request.message())))) {
            throw new AssertionError("the signable hash is not that of the signable bytes");
        }
        try {
            BasicRules.check(request.message());
        } catch (InvalidMessageException expected) {
            // Most of what decodes is not valid.
        }
    }

    @FuzzTest
    void relayResponse(byte[] data) {
        try {
            ReceivedResponse response = ReceivedResponse.decode(data, WireLimits.RELAY);
            response.signableHash();
            BasicRules.check(response.message());
        } catch (WireException refused) {
            // The ordinary end.
        }
    }

    @FuzzTest
    void leaf(byte[] data) {
        Relay relay;
        try {
            relay = RelayCodec.decodeRelay(data, WireLimits.RELAY);
        } catch (WireException refused) {
            return;
        }
        byte[] leaf = RelayCodec.leafOf(relay).toByteArray();
        Relay again = RelayCodec.decodeRelay(leaf, WireLimits.RELAY);
        if (!Arrays.equals(leaf, RelayCodec.leafOf(again).toByteArray())) {
            throw new AssertionError("a leaf is not stable");
        }
    }

    @FuzzTest
    void poktHttpRequest(byte[] data) {
        POKTHTTPRequest request;
        try {
            request = HttpMessageCodec.decodeRequest(ByteString.copyFrom(data), WireLimits.HTTP);
        } catch (WireException refused) {
            return;
        }
        ByteString encoded = HttpMessageCodec.encode(request);
        if (!encoded.equals(
                HttpMessageCodec.encode(
                        HttpMessageCodec.decodeRequest(encoded, WireLimits.HTTP)))) {
            throw new AssertionError("an HTTP request has two encodings");
        }
    }

    @FuzzTest
    void poktHttpResponse(byte[] data) {
        POKTHTTPResponse response;
        try {
            response = HttpMessageCodec.decodeResponse(ByteString.copyFrom(data), WireLimits.HTTP);
        } catch (WireException refused) {
            return;
        }
        ByteString encoded = HttpMessageCodec.encode(response);
        if (!encoded.equals(
                HttpMessageCodec.encode(
                        HttpMessageCodec.decodeResponse(encoded, WireLimits.HTTP)))) {
            throw new AssertionError("an HTTP response has two encodings");
        }
    }
}
