package io.relayminer.core.miner;

import com.google.protobuf.Message;

import io.relayminer.core.chain.ChainException;
import io.relayminer.core.chain.TxException;
import io.relayminer.core.chain.TxFailure;
import io.relayminer.core.chain.TxInclusion;
import io.relayminer.core.chain.TxRequest;
import io.relayminer.core.chain.TxSubmitter;
import io.relayminer.core.miner.store.FencedException;
import io.relayminer.core.miner.store.MinerStoreException;
import io.relayminer.core.tx.SignedTx;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Sends messages of one supplier in as few transactions as possible, without letting one message
 * spoil the others.
 *
 * <p>Messages in a transaction are atomic, so a batch is only transport. A message that the chain
 * names as the one at fault goes alone from then on; a batch that failed without such a name, for
 * whatever reason, is halved, in the same block if it never left and otherwise as soon as a block
 * shows that it failed. So of a batch with one bad message all others are on the chain after as
 * many steps as halving takes, and what is learnt is remembered ({@link Submission#companions}).
 *
 * <p>What is about to be sent is handed to {@link Recorder} first, so that it can be stored before
 * it leaves.
 *
 * <p>Confined to the worker's thread.
 */
final class TxBatches {

    private static final Logger LOG = LoggerFactory.getLogger(TxBatches.class);

    /** Keeps a transaction well below the size nodes accept. */
    private static final int MAX_BYTES = 500_000;

    private static final int MAX_MESSAGES = 100;
    private static final int MAX_SIGN_AGAIN = 2;
    private static final double MORE_GAS = 1.6;
    private static final double MOST_GAS = 16;

    /** Blocks after its execution in which nodes may not show the effect of a transaction. */
    static final long VISIBLE_AFTER = 2;

    /** Is told what happens to messages, in this order: about to send, then one of the others. */
    interface Recorder {

        /**
         * The transaction is signed and about to be sent. Store it; the lease may be checked here.
         *
         * @throws FencedException if the supplier is not ours any more
         */
        void aboutToSend(List<Candidate> batch, SignedTx tx);

        /** The nodes accepted it, or nobody knows (then {@code certain} is false). */
        void sent(List<Candidate> batch, SignedTx tx, boolean certain);

        /** The chain refused this message alone; it may accept it at a later block. */
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
    void send(List<Candidate> candidates, long lastHeight, boolean together, Recorder recorder) {
        Round round = new Round(lastHeight, recorder);
        List<Candidate> batch = new ArrayList<>();
        int bytes = 0;
        int room = MAX_MESSAGES;
        // What has failed before comes last, so that it holds up nothing that has not.
        List<Candidate> inOrder = new ArrayList<>(candidates);
        inOrder.sort(
                Comparator.comparingInt((Candidate c) -> c.submission().companions).reversed());
        for (Candidate candidate : inOrder) {
            int size = candidate.message().getSerializedSize();
            int companions = together ? candidate.submission().companions : 1;
            if (!batch.isEmpty()
                    && (batch.size() >= Math.min(room, companions) || bytes + size > MAX_BYTES)) {
                round.send(batch);
                batch = new ArrayList<>();
                bytes = 0;
                room = MAX_MESSAGES;
            }
            batch.add(candidate);
            bytes += size;
            room = Math.min(room, companions);
        }
        if (!batch.isEmpty()) {
            round.send(batch);
        }
    }

    /** One attempt at one block. */
    private final class Round {

        private final long lastHeight;
        private final Recorder recorder;

        /** Why not even one message could be sent alone, if that concerns the account. */
        private Optional<TxFailure> hopeless = Optional.empty();

        Round(long lastHeight, Recorder recorder) {
            this.lastHeight = lastHeight;
            this.recorder = recorder;
        }

        void send(List<Candidate> batch) {
            if (hopeless.isPresent()) {
                recorder.postponed(batch, hopeless.get().toString());
                return;
            }
            for (int signed = 0; ; signed++) {
                Optional<TxFailure> failure = attempt(batch);
                if (failure.isEmpty()) {
                    return;
                }
                TxFailure.Kind kind = failure.get().kind();
                LOG.warn(
                        "a transaction with {} messages of supplier {} was refused: {}",
                        batch.size(),
                        supplier.address(),
                        failure.get());
                if (kind == TxFailure.Kind.OUT_OF_GAS) {
                    moreGas(batch.stream().map(Candidate::submission).toList());
                }
                if (kind.remedy() == TxFailure.Remedy.SAME_BYTES) {
                    // No node has room or answers; that has nothing to do with the messages.
                    recorder.postponed(batch, name(kind));
                    return;
                }
                if (kind.remedy() != TxFailure.Remedy.SIGN_AGAIN || signed == MAX_SIGN_AGAIN) {
                    split(batch, failure.get());
                    return;
                }
            }
        }

        /** Sends the sound part of a batch that was refused before it left. */
        private void split(List<Candidate> batch, TxFailure failure) {
            if (batch.size() == 1) {
                if (concernsAccount(failure.kind())) {
                    hopeless = Optional.of(failure);
                }
                recorder.refused(batch.get(0), failure);
                return;
            }
            separate(batch.stream().map(Candidate::submission).toList(), failure);
            OptionalInt index = failure.messageIndex();
            if (index.isPresent() && index.getAsInt() < batch.size()) {
                List<Candidate> rest = new ArrayList<>(batch);
                recorder.refused(rest.remove(index.getAsInt()), failure);
                send(rest);
                return;
            }
            int half = batch.size() / 2;
            send(batch.subList(0, half));
            send(batch.subList(half, batch.size()));
        }

        /** One attempt; the failure if the nodes certainly do not have it. */
        private Optional<TxFailure> attempt(List<Candidate> batch) {
            long began = System.nanoTime();
            SignedTx tx;
            try {
                List<Message> messages = new ArrayList<>();
                double gasFactor = 1;
                for (Candidate candidate : batch) {
                    messages.add(candidate.message());
                    gasFactor = Math.max(gasFactor, candidate.submission().gasFactor);
                }
                tx =
                        calls.await(
                                submitter.prepare(
                                        new TxRequest(supplier.signer(), messages, lastHeight)
                                                .withGasFactor(gasFactor)));
            } catch (TxException e) {
                metrics.broadcast(supplier.address(), name(e.failure().kind()), since(began));
                return Optional.of(e.failure());
            } catch (ChainException | MinerException.Unavailable e) {
                recorder.postponed(batch, String.valueOf(e.getMessage()));
                return Optional.empty();
            }
            try {
                recorder.aboutToSend(batch, tx);
            } catch (MinerStoreException e) {
                // What is not stored is not sent.
                recorder.postponed(batch, String.valueOf(e.getMessage()));
                return Optional.empty();
            }
            requireLease();
            boolean certain = false;
            try {
                calls.await(submitter.broadcast(tx));
                certain = true;
            } catch (TxException e) {
                if (e.failure().kind().remedy() != TxFailure.Remedy.SAME_BYTES) {
                    metrics.broadcast(supplier.address(), name(e.failure().kind()), since(began));
                    return Optional.of(e.failure());
                }
            } catch (ChainException | MinerException.Unavailable e) {
                // It may have been accepted although the answer was lost.
                LOG.debug("whether {} was accepted is not known", tx.hash(), e);
            }
            metrics.broadcast(supplier.address(), certain ? "success" : "unknown", since(began));
            recorder.sent(batch, tx, certain);
            return Optional.empty();
        }
    }

    /** Whether a refusal would meet any other transaction of the account as well. */
    private static boolean concernsAccount(TxFailure.Kind kind) {
        return switch (kind) {
            case UNKNOWN_ACCOUNT, UNAUTHORIZED, FEE_TOO_LOW, NONCE_USED, EXPIRED, EXPIRY_TOO_FAR ->
                    true;
            default -> false;
        };
    }

    /** Remembers which messages of a failed transaction may not travel together any more. */
    private static void separate(List<Submission> messages, TxFailure failure) {
        OptionalInt index = failure.messageIndex();
        if (index.isPresent() && index.getAsInt() < messages.size()) {
            messages.get(index.getAsInt()).companions = 1;
            return;
        }
        for (Submission message : messages) {
            message.companions =
                    Math.max(1, Math.min(message.companions, (messages.size() + 1) / 2));
        }
    }

    private static void moreGas(List<Submission> messages) {
        for (Submission message : messages) {
            message.gasFactor = Math.min(MOST_GAS, message.gasFactor * MORE_GAS);
        }
    }

    /** What became of a transaction that is not known to be in a block. */
    sealed interface Fate {
        /** It is in a block; the failure says why its messages were not executed. */
        record Included(TxInclusion inclusion) implements Fate {}

        /** It waits in the mempool, or nobody can tell. */
        record Waiting() implements Fate {}

        /** It can never be included, or was without success; sign another one. */
        record Gone() implements Fate {}
    }

    /**
     * Looks for a transaction and, if it is in no block, hands the same bytes to the nodes again;
     * once at a height, with the same answer for all of its messages.
     */
    Fate follow(Broadcast broadcast, long height) {
        if (broadcast.lookedAt < height) {
            broadcast.lookedAt = height;
            broadcast.fate = look(broadcast, height);
            if (broadcast.fate instanceof Fate.Included(var inclusion)) {
                inclusion.failure().ifPresent(failure -> learn(broadcast, failure, inclusion));
            }
        }
        return broadcast.fate;
    }

    private void learn(Broadcast broadcast, TxFailure failure, TxInclusion inclusion) {
        LOG.warn(
                "{} messages of supplier {} failed in block {}: {}",
                broadcast.messages.size(),
                supplier.address(),
                inclusion.height(),
                failure);
        separate(broadcast.messages, failure);
        if (failure.kind() == TxFailure.Kind.OUT_OF_GAS) {
            moreGas(broadcast.messages);
        }
    }

    private Fate look(Broadcast broadcast, long height) {
        Optional<TxInclusion> found = Optional.empty();
        try {
            found = calls.await(submitter.find(broadcast.tx.hash()));
        } catch (ChainException | TxException | MinerException.Unavailable e) {
            // A node without an index of transactions tells nothing. Sending the same bytes again
            // does no harm, and the modules of the chain show whether they took effect.
            LOG.debug("transaction {} cannot be looked for", broadcast.tx.hash(), e);
        }
        if (found.isPresent()) {
            return new Fate.Included(found.get());
        }
        if (height <= broadcast.sentAt + 1) {
            // The block after the one it was sent at may not have been asked yet.
            return new Fate.Waiting();
        }
        if (broadcast.executedBy > 0) {
            return height > broadcast.executedBy + VISIBLE_AFTER
                    ? new Fate.Gone()
                    : new Fate.Waiting();
        }
        requireLease();
        try {
            calls.await(submitter.broadcast(broadcast.tx));
            return new Fate.Waiting();
        } catch (TxException e) {
            if (e.failure().kind() == TxFailure.Kind.NONCE_USED) {
                // Its nonce was used, by itself: it was executed. Time for the effect to show.
                broadcast.executedBy = height;
                return new Fate.Waiting();
            }
            return e.failure().kind().remedy() == TxFailure.Remedy.SAME_BYTES
                    ? new Fate.Waiting()
                    : new Fate.Gone();
        } catch (ChainException | MinerException.Unavailable e) {
            LOG.debug("transaction {} was not sent again", broadcast.tx.hash(), e);
            return new Fate.Waiting();
        }
    }

    private void requireLease() {
        if (!supplier.valid().getAsBoolean()) {
            throw new FencedException(supplier.address());
        }
    }

    private static String name(TxFailure.Kind kind) {
        return kind.name().toLowerCase(Locale.ROOT);
    }

    private static Duration since(long began) {
        return Duration.ofNanos(System.nanoTime() - began);
    }
}
