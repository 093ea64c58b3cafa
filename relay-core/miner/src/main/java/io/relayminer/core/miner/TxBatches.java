package io.relayminer.core.miner;

import com.google.protobuf.Message;

import io.relayminer.core.chain.ChainException;
import io.relayminer.core.chain.TxException;
import io.relayminer.core.chain.TxFailure;
import io.relayminer.core.chain.TxInclusion;
import io.relayminer.core.chain.TxRequest;
import io.relayminer.core.chain.TxSubmitter;
import io.relayminer.core.redis.RedisStateException;
import io.relayminer.core.tx.SignedTx;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Sends messages of one supplier in as few transactions as possible, without letting one message
 * spoil the others.
 *
 * <p>Messages in a transaction are atomic, so a batch is only transport: a message that the chain
 * refuses is taken out by the index the chain names, or found by halving, and the rest is sent.
 * What is about to be sent is handed to {@link Ledger} first, so that it can be stored before it
 * leaves.
 *
 * <p>Confined to the worker's thread.
 */
final class TxBatches {

    private static final Logger LOG = LoggerFactory.getLogger(TxBatches.class);

    /** Keeps a transaction well below the size nodes accept. */
    private static final int MAX_BYTES = 500_000;

    private static final int MAX_MESSAGES = 100;
    private static final int MAX_SIGN_AGAIN = 2;

    /** Is told what happens to messages, in this order: about to send, then one of the others. */
    interface Ledger {

        /**
         * The transaction is signed and about to be sent. Store it; the lease may be checked here.
         *
         * @throws MinerException.Fenced if the supplier is not ours any more
         */
        void aboutToSend(List<Candidate> batch, SignedTx tx);

        /** The nodes accepted it, or nobody knows (then {@code certain} is false). */
        void sent(List<Candidate> batch, SignedTx tx, boolean certain);

        /** The chain will never accept this message. */
        void refused(Candidate candidate, TxFailure failure);

        /** Not now; the message may be sent at a later block. */
        void postponed(List<Candidate> batch, String reason);
    }

    private final OwnedSupplier supplier;
    private final TxSubmitter submitter;
    private final ChainCalls calls;
    private final MinerMetrics metrics;

    TxBatches(
            OwnedSupplier supplier, TxSubmitter submitter, ChainCalls calls, MinerMetrics metrics) {
        this.supplier = supplier;
        this.submitter = submitter;
        this.calls = calls;
        this.metrics = metrics;
    }

    /**
     * Sends candidates whose messages make sense up to the same height.
     *
     * @param together whether they may share transactions
     */
    void send(List<Candidate> candidates, long lastHeight, boolean together, Ledger ledger) {
        List<Candidate> batch = new ArrayList<>();
        int bytes = 0;
        for (Candidate candidate : candidates) {
            int size = candidate.message().getSerializedSize();
            if (!batch.isEmpty()
                    && (!together || batch.size() >= MAX_MESSAGES || bytes + size > MAX_BYTES)) {
                sendOne(batch, lastHeight, ledger, 0);
                batch = new ArrayList<>();
                bytes = 0;
            }
            batch.add(candidate);
            bytes += size;
        }
        if (!batch.isEmpty()) {
            sendOne(batch, lastHeight, ledger, 0);
        }
    }

    private void sendOne(List<Candidate> batch, long lastHeight, Ledger ledger, int signedAgain) {
        long began = System.nanoTime();
        SignedTx tx;
        try {
            List<Message> messages = new ArrayList<>();
            for (Candidate candidate : batch) {
                messages.add(candidate.message());
            }
            tx =
                    calls.await(
                            submitter.prepare(
                                    new TxRequest(supplier.signer(), messages, lastHeight)));
        } catch (TxException e) {
            failed(batch, lastHeight, ledger, signedAgain, e.failure(), began);
            return;
        } catch (ChainException | MinerException.Unavailable e) {
            ledger.postponed(batch, String.valueOf(e.getMessage()));
            return;
        }
        try {
            ledger.aboutToSend(batch, tx);
        } catch (RedisStateException e) {
            // What is not stored is not sent.
            ledger.postponed(batch, String.valueOf(e.getMessage()));
            return;
        }
        if (!supplier.valid().getAsBoolean()) {
            throw new MinerException.Fenced(supplier.address());
        }
        try {
            calls.await(submitter.broadcast(tx));
            metrics.broadcast(supplier.address(), "success", since(began));
            ledger.sent(batch, tx, true);
        } catch (TxException e) {
            if (e.failure().kind().remedy() == TxFailure.Remedy.SAME_BYTES) {
                metrics.broadcast(supplier.address(), "unknown", since(began));
                ledger.sent(batch, tx, false);
            } else {
                failed(batch, lastHeight, ledger, signedAgain, e.failure(), began);
            }
        } catch (ChainException | MinerException.Unavailable e) {
            // It may have been accepted although the answer was lost.
            metrics.broadcast(supplier.address(), "unknown", since(began));
            ledger.sent(batch, tx, false);
        }
    }

