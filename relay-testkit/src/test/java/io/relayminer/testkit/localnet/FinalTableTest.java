package io.relayminer.testkit.localnet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.List;

class FinalTableTest {

    private static final RowKey KEY = new RowKey(10, "app", "s1", "supplier");

    private final Ledger ledger = new Ledger();
    private final Ledger.Row row = ledger.row(KEY);
    private final FinalTable table = new FinalTable(ledger, name -> name);

    private void good() {
        row.served.set(100);
        row.inStream.set(100);
        row.leaves.set(100);
        row.claimed = new Ledger.Claimed(12, 100);
        row.proved = true;
        row.settled = new Ledger.Settled(28, true, true, 100, 10_000_000, "");
    }

    @Test
    void everyServedRelayIsPaid() {
        good();
        assertEquals(List.of(), table.problems());
        assertTrue(table.isOver());
        List<String> lines = table.render().lines().toList();
        assertEquals(3, lines.size());
        assertEquals(
                "…10      app          supplier           100       100       100       100"
                        + "       yes       10000000",
                lines.get(1));
        assertEquals(
                "total                                    100       100       100       100"
                        + "         1       10000000",
                lines.get(2));
    }

    @Test
    void relaysWithoutAnAnswerMayBePaidToo() {
        good();
        row.served.set(97);
        row.unanswered.set(3);
        assertEquals(List.of(), table.problems());
        row.unanswered.set(2);
        assertEquals(
                List.of("supplier in the session ending at 10: 1 leaves were never asked for"),
                table.problems());
    }

    @Test
    void proofIsNeededOnlyIfAskedFor() {
        good();
        row.proved = false;
        assertEquals(1, table.problems().size());
        row.settled = new Ledger.Settled(28, true, false, 100, 10_000_000, "");
        assertEquals(List.of(), table.problems());
        assertTrue(table.render().contains("not asked"));
    }

    @Test
    void everyWayToLoseMoneyIsNamed() {
        good();
        row.served.set(101);
        assertEquals(List.of("1 served relays are not in the tree"), FinalTable.problems(row));
        good();
        row.claimed = new Ledger.Claimed(12, 99);
        assertEquals(List.of("claimed 99 of 100 leaves"), FinalTable.problems(row));
        good();
        row.claimed = null;
        row.settled = null;
        assertEquals(List.of("not claimed", "not settled"), FinalTable.problems(row));
        assertFalse(table.isOver());
        good();
        row.settled = new Ledger.Settled(28, false, true, 100, 0, "expired: PROOF_MISSING");
        assertEquals(List.of("expired: PROOF_MISSING"), FinalTable.problems(row));
        good();
        row.settled = new Ledger.Settled(28, true, true, 99, 0, "");
        assertEquals(
                List.of("settled 99 of 100 leaves", "nothing was paid"), FinalTable.problems(row));
    }

    @Test
    void sessionInWhichNothingWasServedOwesNothing() {
        row.refused.set(5);
        assertEquals(List.of(), table.problems());
        assertTrue(table.isOver());
    }

    @Test
    void openClaimIsOneWithoutProof() {
        assertFalse(ledger.hasOpenClaim());
        row.claimed = new Ledger.Claimed(12, 1);
        assertTrue(ledger.hasOpenClaim());
        row.proved = true;
        assertFalse(ledger.hasOpenClaim());
    }
}
