package io.relayminer.testkit.localnet;

import com.google.protobuf.ByteString;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * The table at the end and the verdict on it.
 *
 * <p>A row is good if every relay that was served is exactly one leaf, the claim has all leaves,
 * and the claim was paid, with a proof where the chain asked for one. A relay that was sent but not
 * confirmed may be a leaf as well, once: its relayer was killed before it could answer, or it
 * refused the relay because Redis did not say whether the entry is in the log. Nothing else may be
 * a leaf.
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
                    row.inStream(),
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
                ledger.total(Ledger.Row::inStream),
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
        long most = served + row.unanswered.get() + row.unconfirmed.get();
        if (leaves > most) {
            found.add((leaves - most) + " leaves were never asked for");
        }
        List<ByteString> tree = row.tree;
        if (tree != null) {
            found.addAll(differences(row, tree));
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

    /** Compares the leaves of a tree with what became of the relays, one by one. */
    private static List<String> differences(Ledger.Row row, List<ByteString> tree) {
        List<String> found = new ArrayList<>();
        Set<ByteString> distinct = new HashSet<>(tree);
        if (distinct.size() < tree.size()) {
            found.add((tree.size() - distinct.size()) + " relays are in the tree twice");
        }
        if (tree.size() != row.leaves.get()) {
            found.add("the sealed tree had " + tree.size() + " of the leaves");
        }
        long missing =
                row.fates.entrySet().stream()
                        .filter(relay -> relay.getValue() == Ledger.Fate.SERVED)
                        .filter(relay -> !distinct.contains(relay.getKey()))
                        .count();
        if (missing > 0) {
            found.add(missing + " served relays are not among the leaves");
        }
        long refused =
                distinct.stream().filter(r -> row.fates.get(r) == Ledger.Fate.REFUSED).count();
        if (refused > 0) {
            found.add(refused + " refused relays are leaves");
        }
        long strange = distinct.stream().filter(r -> !row.fates.containsKey(r)).count();
        if (strange > 0) {
            found.add(strange + " leaves are of no relay that was sent");
        }
        return found;
    }
}