    private void failed(
            List<Candidate> batch,
            long lastHeight,
            Ledger ledger,
            int signedAgain,
            TxFailure failure,
            long began) {
        String kind = failure.kind().name().toLowerCase(java.util.Locale.ROOT);
        metrics.broadcast(supplier.address(), kind, since(began));
        LOG.warn(
                "a transaction with {} messages of supplier {} was refused: {}",
                batch.size(),
                supplier.address(),
                failure);
        switch (failure.kind().remedy()) {
            case WITHOUT_MESSAGE -> without(batch, lastHeight, ledger, failure);
            case SIGN_AGAIN -> {
                if (signedAgain < MAX_SIGN_AGAIN) {
                    sendOne(batch, lastHeight, ledger, signedAgain + 1);
                } else {
                    ledger.postponed(batch, kind);
                }
            }
            case SAME_BYTES -> ledger.postponed(batch, kind);
            case LATER -> {
                OptionalInt index = failure.messageIndex();
                if (index.isPresent() && batch.size() > 1 && index.getAsInt() < batch.size()) {
                    // One message is too early for the chain; the others need not wait for it.
                    List<Candidate> rest = new ArrayList<>(batch);
                    ledger.postponed(List.of(rest.remove(index.getAsInt())), kind);
                    sendOne(rest, lastHeight, ledger, 0);
                } else {
                    ledger.postponed(batch, kind);
                }
            }
            case NONE -> {
                if (batch.size() > 1 && failure.messageIndex().isPresent()) {
                    without(batch, lastHeight, ledger, failure);
                } else {
                    for (Candidate candidate : batch) {
                        ledger.refused(candidate, failure);
                    }
                }
            }
        }
    }

    private void without(List<Candidate> batch, long lastHeight, Ledger ledger, TxFailure failure) {
        if (batch.size() == 1) {
            ledger.refused(batch.get(0), failure);
            return;
        }
        OptionalInt index = failure.messageIndex();
        if (index.isPresent() && index.getAsInt() < batch.size()) {
            List<Candidate> rest = new ArrayList<>(batch);
            ledger.refused(rest.remove(index.getAsInt()), failure);
            sendOne(rest, lastHeight, ledger, 0);
            return;
        }
        int half = batch.size() / 2;
        sendOne(batch.subList(0, half), lastHeight, ledger, 0);
        sendOne(batch.subList(half, batch.size()), lastHeight, ledger, 0);
    }

    /** What became of a transaction that is not known to be in a block. */
    sealed interface Fate {
        /** It is in a block; the failure says why its messages were not executed. */
        record Included(TxInclusion inclusion) implements Fate {}

        /** It waits in the mempool, or nobody can tell. */
        record Waiting() implements Fate {}

        /** It can never be included; sign another one. */
        record Gone(TxFailure failure) implements Fate {}
    }

    /**
     * Looks for a transaction and, if it is in no block, hands the same bytes to the nodes again.
     */
    Fate follow(PendingTx pending, long height) {
        if (pending.checkedAt >= height) {
            return new Fate.Waiting();
        }
        pending.checkedAt = height;
        try {
            Optional<TxInclusion> found = calls.await(submitter.find(pending.tx.hash()));
            if (found.isPresent()) {
                return new Fate.Included(found.get());
            }
            if (height <= pending.sentAt + 1) {
                // The block after the one it was sent at may not have been asked yet.
                return new Fate.Waiting();
            }
            if (!supplier.valid().getAsBoolean()) {
                throw new MinerException.Fenced(supplier.address());
            }
            calls.await(submitter.broadcast(pending.tx));
            return new Fate.Waiting();
        } catch (TxException e) {
            return switch (e.failure().kind().remedy()) {
                case SAME_BYTES -> new Fate.Waiting();
                default -> new Fate.Gone(e.failure());
            };
        } catch (ChainException | MinerException.Unavailable e) {
            LOG.debug("a transaction of {} could not be looked up", supplier.address(), e);
            return new Fate.Waiting();
        }
    }

    private static Duration since(long began) {
        return Duration.ofNanos(System.nanoTime() - began);
    }
}
