package io.relayminer.testkit.chain;

import java.util.ArrayList;
import java.util.List;

/** Finds committed transactions by their events. */
final class TxSearch {
    private TxSearch() {}

    /** A committed transaction. */
    record Hit(StoredBlock block, int index) {}

    /** All transactions that satisfy {@code query}, ascending by height and index. */
    static List<Hit> find(Iterable<StoredBlock> blocks, String query)
            throws EventQuery.SyntaxException {
        EventQuery parsed = EventQuery.parse(query);
        List<Hit> hits = new ArrayList<>();
        for (StoredBlock block : blocks) {
            for (int i = 0; i < block.results().size(); i++) {
                if (parsed.matches(CometJson.txEventMap(block, i))) {
                    hits.add(new Hit(block, i));
                }
            }
        }
        return hits;
    }
}
