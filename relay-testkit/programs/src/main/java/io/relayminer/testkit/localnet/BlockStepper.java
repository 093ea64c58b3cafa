package io.relayminer.testkit.localnet;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;

import io.relayminer.core.session.SessionWindows;
import io.relayminer.core.wire.proof.MsgCreateClaim;
import io.relayminer.core.wire.proof.MsgSubmitProof;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.core.wire.shared.Params;
import io.relayminer.testkit.chain.DevChain;

import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Makes the blocks of the built-in chain when everyone is done with the last one, so that the
 * outcome of a run does not depend on the speed of the machine.
 *
 * <p>While relays are sent, a block lasts until a block's worth of them was answered. A block in
 * the second half of a claim window lasts until every tree that owes a claim has one on the chain
 * or in the mempool, a block in a proof window until every claim has its proof. While a process is
 * down, or about to be killed, no block is made at all. What does not come in a long time is given
 * up, with a notice: the chain goes on, and the table will tell what is missing. Not thread-safe.
 */
final class BlockStepper {

    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final Duration COMEBACK_PATIENCE = Duration.ofSeconds(5);
    private static final Duration CLEANUP_PATIENCE = Duration.ofSeconds(5);

    private record Message(String sessionId, String supplier) {}

    private final DevChain chain;
    private final Params params;
    private final Ledger ledger;
    private final long relaysPerBlock;
    private final PrintStream out;
    private long answeredBefore;
    private long blockBegan = System.nanoTime();

    /**
     * A stepper.
     *
     * @param chain a chain without a timer
     * @param relaysPerBlock relays that are answered in each block of a session with traffic
     */
    BlockStepper(
            DevChain chain, Params params, Ledger ledger, long relaysPerBlock, PrintStream out) {
        this.chain = chain;
        this.params = params;
        this.ledger = ledger;
        this.relaysPerBlock = relaysPerBlock;
        this.out = out;
    }

    /** Makes a block if the relays of this one are answered and nothing is owed. */
    void whileServing(boolean busy) {
        String owed = owed();
        boolean answered = answered() - answeredBefore >= relaysPerBlock;
        if (owed.isEmpty() && busy) {
            next(Optional.empty(), COMEBACK_PATIENCE);
        } else if (owed.isEmpty() && answered) {
            next(Optional.empty(), Duration.ZERO);
        } else {
            next(Optional.of(owed.isEmpty() ? "answers" : owed), PATIENCE);
        }
    }

    /**
     * Makes a block if nothing is owed.
     *
     * @param over whether all claims are settled, so that only the miners' clearing up is waited
     *     for, which may or may not need another block
     */
    void whileSettling(boolean busy, boolean over) {
        String owed = owed();
        if (!owed.isEmpty()) {
            next(Optional.of(owed), PATIENCE);
        } else if (busy) {
            next(Optional.empty(), COMEBACK_PATIENCE);
        } else {
            next(Optional.empty(), over ? CLEANUP_PATIENCE : Duration.ZERO);
        }
    }

    private void next(Optional<String> missing, Duration patience) {
        if (System.nanoTime() - blockBegan < patience.toNanos()) {
            return;
        }
        missing.ifPresent(
                what ->
                        out.printf(
                                "  waited %d s in block %d for %s, in vain%n",
                                patience.toSeconds(), chain.height(), what));
        answeredBefore = answered();
        chain.advanceAt(Instant.now());
        blockBegan = System.nanoTime();
    }

    private long answered() {
        return ledger.total(r -> r.served.get() + r.refused.get());
    }

    /** What the open windows wait for; empty if nothing. */
    private String owed() {
        long height = chain.height();
        Set<Message> claims = new HashSet<>();
        Set<Message> proofs = new HashSet<>();
        for (Any message : chain.waitingMessages()) {
            collect(message, claims, proofs);
        }
        for (Map.Entry<RowKey, Ledger.Row> entry : ledger.rows().entrySet()) {
            RowKey key = entry.getKey();
            Ledger.Row row = entry.getValue();
            SessionWindows windows = SessionWindows.of(params, key.sessionEnd());
            Message message = new Message(key.sessionId(), key.supplier());
            boolean worked = row.served.get() > 0 || row.leaves.get() > 0;
            if (worked && row.claimed == null && !claims.contains(message)) {
                // Miners may wait for late relays until the middle of the window.
                long middle = (windows.claimOpen() + windows.claimClose()) / 2;
                if (middle <= height && height < windows.claimClose()) {
                    return "a claim of " + key.supplier();
                }
            } else if (row.claimed != null
                    && !row.proved
                    && row.settled == null
                    && !proofs.contains(message)
                    && windows.proofOpen() <= height
                    && height < windows.proofClose()) {
                return "a proof of " + key.supplier();
            }
        }
        return "";
    }

    private static void collect(Any message, Set<Message> claims, Set<Message> proofs) {
        try {
            if (message.getTypeUrl().endsWith(".MsgCreateClaim")) {
                MsgCreateClaim claim = MsgCreateClaim.parseFrom(message.getValue());
                claims.add(of(claim.getSessionHeader(), claim.getSupplierOperatorAddress()));
            } else if (message.getTypeUrl().endsWith(".MsgSubmitProof")) {
                MsgSubmitProof proof = MsgSubmitProof.parseFrom(message.getValue());
                proofs.add(of(proof.getSessionHeader(), proof.getSupplierOperatorAddress()));
            }
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("the mempool holds what cannot be decoded", e);
        }
    }

    private static Message of(SessionHeader header, String supplier) {
        return new Message(header.getSessionId(), supplier);
    }
}
