package io.relayminer.core.chain;

import java.util.OptionalInt;

/**
 * Why a transaction was refused.
 *
 * @param kind what it means for us
 * @param codespace module that refused; empty if no node said
 * @param code its error code; 0 if no node said
 * @param messageIndex the message at fault, counted from 0, if the refusal names one
 * @param text the chain's words, cut to a bounded length, without source positions
 */
public record TxFailure(
        Kind kind, String codespace, long code, OptionalInt messageIndex, String text) {

    /** What to do after a refusal. */
    public enum Remedy {
        /** Nothing helps: the message or the set-up is wrong. */
        NONE,
        /** Send the same bytes again, at once or a little later. */
        SAME_BYTES,
        /** Prepare and sign again, now: another expiry, more gas, a higher fee. */
        SIGN_AGAIN,
        /** Prepare again at a later block. */
        LATER,
        /** Prepare again without the message at fault, or split. */
        WITHOUT_MESSAGE
    }

    /** Kinds of refusals. */
    public enum Kind {
        /**
         * No node could be reached or none answered in time; the transaction may still be accepted.
         */
        UNAVAILABLE(Remedy.SAME_BYTES),
        /** The mempool is full. */
        MEMPOOL_FULL(Remedy.SAME_BYTES),
        /** The transaction is larger than nodes accept. */
        TOO_LARGE(Remedy.WITHOUT_MESSAGE),
        /** Another transaction of the account used the same expiry, which serves as the nonce. */
        NONCE_USED(Remedy.SIGN_AGAIN),
        /** The expiry lies before the chain's time. */
        EXPIRED(Remedy.SIGN_AGAIN),
        /** The expiry lies too far ahead of the chain's time. */
        EXPIRY_TOO_FAR(Remedy.SIGN_AGAIN),
        /** The last height has passed. */
        HEIGHT_PASSED(Remedy.NONE),
        /** The account cannot pay the fee. */
        INSUFFICIENT_FUNDS(Remedy.LATER),
        /** The node wants a higher gas price. */
        FEE_TOO_LOW(Remedy.SIGN_AGAIN),
        /** The gas limit was too low. */
        OUT_OF_GAS(Remedy.SIGN_AGAIN),
        /** The signature does not fit: wrong account number, sequence or chain id. */
        UNAUTHORIZED(Remedy.SIGN_AGAIN),
        /** The account does not exist or belongs to another key. */
        UNKNOWN_ACCOUNT(Remedy.NONE),
        /** The claim or proof window has not opened yet. */
        WINDOW_NOT_OPEN(Remedy.LATER),
        /** The claim or proof window has closed. */
        WINDOW_CLOSED(Remedy.NONE),
        /** The chain does not require this proof. */
        PROOF_NOT_REQUIRED(Remedy.WITHOUT_MESSAGE),
        /** The chain has no claim for this proof. */
        CLAIM_NOT_FOUND(Remedy.LATER),
        /** The account cannot pay the proof submission fee. */
        INSUFFICIENT_PROOF_FEE(Remedy.LATER),
        /** The chain refuses the content of a message. */
        MESSAGE_REFUSED(Remedy.WITHOUT_MESSAGE),
        /** A node failed inside. */
        NODE_FAILURE(Remedy.LATER),
        /** The transaction itself is malformed; a fault of this program. */
        MALFORMED(Remedy.NONE),
        /** Nothing known. */
        OTHER(Remedy.LATER);

        private final Remedy remedy;

        Kind(Remedy remedy) {
            this.remedy = remedy;
        }

        /** What to do after it. */
        public Remedy remedy() {
            return remedy;
        }
    }

    @Override
    public String toString() {
        return kind
                + (codespace.isEmpty() ? "" : " (" + codespace + "/" + code + ")")
                + (messageIndex.isPresent() ? " at message " + messageIndex.getAsInt() : "")
                + ": "
                + text;
    }
}
