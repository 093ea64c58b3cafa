package io.relayminer.transport;

import java.time.Duration;
import java.util.Collection;
import java.util.List;

/**
 * Consumes the log of one supplier.
 *
 * <p>A reader belongs to one thread, except {@link #close()}, which any thread may call and which
 * wakes a waiting {@link #poll}. All methods throw {@link RelayLogException}; after {@code
 * Unavailable} the reader is still usable.
 */
public interface RelayLogReader extends AutoCloseable {

    /**
     * Waits for entries: first those that earlier owners left unacknowledged, then new ones.
     *
     * @param max at most so many entries, at least 1
     * @param wait at most so long, 0 to look only
     * @return entries in log order, empty if none came in time
     * @throws InterruptedException if the thread was interrupted while waiting
     * @throws RelayLogException.Closed if the reader is closed
     */
    List<RelayLogEntry> poll(int max, Duration wait) throws InterruptedException;

    /**
     * Removes entries for good. Unknown ids are ignored. A consumer whose own commit removes
     * entries (as a script that stores leaves does) need not call this for them.
     *
     * @param ids ids of entries delivered before
     */
    void acknowledge(Collection<String> ids);

    /**
     * Moves an entry that can never be processed out of the way, where an operator can look at it.
     *
     * @param entry the entry
     * @param reason why it cannot be processed
     */
    void setAside(RelayLogEntry entry, String reason);

    /**
     * The id of the last entry ever appended, or the empty text if there was none. Entries appended
     * before this call have ids up to it.
     */
    String lastId();

    /**
     * Whether every entry up to and including an id is acknowledged.
     *
     * @param id an id returned by {@link #lastId()}; the empty text is always drained
     */
    boolean drainedTo(String id);

    /** How many entries the log holds, delivered or not. */
    long size();

    /** Stops deliveries. Unacknowledged entries stay in the log for the next owner. */
    @Override
    void close();
}
