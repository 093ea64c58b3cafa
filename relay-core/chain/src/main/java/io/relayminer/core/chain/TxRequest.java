package io.relayminer.core.chain;

import com.google.protobuf.Message;

import io.relayminer.core.tx.TxSigner;

import java.util.List;
import java.util.OptionalLong;

/**
 * A transaction to be made.
 *
 * @param signer key of the account that all messages belong to and that pays
 * @param messages in order; at least one. All of one supplier: the chain wants one signature per
 *     supplier and gives a transaction one
 * @param lastHeight last height at which the messages make sense, for claims and proofs the close
 *     of their window. The transaction cannot execute after it
 * @param gasLimit gas to set without simulation; empty to use what is configured
 * @param gasFactor factor on the gas that would be set otherwise, at least 1: more than 1 after a
 *     transaction with these messages ran out of gas
 */
public record TxRequest(
        TxSigner signer,
        List<Message> messages,
        long lastHeight,
        OptionalLong gasLimit,
        double gasFactor) {

    public TxRequest {
        messages = List.copyOf(messages);
        if (messages.isEmpty()) {
            throw new IllegalArgumentException("a transaction needs a message");
        }
        if (!(gasFactor >= 1)) {
            throw new IllegalArgumentException("the gas factor is at least 1");
        }
    }

    /** A request whose gas is decided by the configuration. */
    public TxRequest(TxSigner signer, List<Message> messages, long lastHeight) {
        this(signer, messages, lastHeight, OptionalLong.empty(), 1);
    }

    /** A request for a transaction with that much gas. */
    public TxRequest(
            TxSigner signer, List<Message> messages, long lastHeight, OptionalLong gasLimit) {
        this(signer, messages, lastHeight, gasLimit, 1);
    }

    /** The same request with a factor on its gas. */
    public TxRequest withGasFactor(double factor) {
        return new TxRequest(signer, messages, lastHeight, gasLimit, factor);
    }
}
