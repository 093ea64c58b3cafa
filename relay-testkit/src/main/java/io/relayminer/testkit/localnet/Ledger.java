package io.relayminer.testkit.localnet;

import org.jspecify.annotations.Nullable;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.ToLongFunction;

/**
 * What is known of each supplier and session, from every observer.
 *
 * <p>Thread-safe; observers write their own columns only.
 */
final class Ledger {

    /** The columns of one supplier and session. */
    static final class Row {
        /** Relays answered with a response that verifies. */
        final AtomicLong served = new AtomicLong();

        /** Relays without an answer, which may or may not have been recorded. */
        final AtomicLong unanswered = new AtomicLong();

        /** Relays refused. */
        final AtomicLong refused = new AtomicLong();

        /** Entries seen in the relay stream. */
        final AtomicLong inStream = new AtomicLong();

        /** Leaves seen in the tree, at most. */
        final AtomicLong leaves = new AtomicLong();

        /** The claim that the chain accepted, if any. */
        volatile @Nullable Claimed claimed;

        /** Whether the chain has accepted a proof. */
        volatile boolean proved;

        /** How the claim ended, if it has. */
        volatile @Nullable Settled settled;
    }

    /**
     * A claim on the chain.
     *
     * @param height height of the block
     * @param relays number of relays claimed
     */
    record Claimed(long height, long relays) {}

    /**
     * The end of a claim.
     *
     * @param height height of the block
     * @param paid whether it was settled; otherwise it expired or was discarded
     * @param proofRequired whether the chain asked for a proof
     * @param relays number of relays of the claim
     * @param upokt amount settled
     * @param reason why it was not paid, empty if it was
     */
    record Settled(
            long height,
            boolean paid,
            boolean proofRequired,
            long relays,
            long upokt,
            String reason) {}

    private final Map<RowKey, Row> rows = new ConcurrentSkipListMap<>();

    /** The row of a key, new if needed. */
    Row row(RowKey key) {
        return rows.computeIfAbsent(key, k -> new Row());
    }

    /** All rows in order. */
    Map<RowKey, Row> rows() {
        return new TreeMap<>(rows);
    }

    /** The row of a supplier, application and session end, or null if nothing was sent for it. */
    @Nullable Row find(String supplier, String application, long sessionEnd) {
        for (Map.Entry<RowKey, Row> entry : rows.entrySet()) {
            RowKey key = entry.getKey();
            if (key.sessionEnd() == sessionEnd
                    && key.supplier().equals(supplier)
                    && key.application().equals(application)) {
                return entry.getValue();
            }
        }
        return null;
    }

    /** Whether a claim is on the chain whose proof is not. */
    boolean hasOpenClaim() {
        return rows.values().stream()
                .anyMatch(row -> row.claimed != null && !row.proved && row.settled == null);
    }

    /** The sum of a column. */
    long total(ToLongFunction<Row> column) {
        return rows.values().stream().mapToLong(column).sum();
    }
}
