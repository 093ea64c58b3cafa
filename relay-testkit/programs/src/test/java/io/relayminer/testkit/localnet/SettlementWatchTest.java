package io.relayminer.testkit.localnet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.relayminer.core.chain.ChainEvent;
import io.relayminer.core.chain.ChainQueries;
import io.relayminer.core.chain.ChainUnavailableException;

import org.junit.jupiter.api.Test;

import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.LongFunction;

class SettlementWatchTest {

    private final Ledger ledger = new Ledger();
    private final Ledger.Row row = ledger.row(new RowKey(10, "app", "s1", "supplier"));

    private static ChainQueries chain(LongFunction<CompletionStage<List<ChainEvent>>> events) {
        return (ChainQueries)
                Proxy.newProxyInstance(
                        SettlementWatchTest.class.getClassLoader(),
                        new Class<?>[] {ChainQueries.class},
                        (proxy, method, arguments) -> {
                            assertEquals("events", method.getName());
                            return events.apply((Long) arguments[0]);
                        });
    }

    private static ChainEvent event(String type, String supplier, String... more) {
        Map<String, String> attributes = new HashMap<>();
        attributes.put("supplier_operator_address", "\"" + supplier + "\"");
        attributes.put("application_address", "\"app\"");
        attributes.put("session_end_block_height", "\"10\"");
        for (int i = 0; i < more.length; i += 2) {
            attributes.put(more[i], more[i + 1]);
        }
        return new ChainEvent(type, attributes);
    }

    @Test
    void claimIsFollowedToItsSettlement() {
        Map<Long, ChainEvent> blocks =
                Map.of(
                        12L,
                        event("pocket.proof.EventClaimCreated", "supplier", "num_relays", "\"7\""),
                        20L,
                        event(
                                "pocket.proof.EventProofValidityChecked",
                                "supplier",
                                "failure_reason",
                                "\"\""),
                        28L,
                        event(
                                "pocket.tokenomics.EventClaimSettled",
                                "supplier",
                                "num_relays",
                                "\"7\"",
                                "proof_requirement_int",
                                "1",
                                "settled_upokt",
                                "\"700000upokt\""));
        SettlementWatch watch =
                new SettlementWatch(
                        chain(
                                height ->
                                        CompletableFuture.completedStage(
                                                blocks.containsKey(height)
                                                        ? List.of(
                                                                event(
                                                                        "pocket.proof.EventClaimCreated",
                                                                        "stranger",
                                                                        "num_relays",
                                                                        "\"1\""),
                                                                blocks.get(height))
                                                        : List.of())),
                        ledger,
                        0);
        watch.advance(11);
        assertNull(row.claimed);
        watch.advance(12);
        assertEquals(new Ledger.Claimed(12, 7), row.claimed);
        watch.advance(27);
        assertTrue(row.proved);
        assertNull(row.settled);
        watch.advance(28);
        assertEquals(new Ledger.Settled(28, true, true, 7, 700_000, ""), row.settled);
        assertEquals(1, ledger.rows().size(), "claims of others are not ours");
    }

    @Test
    void lossesAreSeen() {
        SettlementWatch watch =
                new SettlementWatch(
                        chain(
                                height ->
                                        CompletableFuture.completedStage(
                                                List.of(
                                                        event(
                                                                "pocket.proof.EventProofValidityChecked",
                                                                "supplier",
                                                                "failure_reason",
                                                                "\"invalid\""),
                                                        event(
                                                                "pocket.tokenomics.EventClaimExpired",
                                                                "supplier",
                                                                "expiration_reason",
                                                                "\"PROOF_INVALID\"",
                                                                "num_relays",
                                                                "\"7\"")))),
                        ledger,
                        0);
        watch.advance(1);
        assertFalse(row.proved);
        assertEquals(
                new Ledger.Settled(1, false, true, 7, 0, "expired: PROOF_INVALID"), row.settled);
    }

    @Test
    void blockThatCannotBeReadIsReadLater() {
        boolean[] down = {true};
        SettlementWatch watch =
                new SettlementWatch(
                        chain(
                                height ->
                                        down[0]
                                                ? CompletableFuture.failedStage(
                                                        new ChainUnavailableException("down", null))
                                                : CompletableFuture.completedStage(
                                                        List.of(
                                                                event(
                                                                        "pocket.proof.EventClaimCreated",
                                                                        "supplier",
                                                                        "num_relays",
                                                                        "\"7\"")))),
                        ledger,
                        0);
        watch.advance(1);
        assertNull(row.claimed);
        down[0] = false;
        watch.advance(1);
        assertEquals(new Ledger.Claimed(1, 7), row.claimed);
    }
}
