package io.relayminer.testkit.localnet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import io.relayminer.core.chain.ChainEvent;
import io.relayminer.core.chain.ChainException;
import io.relayminer.core.chain.ChainQueries;

import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;

/**
 * Reads from the blocks what became of claims: created, proved, settled, expired, discarded.
 *
 * <p>Not thread-safe; {@link #advance} is called as blocks come.
 */
final class SettlementWatch {

    private static final String CREATED = "pocket.proof.EventClaimCreated";
    private static final String UPDATED = "pocket.proof.EventClaimUpdated";
    private static final String PROVED = "pocket.proof.EventProofValidityChecked";
    private static final String SETTLED = "pocket.tokenomics.EventClaimSettled";
    private static final String EXPIRED = "pocket.tokenomics.EventClaimExpired";
    private static final String DISCARDED = "pocket.tokenomics.EventClaimDiscarded";
    private static final Set<String> TYPES =
            Set.of(CREATED, UPDATED, PROVED, SETTLED, EXPIRED, DISCARDED);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final ChainQueries chain;
    private final Ledger ledger;
    private long next;

    /** A watch that begins after a height. */
    SettlementWatch(ChainQueries chain, Ledger ledger, long from) {
        this.chain = chain;
        this.ledger = ledger;
        this.next = from + 1;
    }

    /** Reads all blocks up to a height; stops early, to be tried again, if the node cannot say. */
    void advance(long height) {
        while (next <= height) {
            List<ChainEvent> events;
            try {
                events =
                        chain.events(next, TYPES)
                                .toCompletableFuture()
                                .orTimeout(10, TimeUnit.SECONDS)
                                .join();
            } catch (CompletionException e) {
                if (e.getCause() instanceof ChainException) {
                    return;
                }
                throw e;
            }
            for (ChainEvent event : events) {
                apply(event, next);
            }
            next++;
        }
    }

    private void apply(ChainEvent event, long height) {
        Ledger.Row row =
                ledger.find(
                        text(event, "supplier_operator_address"),
                        text(event, "application_address"),
                        number(event, "session_end_block_height"));
        if (row == null) {
            return;
        }
        switch (event.type()) {
            case CREATED, UPDATED ->
                    row.claimed = new Ledger.Claimed(height, number(event, "num_relays"));
            case PROVED -> row.proved = text(event, "failure_reason").isEmpty();
            case SETTLED ->
                    row.settled =
                            new Ledger.Settled(
                                    height,
                                    true,
                                    number(event, "proof_requirement_int") != 0,
                                    number(event, "num_relays"),
                                    upokt(text(event, "settled_upokt")),
                                    "");
            case EXPIRED ->
                    row.settled =
                            new Ledger.Settled(
                                    height,
                                    false,
                                    true,
                                    number(event, "num_relays"),
                                    0,
                                    "expired: " + text(event, "expiration_reason"));
            case DISCARDED ->
                    row.settled =
                            new Ledger.Settled(
                                    height,
                                    false,
                                    false,
                                    0,
                                    0,
                                    "discarded: " + text(event, "error"));
            default -> throw new IllegalStateException("an event of type " + event.type());
        }
    }

    private static String text(ChainEvent event, String field) {
        String json = event.attributes().get(field);
        if (json == null) {
            return "";
        }
        try {
            JsonNode value = JSON.readTree(json);
            return value == null ? json : value.asText();
        } catch (IOException notJson) {
            return json;
        }
    }

    private static long number(ChainEvent event, String field) {
        String text = text(event, field);
        return text.isEmpty() ? 0 : Long.parseLong(text);
    }

    private static long upokt(String coin) {
        String digits = coin.endsWith("upokt") ? coin.substring(0, coin.length() - 5) : coin;
        return digits.isEmpty() ? 0 : Long.parseLong(digits);
    }
}
