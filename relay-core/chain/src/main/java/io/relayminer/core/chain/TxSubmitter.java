package io.relayminer.core.chain;

import io.relayminer.core.tx.SignedTx;

import java.util.Optional;
import java.util.concurrent.CompletionStage;

/**
 * Brings transactions onto the chain, in three steps that the caller drives, because it has to
 * remember between them what it did:
 *
 * <ol>
 *   <li>{@link #prepare} decides gas, fee and expiry and signs. Nothing has been sent. The caller
 *       stores the bytes.
 *   <li>{@link #broadcast} sends these bytes, as often as needed: sending the same bytes twice
 *       cannot execute them twice.
 *   <li>{@link #find} tells whether they were included, and how they ended.
 * </ol>
 *
 * <p>A broadcast that times out says nothing about acceptance: send the same bytes again, or look
 * for them, before signing others. Failures are {@link TxException} with a {@link TxFailure}.
 *
 * <p>Thread-safe.
 */
public interface TxSubmitter extends AutoCloseable {

    /**
     * Builds and signs a transaction. Fails with {@link TxException}; in particular a message that
     * the chain would refuse is found here, with its index in the request, if gas is simulated.
     */
    CompletionStage<SignedTx> prepare(TxRequest request);

    /**
     * Hands a transaction to the nodes. Completes when one of them has accepted it into its mempool
     * or knows it already. Acceptance is not execution: messages only run in a block.
     */
    CompletionStage<Void> broadcast(SignedTx tx);

    /** How a transaction ended in a block, if a node knows it to be in one. */
    CompletionStage<Optional<TxInclusion>> find(String txHash);

    @Override
    void close();
}
