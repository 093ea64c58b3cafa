package io.relayminer.testkit.chain.internal.block;

import com.google.protobuf.ByteString;

import io.relayminer.testkit.chain.internal.execution.AbciException.SdkError;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * Transactions that wait for a block, and the cache of those seen.
 *
 * <p>The cache holds the hashes of accepted transactions, committed ones included; refused ones are
 * not kept. It is what makes the same bytes twice an error. Not thread safe: guarded by the chain's
 * lock.
 */
public final class Mempool {
    private static final int CACHE_SIZE = 10_000;

    /** A transaction is refused before it is checked. */
    public static final class RefusalException extends Exception {
        private static final long serialVersionUID = 1L;
        private final SdkError error;

        public RefusalException(SdkError error, String text) {
            super(text);
            this.error = error;
        }

        /** The error that the SDK makes of it. */
        public SdkError error() {
            return error;
        }

        public String text() {
            return java.util.Objects.requireNonNull(getMessage());
        }
    }

    /** A waiting transaction and the first height it may be included at. */
    record Pending(ByteString tx, long earliestHeight) {}

    private final Map<ByteString, Pending> pending = new LinkedHashMap<>();
    private final LinkedHashSet<ByteString> cache = new LinkedHashSet<>();
    private final int maxTxs;
    private final long maxTxsBytes;
    private final int maxTxBytes;

    public Mempool(NodeSettings settings) {
        this.maxTxs = settings.mempoolSize();
        this.maxTxsBytes = settings.maxTxsBytes();
        this.maxTxBytes = settings.maxTxBytes();
    }

    /** Refuses what is too large, does not fit, or is known already; in this order. */
    public void admit(ByteString tx, ByteString hash) throws RefusalException {
        if (tx.size() > maxTxBytes) {
            throw new RefusalException(
                    SdkError.TX_TOO_LARGE,
                    "Tx too large. Max size is " + maxTxBytes + ", but got " + tx.size());
        }
        if (pending.size() >= maxTxs || bytes() + tx.size() > maxTxsBytes) {
            throw new RefusalException(
                    SdkError.MEMPOOL_IS_FULL,
                    "mempool is full: number of txs "
                            + pending.size()
                            + " (max: "
                            + maxTxs
                            + "), total txs bytes "
                            + bytes()
                            + " (max: "
                            + maxTxsBytes
                            + ")");
        }
        if (cache.contains(hash)) {
            throw new RefusalException(SdkError.TX_IN_MEMPOOL_CACHE, "tx already exists in cache");
        }
    }

    public void add(ByteString tx, ByteString hash, long earliestHeight) {
        pending.put(hash, new Pending(tx, earliestHeight));
        remember(hash);
    }

    /** Remembers an accepted transaction without keeping it. */
    public void remember(ByteString hash) {
        cache.add(hash);
        if (cache.size() > CACHE_SIZE) {
            Iterator<ByteString> oldest = cache.iterator();
            oldest.next();
            oldest.remove();
        }
    }

    void remove(ByteString hash) {
        pending.remove(hash);
    }

    /** Drops every waiting transaction for which {@code test} holds. */
    int removeIf(Predicate<ByteString> test) {
        int before = pending.size();
        pending.values().removeIf(entry -> test.test(entry.tx()));
        return before - pending.size();
    }

    /** Forgets what was seen, as a restarted node does. */
    void forgetSeen() {
        cache.clear();
    }

    List<Pending> waiting() {
        return new ArrayList<>(pending.values());
    }

    int size() {
        return pending.size();
    }

    long bytes() {
        long bytes = 0;
        for (Pending entry : pending.values()) {
            bytes += entry.tx().size();
        }
        return bytes;
    }
}
