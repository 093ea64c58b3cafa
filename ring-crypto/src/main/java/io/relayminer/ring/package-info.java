/**
 * Keys, addresses, ECDSA and ring signatures of the Pocket protocol.
 *
 * <p>Start at {@link io.relayminer.ring.PrivateKey} and {@link io.relayminer.ring.PublicKey}; a
 * relay's ring signature is made by {@link io.relayminer.ring.RingSigner} and checked by {@link
 * io.relayminer.ring.RingVerifier} against the {@link io.relayminer.ring.Ring} of its application.
 * What peers send is answered with values ({@link io.relayminer.ring.RingVerdict}); misuse and
 * malformed keys throw {@link io.relayminer.ring.RingException}.
 */
@NullMarked
package io.relayminer.ring;

import org.jspecify.annotations.NullMarked;
