package io.relayminer.core.wire;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.UnsafeByteOperations;

import io.relayminer.core.wire.ha.MinedRelayMessage;
import io.relayminer.core.wire.proof.Claim;
import io.relayminer.core.wire.service.Relay;
import io.relayminer.core.wire.service.RelayRequest;
import io.relayminer.core.wire.service.RelayRequestMetadata;
import io.relayminer.core.wire.service.RelayResponse;
import io.relayminer.core.wire.service.RelayResponseMetadata;

import java.io.IOException;
import java.security.MessageDigest;

/**
 * Bytes and hashes of relays.
 *
 * <p>What is signed and what is hashed is always the canonical encoding of a decoded message, never
 * the bytes that came over the wire: a gateway may send fields out of order, unknown fields or long
 * forms of integers, and the chain will see none of that when it checks the proof.
 *
 * <ul>
 *   <li>signable hash of a request: SHA-256 of the canonical request without its signature. The
 *       ring signature is over these 32 bytes.
 *   <li>signable hash of a response: SHA-256 of the canonical response without its signature, and
 *       without its payload if it has a payload hash. The supplier signs these 32 bytes as a
 *       message, which hashes them once more.
 *   <li>relay hash: SHA-256 of the leaf, the canonical relay without the response payload. It is
 *       the key of the relay in the session's tree and what difficulty is measured on.
 * </ul>
 *
 * <p>All methods are pure and thread-safe.
 */
public final class RelayCodec {

    private static final int META = 1;
    private static final int PAYLOAD = 2;

    private RelayCodec() {}

    /**
     * Decodes a request.
     *
     * @throws MalformedMessageException if the bytes are not a relay request
     * @throws MessageLimitException if a limit is exceeded
     */
    public static RelayRequest decodeRequest(byte[] bytes, WireLimits limits) {
        return canonical(CanonicalForm.parse(bytes, RelayRequest.getDefaultInstance(), limits));
    }

    /**
     * Decodes a response.
     *
     * @throws MalformedMessageException if the bytes are not a relay response
     * @throws MessageLimitException if a limit is exceeded
     */
    public static RelayResponse decodeResponse(byte[] bytes, WireLimits limits) {
        return canonical(CanonicalForm.parse(bytes, RelayResponse.getDefaultInstance(), limits));
    }

    /**
     * Decodes a relay, for example the value of a leaf.
     *
     * @throws MalformedMessageException if the bytes are not a relay
     * @throws MessageLimitException if a limit is exceeded
     */
    public static Relay decodeRelay(byte[] bytes, WireLimits limits) {
        return canonical(CanonicalForm.parse(bytes, Relay.getDefaultInstance(), limits));
    }

    /**
     * Decodes a mined relay as it travels from relayer to miner.
     *
     * @throws MalformedMessageException if the bytes are not such a message
     * @throws MessageLimitException if a limit is exceeded
     */
    public static MinedRelayMessage decodeMined(byte[] bytes, WireLimits limits) {
        return CanonicalForm.parse(bytes, MinedRelayMessage.getDefaultInstance(), limits);
    }

    /** The request with its metadata present, as it is always written. */
    public static RelayRequest canonical(RelayRequest request) {
        return request.hasMeta()
                ? request
                : request.toBuilder().setMeta(RelayRequestMetadata.getDefaultInstance()).build();
    }

    /** The response with its metadata present, as it is always written. */
    public static RelayResponse canonical(RelayResponse response) {
        return response.hasMeta()
                ? response
                : response.toBuilder().setMeta(RelayResponseMetadata.getDefaultInstance()).build();
    }

    /** The relay with the metadata of both sides present where the side is. */
    public static Relay canonical(Relay relay) {
        boolean request = relay.hasReq() && !relay.getReq().hasMeta();
        boolean response = relay.hasRes() && !relay.getRes().hasMeta();
        if (!request && !response) {
            return relay;
        }
        Relay.Builder builder = relay.toBuilder();
        if (request) {
            builder.setReq(canonical(relay.getReq()));
        }
        if (response) {
            builder.setRes(canonical(relay.getRes()));
        }
        return builder.build();
    }

    /** What {@link #signableHash(RelayRequest)} is the SHA-256 of. */
    public static byte[] signableBytes(RelayRequest request) {
        return canonical(request).toBuilder()
                .setMeta(request.getMeta().toBuilder().clearSignature())
                .build()
                .toByteArray();
    }

    /**
     * What {@link #signableHash(RelayResponse)} is the SHA-256 of. Without a payload hash, which
     * only responses from before its introduction lack, the payload itself is part of it.
     */
    public static byte[] signableBytes(RelayResponse response) {
        return signableBytes(response, !response.getPayloadHash().isEmpty());
    }

