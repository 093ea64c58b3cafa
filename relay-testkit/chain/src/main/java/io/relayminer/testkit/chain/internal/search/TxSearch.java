package io.relayminer.testkit.chain.internal.search;

import io.relayminer.testkit.chain.internal.block.StoredBlock;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Finds committed transactions by their events. */
public final class TxSearch {
    private TxSearch() {}

    /** A committed transaction. */
    public record Hit(StoredBlock block, int index) {}

    /**
     * All transactions that satisfy {@code query}, ascending by height and index. A query that
     * names a hash, in whatever case, finds that transaction, as if it said nothing else.
     */
    public static List<Hit> find(Iterable<StoredBlock> blocks, String query)
            throws EventQuery.SyntaxException {
        EventQuery parsed = EventQuery.parse(query);
        String hash = parsed.valueOf("tx.hash");
        EventQuery wanted =
                hash == null
                        ? parsed
                        : EventQuery.parse("tx.hash='" + hash.toUpperCase(Locale.ROOT) + "'");
        List<Hit> hits = new ArrayList<>();
        for (StoredBlock block : blocks) {
            for (int i = 0; i < block.results().size(); i++) {
                if (wanted.matches(EventIndex.ofTx(block, i))) {
                    hits.add(new Hit(block, i));
                }
            }
        }
        return hits;
    }
}
