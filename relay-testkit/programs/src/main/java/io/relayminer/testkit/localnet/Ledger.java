package io.relayminer.testkit.localnet;

import com.google.protobuf.ByteString;

import io.relayminer.core.wire.RelayCodec;
import io.relayminer.core.wire.service.RelayRequest;

import org.jspecify.annotations.Nullable;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.ToLongFunction;

/**
 * What is known of each supplier and session, from every observer.
 *
 * <p>Thread-safe; observers write their own columns only.
 */
final class Ledger {

    /** What a relay's sender knows of it. */
    enum Fate {
        /** Sent, and no answer so far. */
        SENT,
        /** Answered with a response that verifies. */
        SERVED,
        /** Not answered, or refused because the relay log did not confirm it. */
        UNCONFIRMED,
        /** Refused for a reason that says that it was not recorded. */
        REFUSED
    }

    /**
     * The columns of one supplier and session. A relay is named by the SHA-256 of its request,
     * which is signed anew for each relay and stands in the leaf.
     */
    static final class Row {
        /** Relays answered with a response that verifies. */
        final AtomicLong served = new AtomicLong();

        /** Relays without an answer, which may or may not have been recorded. */
        final AtomicLong unanswered = new AtomicLong();

        /** Relays refused. */
        final AtomicLong refused = new AtomicLong();

        /**
         * Those of the refused relays whose relayer could not say whether they were recorded: they
         * may be leaves, as the unanswered ones may.
         */
        final AtomicLong unconfirmed = new AtomicLong();

        /** What became of each relay sent; absent while it is under way. */
        final Map<ByteString, Fate> fates = new ConcurrentHashMap<>();

        /** Entries seen in the relay stream. */
        final AtomicLong inStream = new AtomicLong();

        /** Leaves seen in the tree, at most. */
        final AtomicLong leaves = new AtomicLong();

        /**
         * The relays that the leaves of the sealed tree are of, or null if the tree was not seen
         * between its claim and its removal.
         */
        volatile @Nullable List<ByteString> tree;

        /** The claim that the chain accepted, if any. */
        volatile @Nullable Claimed claimed;

        /** Whether the chain has accepted a proof. */
        volatile boolean proved;

        /** How the claim ended, if it has. */
        volatile @Nullable Settled settled;

        /**
         * Entries that were in the relay stream: those seen there, and at least the leaves, for a
         * miner may take an entry out between two looks.
         */
        long inStream() {
            return Math.max(inStream.get(), leaves.get());
        }
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

    /** The name of a relay in {@link Row#fates} and {@link Row#tree}. */
    static ByteString nameOf(RelayRequest request) {
        try {
            return ByteString.copyFrom(
                    MessageDigest.getInstance("SHA-256")
                            .digest(RelayCodec.canonical(request).toByteArray()));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
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
