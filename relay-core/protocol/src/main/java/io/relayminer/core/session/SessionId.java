package io.relayminer.core.session;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;

/**
 * The id of a session: SHA3-256 over block hash, service, application and start height, joined by
 * dots. Which suppliers serve the session follows from the same bytes, so they are kept.
 */
public final class SessionId {

    private static final byte[] DOT = {'.'};

    private final byte[] preimage;
    private final String hex;

    private SessionId(byte[] preimage) {
        this.preimage = preimage;
        this.hex = HexFormat.of().formatHex(Sha.sha3(preimage));
    }

    /**
     * The id of a session.
     *
     * @param startBlockHash hash of the block that the session starts with, 32 bytes. Inside that
     *     very block the chain does not know the hash yet and uses no bytes at all; an id made that
     *     way is not the session's
     * @param serviceId service
     * @param applicationAddress bech32 address as the application is registered
     * @param startHeight first block of the session
     */
    public static SessionId of(
            byte[] startBlockHash, String serviceId, String applicationAddress, long startHeight) {
        byte[] service = serviceId.getBytes(UTF_8);
        byte[] application = applicationAddress.getBytes(UTF_8);
        ByteBuffer bytes =
                ByteBuffer.allocate(
                                startBlockHash.length
                                        + service.length
                                        + application.length
                                        + 3 * DOT.length
                                        + Long.BYTES)
                        .order(ByteOrder.LITTLE_ENDIAN);
        bytes.put(startBlockHash).put(DOT).put(service).put(DOT).put(application).put(DOT);
        bytes.putLong(startHeight);
        return new SessionId(bytes.array());
    }

    /** The id as it appears in headers, 64 lower-case hex characters. */
    public String hex() {
        return hex;
    }

    /** The bytes that the id is the hash of; a copy. */
    public byte[] preimage() {
        return preimage.clone();
    }

    /**
     * The rank of a supplier in this session: the first eight bytes of SHA3-256 over the id's
     * preimage, a dot and the operator address, read as a signed big-endian number. Lower ranks
     * serve first.
     */
    public long weight(String operatorAddress) {
        byte[] hash = Sha.sha3(preimage, DOT, operatorAddress.getBytes(UTF_8));
        return ByteBuffer.wrap(hash).getLong();
    }

    @Override
    public String toString() {
        return hex;
    }
}
