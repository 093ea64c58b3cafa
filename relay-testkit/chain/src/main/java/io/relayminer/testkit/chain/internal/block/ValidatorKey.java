package io.relayminer.testkit.chain.internal.block;

import com.google.protobuf.ByteString;

import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.spec.EdECPrivateKeySpec;
import java.security.spec.NamedParameterSpec;

/** Signs blocks with the validator's Ed25519 consensus key. */
public final class ValidatorKey {
    private final PrivateKey key;

    /**
     * A key pair from its seed.
     *
     * @param seed 32 bytes
     */
    public ValidatorKey(ByteString seed) {
        try {
            key =
                    KeyFactory.getInstance("Ed25519")
                            .generatePrivate(
                                    new EdECPrivateKeySpec(
                                            NamedParameterSpec.ED25519, seed.toByteArray()));
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException(
                    "the validator's seed is no Ed25519 seed of 32 bytes", e);
        }
    }

    /** Signature of 64 bytes. */
    public ByteString sign(byte[] message) {
        try {
            Signature signature = Signature.getInstance("Ed25519");
            signature.initSign(key);
            signature.update(message);
            return ByteString.copyFrom(signature.sign());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("the platform cannot sign with Ed25519", e);
        }
    }
}
