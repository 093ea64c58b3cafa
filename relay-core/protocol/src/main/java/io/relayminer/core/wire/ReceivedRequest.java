package io.relayminer.core.wire;

import com.google.protobuf.ByteString;

import io.relayminer.core.wire.service.RelayRequest;
import io.relayminer.core.wire.service.RelayResponse;
import io.relayminer.core.wire.session.SessionHeader;

/**
 * A relay request that was decoded once and travels with its canonical bytes, so that verifying and
 * mining it do not encode it again. Immutable and thread-safe.
 */
public final class ReceivedRequest {

    private final RelayRequest message;
    private final byte[] canonical;

    private ReceivedRequest(RelayRequest message) {
        this.message = message;
        this.canonical = message.toByteArray();
    }

    /**
     * Decodes a request. The array must not change afterwards: the message keeps slices of it.
     *
     * @throws MalformedMessageException if the bytes are not a relay request
     * @throws MessageLimitException if a limit is exceeded
     */
    public static ReceivedRequest decode(byte[] bytes, WireLimits limits) {
        return new ReceivedRequest(RelayCodec.decodeRequest(bytes, limits));
    }

    /** A request that exists as a message already. */
    public static ReceivedRequest of(RelayRequest request) {
        return new ReceivedRequest(RelayCodec.canonical(request));
    }

    /** The request; its metadata is present. */
    public RelayRequest message() {
        return message;
    }

    /** The session header; the default instance if the request has none. */
    public SessionHeader header() {
        return message.getMeta().getSessionHeader();
    }

    /** The supplier that the request is addressed to; empty if it names none. */
    public String supplier() {
        return message.getMeta().getSupplierOperatorAddress();
    }

    /** What the gateway wants sent to the backend. */
    public ByteString payload() {
        return message.getPayload();
    }

    /** The canonical encoding. Shared, not copied: do not modify. */
    public byte[] canonicalBytes() {
        return canonical;
    }

    /** The 32 bytes that the ring signature is over; computed at each call. */
    public byte[] signableHash() {
        return RelayCodec.signableHash(message);
    }

    /** The leaf that this request and a response to it make. */
    public byte[] leaf(RelayResponse response) {
        return RelayCodec.leaf(canonical, response);
    }
}
