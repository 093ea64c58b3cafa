package io.relayminer.core.wire;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;

import io.relayminer.core.wire.service.RelayResponse;

import java.io.IOException;

/**
 * A relay response together with the one thing that decoding loses: whether it carried a payload
 * hash at all. Whoever signed it left the payload out of what was signed if there was one, even an
 * empty one. Immutable and thread-safe.
 */
public final class ReceivedResponse {

    private static final int PAYLOAD_HASH_TAG =
            RelayResponse.PAYLOAD_HASH_FIELD_NUMBER << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED;

    private final RelayResponse message;
    private final boolean payloadHashPresent;

    private ReceivedResponse(RelayResponse message, boolean payloadHashPresent) {
        this.message = message;
        this.payloadHashPresent = payloadHashPresent;
    }

    /**
     * Decodes a response. The array must not change afterwards: the message keeps slices of it.
     *
     * @throws MalformedMessageException if the bytes are not a relay response
     * @throws MessageLimitException if a limit is exceeded
     */
    public static ReceivedResponse decode(byte[] bytes, WireLimits limits) {
        RelayResponse message = RelayCodec.decodeResponse(bytes, limits);
        return new ReceivedResponse(
                message, !message.getPayloadHash().isEmpty() || hasPayloadHash(bytes));
    }

    /** A response that exists as a message already. */
    public static ReceivedResponse of(RelayResponse response) {
        return of(response, !response.getPayloadHash().isEmpty());
    }

    static ReceivedResponse of(RelayResponse response, boolean payloadHashPresent) {
        return new ReceivedResponse(RelayCodec.canonical(response), payloadHashPresent);
    }

    /** The response; its metadata is present. */
    public RelayResponse message() {
        return message;
    }

    /** What {@link #signableHash} is the SHA-256 of. */
    public byte[] signableBytes() {
        return RelayCodec.signableBytes(message, payloadHashPresent);
    }

    /** The 32 bytes that the supplier's signature is over. */
    public byte[] signableHash() {
        return Sha256.of(signableBytes());
    }

    /** Looks for the field in bytes that are known to be well-formed. */
    private static boolean hasPayloadHash(byte[] bytes) {
        CodedInputStream input = CodedInputStream.newInstance(bytes);
        try {
            while (true) {
                int tag = input.readTag();
                if (tag == 0) {
                    return false;
                }
                if (tag == PAYLOAD_HASH_TAG) {
                    return true;
                }
                input.skipField(tag);
            }
        } catch (IOException e) {
            throw new IllegalStateException("bytes that were decoded cannot be read again", e);
        }
    }
}
