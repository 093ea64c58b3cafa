package io.relayminer.testkit.localnet;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * The table at the end and the verdict on it.
 *
 * <p>A row is good if every relay that was answered is a leaf, the claim has all leaves, and the
 * claim was paid, with a proof where the chain asked for one. Relays that got no answer, because
 * their relayer was killed, may be leaves as well: the supplier did the work.
 */
final class FinalTable {

    private final Ledger ledger;
    private final UnaryOperator<String> names;

    /**
     * A table.
     *
     * @param names short name of an address
     */
    FinalTable(Ledger ledger, UnaryOperator<String> names) {
        this.ledger = ledger;
        this.names = names;
    }

    /** The rows, a header and the totals. */
    String render() {
        StringBuilder out = new StringBuilder();
        line(
                out,
                "session",
                "application",
                "supplier",
                "served",
                "in stream",
                "leaves",
                "claimed",
                "proved",
                "settled upokt",
                "");
        long upokt = 0;
        for (Map.Entry<RowKey, Ledger.Row> entry : ledger.rows().entrySet()) {
            RowKey key = entry.getKey();
            Ledger.Row row = entry.getValue();
            Ledger.Claimed claimed = row.claimed;
            Ledger.Settled settled = row.settled;
            upokt += settled == null ? 0 : settled.upokt();
            line(
                    out,
                    "…" + key.sessionEnd(),
                    names.apply(key.application()),
                    names.apply(key.supplier()),
                    row.served,
                    row.inStream,
                    row.leaves,
                    claimed == null ? "-" : claimed.relays(),
                    proved(row),
                    settled == null ? "-" : settled.upokt(),
                    String.join("; ", problems(row)));
        }
        line(
                out,
                "total",
                "",
                "",
                ledger.total(r -> r.served.get()),
                ledger.total(r -> r.inStream.get()),
                ledger.total(r -> r.leaves.get()),
                ledger.total(FinalTable::claimedRelays),
                ledger.total(r -> r.proved ? 1 : 0),
                upokt,
                "");
        return out.toString();
    }

    private static long claimedRelays(Ledger.Row row) {
        Ledger.Claimed claimed = row.claimed;
        return claimed == null ? 0 : claimed.relays();
    }

    private static String proved(Ledger.Row row) {
        if (row.proved) {
            return "yes";
        }
        Ledger.Settled settled = row.settled;
        return settled != null && !settled.proofRequired() ? "not asked" : "-";
    }

    private static void line(StringBuilder out, Object... cells) {
        out.append(
                String.format(Locale.ROOT, "%-8s %-12s %-12s %9s %9s %9s %9s %9s %14s  %s", cells)
                        .stripTrailing());
        out.append('\n');
    }

    /** Everything that is wrong with the rows; empty if every served relay was paid. */
    List<String> problems() {
        List<String> all = new ArrayList<>();
        for (Map.Entry<RowKey, Ledger.Row> entry : ledger.rows().entrySet()) {
            for (String problem : problems(entry.getValue())) {
                all.add(
                        names.apply(entry.getKey().supplier())
                                + " in the session ending at "
                                + entry.getKey().sessionEnd()
                                + ": "
                                + problem);
            }
        }
        return all;
    }

    /** Whether nothing more can happen to the rows. */
    boolean isOver() {
        return ledger.rows().values().stream()
                .allMatch(row -> row.settled != null || isUnused(row));
    }

    private static boolean isUnused(Ledger.Row row) {
        return row.served.get() == 0 && row.leaves.get() == 0 && row.claimed == null;
    }

    static List<String> problems(Ledger.Row row) {
        List<String> found = new ArrayList<>();
        if (isUnused(row)) {
            return found;
        }
        long served = row.served.get();
        long leaves = row.leaves.get();
        Ledger.Claimed claimed = row.claimed;
        Ledger.Settled settled = row.settled;
        if (leaves < served) {
            found.add((served - leaves) + " served relays are not in the tree");
        }
        if (leaves > served + row.unanswered.get()) {
            found.add((leaves - served - row.unanswered.get()) + " leaves were never asked for");
        }
        if (claimed == null) {
            found.add("not claimed");
        } else if (claimed.relays() != leaves) {
            found.add("claimed " + claimed.relays() + " of " + leaves + " leaves");
        }
        if (settled == null) {
            found.add("not settled");
        } else if (!settled.paid()) {
            found.add(settled.reason());
        } else {
            if (settled.relays() != leaves) {
                found.add("settled " + settled.relays() + " of " + leaves + " leaves");
            }
            if (settled.upokt() <= 0) {
                found.add("nothing was paid");
            }
            if (settled.proofRequired() && !row.proved) {
                found.add("settled without the proof that was asked for");
            }
        }
        return found;
    }
}
