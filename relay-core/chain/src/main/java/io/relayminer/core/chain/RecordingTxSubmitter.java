package io.relayminer.core.chain;

import com.google.protobuf.ByteString;

import io.relayminer.core.tx.SignedTx;
import io.relayminer.core.tx.TxContent;

import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/**
 * A submitter that sends nothing and remembers everything, for tests and trials of what submits.
 * Transactions are signed for real, so their bytes can be read. Thread-safe.
 */
public final class RecordingTxSubmitter implements TxSubmitter {

    private final String chainId;
    private final List<TxRequest> prepared = new ArrayList<>();
    private final List<SignedTx> broadcast = new ArrayList<>();
    private final Map<String, TxInclusion> included = new HashMap<>();
    private Function<TxRequest, Optional<TxFailure>> onPrepare = request -> Optional.empty();
    private Function<SignedTx, Optional<TxFailure>> onBroadcast = tx -> Optional.empty();
    private long count;

    public RecordingTxSubmitter(String chainId) {
        this.chainId = chainId;
    }

    /** Decides which requests fail to be prepared. */
    public synchronized void onPrepare(Function<TxRequest, Optional<TxFailure>> rule) {
        onPrepare = rule;
    }

    /** Decides which transactions are refused. */
    public synchronized void onBroadcast(Function<SignedTx, Optional<TxFailure>> rule) {
        onBroadcast = rule;
    }

    /** Lets {@link #find} find a transaction. */
    public synchronized void include(String txHash, TxInclusion inclusion) {
        included.put(txHash, inclusion);
    }

    /** Requests in the order they came, those that failed included. */
    public synchronized List<TxRequest> prepared() {
        return List.copyOf(prepared);
    }

    /** Transactions in the order they were accepted. */
    public synchronized List<SignedTx> broadcast() {
        return List.copyOf(broadcast);
    }

    @Override
    public synchronized CompletionStage<SignedTx> prepare(TxRequest request) {
        prepared.add(request);
        Optional<TxFailure> failure = onPrepare.apply(request);
        if (failure.isPresent()) {
            return CompletableFuture.failedStage(new TxException(failure.get()));
        }
        // Every transaction gets another expiry, and with it other bytes.
        Instant expiry = Instant.EPOCH.plusNanos(++count);
        TxContent content =
                new TxContent(
                        TxContent.typed(request.messages()),
                        "",
                        request.lastHeight(),
                        true,
                        Optional.of(expiry),
                        request.gasLimit().orElse(1),
                        List.of(),
                        ByteString.copyFrom(request.signer().publicKey()),
                        0,
                        chainId,
                        0);
        ByteString bytes = content.sign(request.signer());
        return CompletableFuture.completedStage(
                new SignedTx(
                        bytes,
                        TxContent.hash(bytes),
                        expiry,
                        content.lastHeight(),
                        content.gasLimit(),
                        BigInteger.ZERO));
    }

    @Override
    public synchronized CompletionStage<Void> broadcast(SignedTx tx) {
        Optional<TxFailure> failure = onBroadcast.apply(tx);
        if (failure.isPresent()) {
            return CompletableFuture.failedStage(new TxException(failure.get()));
        }
        broadcast.add(tx);
        return CompletableFuture.completedStage(null);
    }

    @Override
    public synchronized CompletionStage<Optional<TxInclusion>> find(String txHash) {
        return CompletableFuture.completedStage(Optional.ofNullable(included.get(txHash)));
    }

    @Override
    public void close() {}
}
