package io.relayminer.core.session;

import static java.nio.charset.StandardCharsets.UTF_8;

/** Which leaf of a session's tree has to be proved. */
public final class ProofPath {

    private ProofPath() {}

    /**
     * The path whose closest leaf is to be proved, 32 bytes: SHA-256 of the seed block's hash and
     * the session id.
     *
     * @param seedBlockHash hash of the block at {@link SessionWindows#seedHeight}, 32 bytes
     * @param sessionId id as in the header; its 64 characters are hashed, not the bytes they stand
     *     for
     */
    public static byte[] of(byte[] seedBlockHash, String sessionId) {
        return Sha.sha256(seedBlockHash, sessionId.getBytes(UTF_8));
    }
}
