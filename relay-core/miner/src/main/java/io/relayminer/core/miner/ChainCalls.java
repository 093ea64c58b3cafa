package io.relayminer.core.miner;

import io.relayminer.core.chain.ChainException;
import io.relayminer.core.chain.TxException;

import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Waits, on a virtual thread, for what the chain client answers later. */
final class ChainCalls {

    private final Duration limit;

    ChainCalls(Duration limit) {
        this.limit = limit;
    }

    /**
     * The answer of a stage.
     *
     * @throws ChainException or {@link TxException} as the client failed
     * @throws MinerException.Unavailable if it took too long or the thread was interrupted, which
     *     stays set
     */
    <T> T await(CompletionStage<T> stage) {
        try {
            return stage.toCompletableFuture().get(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | CompletionException e) {
            Throwable cause = e.getCause();
            while (cause instanceof CompletionException && cause.getCause() != null) {
                cause = cause.getCause();
            }
            switch (cause) {
                case ChainException chain -> throw chain;
                case TxException tx -> throw tx;
                case null, default ->
                        throw new MinerException.Unavailable("a question to the chain failed", e);
            }
        } catch (TimeoutException e) {
            throw new MinerException.Unavailable("the chain did not answer in time", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MinerException.Unavailable("interrupted while asking the chain", e);
        }
    }
}
