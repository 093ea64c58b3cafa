package io.relayminer.testkit.localnet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
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

    private static ByteString relay(int n) {
        return ByteString.copyFromUtf8("relay " + n);
    }

    @Test
    void relayThatTheLogDidNotConfirmMayBePaidOnce() {
        good();
        row.served.set(99);
        row.refused.set(2);
        assertEquals(List.of("1 leaves were never asked for"), FinalTable.problems(row));
        row.unconfirmed.set(1);
        assertEquals(List.of(), FinalTable.problems(row));
        row.leaves.set(101);
        assertEquals("1 leaves were never asked for", FinalTable.problems(row).getFirst());
    }

    /** Each of these has as many leaves as relays were served. */
    @Test
    void leavesAreComparedOneByOne() {
        good();
        List<ByteString> tree = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            row.fates.put(relay(i), Ledger.Fate.SERVED);
            tree.add(relay(i));
        }
        row.tree = List.copyOf(tree);
        assertEquals(List.of(), FinalTable.problems(row));

        row.fates.put(relay(100), Ledger.Fate.UNCONFIRMED);
        row.unanswered.set(1);
        tree.set(0, relay(100));
        row.tree = List.copyOf(tree);
        assertEquals(List.of("1 served relays are not among the leaves"), FinalTable.problems(row));

        tree.set(0, relay(1));
        row.tree = List.copyOf(tree);
        assertEquals(
                List.of(
                        "1 relays are in the tree twice",
                        "1 served relays are not among the leaves"),
                FinalTable.problems(row));

        row.fates.put(relay(100), Ledger.Fate.REFUSED);
        row.fates.remove(relay(0));
        tree.set(0, relay(100));
        row.tree = List.copyOf(tree);
        assertEquals(List.of("1 refused relays are leaves"), FinalTable.problems(row));

        row.fates.remove(relay(100));
        assertEquals(List.of("1 leaves are of no relay that was sent"), FinalTable.problems(row));

        row.tree = List.copyOf(tree.subList(1, 100));
        assertEquals(List.of("the sealed tree had 99 of the leaves"), FinalTable.problems(row));
    }
}