    static byte[] signableBytes(RelayResponse response, boolean payloadHashPresent) {
        RelayResponse.Builder signable =
                response.toBuilder()
                        .setMeta(response.getMeta().toBuilder().clearSupplierOperatorSignature());
        if (payloadHashPresent) {
            signable.clearPayload();
        }
        return signable.build().toByteArray();
    }

    /** The 32 bytes that the ring signature of a request is over. */
    public static byte[] signableHash(RelayRequest request) {
        RelayRequestMetadata meta =
                request.getMeta().getSignature().isEmpty()
                        ? request.getMeta()
                        : request.getMeta().toBuilder().clearSignature().build();
        int metaSize = meta.getSerializedSize();
        ByteString payload = request.getPayload();
        // The payload can be megabytes: it is fed to the digest where it lies, everything before it
        // is
        // small and written out.
        int headSize =
                CodedOutputStream.computeTagSize(META)
                        + CodedOutputStream.computeUInt32SizeNoTag(metaSize)
                        + metaSize
                        + (payload.isEmpty()
                                ? 0
                                : CodedOutputStream.computeTagSize(PAYLOAD)
                                        + CodedOutputStream.computeUInt32SizeNoTag(payload.size()));
        byte[] head = new byte[headSize];
        CodedOutputStream out = CodedOutputStream.newInstance(head);
        try {
            out.writeMessage(META, meta);
            if (!payload.isEmpty()) {
                out.writeTag(PAYLOAD, com.google.protobuf.WireFormat.WIRETYPE_LENGTH_DELIMITED);
                out.writeUInt32NoTag(payload.size());
            }
        } catch (IOException e) {
            throw new IllegalStateException("writing to memory failed", e);
        }
        out.checkNoSpaceLeft();
        MessageDigest digest = Sha256.newDigest();
        digest.update(head);
        update(digest, payload);
        return digest.digest();
    }

    /** The 32 bytes that a supplier signs. */
    public static byte[] signableHash(RelayResponse response) {
        return Sha256.of(signableBytes(response));
    }

    /**
     * The hash that a response carries of its payload.
     *
     * @throws InvalidMessageException if the payload is empty: there is nothing to answer for
     */
    public static byte[] payloadHash(ByteString payload) {
        if (payload.isEmpty()) {
            throw new InvalidMessageException("a response without payload has no payload hash");
        }
        MessageDigest digest = Sha256.newDigest();
        update(digest, payload);
        return digest.digest();
    }

    /**
     * The leaf of a relay: request with signature, response with its signature and payload hash but
     * without its payload.
     */
    public static byte[] leaf(RelayRequest request, RelayResponse response) {
        return leaf(canonical(request).toByteArray(), response);
    }

    /** As {@link #leaf(RelayRequest, RelayResponse)}, from the canonical bytes of the request. */
    public static byte[] leaf(byte[] canonicalRequest, RelayResponse response) {
        RelayResponse kept = canonical(response);
        if (!kept.getPayload().isEmpty()) {
            kept = kept.toBuilder().clearPayload().build();
        }
        int responseSize = kept.getSerializedSize();
        int size =
                2
                        + CodedOutputStream.computeUInt32SizeNoTag(canonicalRequest.length)
                        + canonicalRequest.length
                        + CodedOutputStream.computeUInt32SizeNoTag(responseSize)
                        + responseSize;
        byte[] leaf = new byte[size];
        CodedOutputStream out = CodedOutputStream.newInstance(leaf);
        try {
            out.writeByteArray(Relay.REQ_FIELD_NUMBER, canonicalRequest);
            out.writeMessage(Relay.RES_FIELD_NUMBER, kept);
        } catch (IOException e) {
            throw new IllegalStateException("writing to memory failed", e);
        }
        out.checkNoSpaceLeft();
        return leaf;
    }

    /** The relay with the payload of its response left out, as it is mined. */
    public static Relay leafOf(Relay relay) {
        Relay canonical = canonical(relay);
        return canonical.hasRes() && !canonical.getRes().getPayload().isEmpty()
                ? canonical.toBuilder()
                        .setRes(canonical.getRes().toBuilder().clearPayload())
                        .build()
                : canonical;
    }

    /** The hash of a leaf, 32 bytes. */
    public static byte[] relayHash(byte[] leaf) {
        return Sha256.of(leaf);
    }

    /**
     * The hash of a claim that its sampling starts from, 32 bytes. The validation status is part of
     * it.
     */
    public static byte[] claimHash(Claim claim) {
        return Sha256.of(claim.toByteArray());
    }

    /** Bytes as a byte string without copying them; the caller gives the array up. */
    public static ByteString wrap(byte[] bytes) {
        return UnsafeByteOperations.unsafeWrap(bytes);
    }

    private static void update(MessageDigest digest, ByteString bytes) {
        for (var part : bytes.asReadOnlyByteBufferList()) {
            digest.update(part);
        }
    }
}
