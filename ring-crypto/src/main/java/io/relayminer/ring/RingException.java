package io.relayminer.ring;

/**
 * Root of the exceptions of this module. Each says what was wrong and where; none ever contains key
 * material, a scalar, or any other part of a secret.
 *
 * <p>Verification does not throw for what a peer sent: it returns a {@link RingVerdict} or a
 * boolean.
 */
public abstract sealed class RingException extends RuntimeException
        permits MalformedKeyException,
                MalformedSignatureException,
                MalformedAddressException,
                RingSigningException {
    private static final long serialVersionUID = 1L;

    RingException(String message) {
        super(message);
    }
}
