package io.relayminer.testkit.localnet;

import java.util.Comparator;

/**
 * What a claim is about.
 *
 * @param sessionEnd last height of the session
 * @param application application address
 * @param sessionId session id
 * @param supplier operator address
 */
record RowKey(long sessionEnd, String application, String sessionId, String supplier)
        implements Comparable<RowKey> {

    private static final Comparator<RowKey> ORDER =
            Comparator.comparingLong(RowKey::sessionEnd)
                    .thenComparing(RowKey::application)
                    .thenComparing(RowKey::supplier);

    @Override
    public int compareTo(RowKey other) {
        return ORDER.compare(this, other);
    }
}
