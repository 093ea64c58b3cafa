package io.relayminer.core.miner.store;

import io.relayminer.core.redis.SubmissionPhase;
import io.relayminer.smst.LeafNode;
import io.relayminer.smst.LeafNodeSource;
import io.relayminer.smst.MerkleSumRoot;
import io.relayminer.smst.SparseMerkleSumTrie;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * What is kept of one supplier, in the hands of its owner.
 *
 * <p>A relay goes from the log into a tree in one act, {@link #commit}, so it is in one of them at
 * any moment and never in neither. A session's state changes only by {@link #commit}, {@link #seal}
 * and {@link #change}, and only along {@link SessionState#mayBecome}.
 *
 * <p>All methods block. They throw {@link FencedException} if the supplier belongs to another owner
 * and {@link MinerStoreException} if there is no definite answer or the data cannot be used;
 * neither leaves half an effect. Belongs to one thread, except {@link #close}, which any thread may
 * call and which wakes a waiting {@link #poll}.
 */
public interface SupplierStore extends AutoCloseable {

    /**
     * Waits for entries of the log: first those that earlier owners left, then new ones, each
     * oldest first. An entry that was delivered and not settled comes again now and then.
     *
     * @param max at most so many entries, at least 1; fewer may come although there are more
     * @param wait at most so long, 0 to look only
     * @return the entries, none if none came in time
     * @throws InterruptedException if the thread was interrupted while waiting
     * @throws ClosedException if the store was closed
     */
    List<RelayEntry> poll(int max, Duration wait) throws InterruptedException;

    /**
     * Takes over entries that somebody received, this process included, and nobody settled, however
     * recently. Each call goes on where the one before ended; after the end it begins again.
     *
     * @param max at most so many, at least 1
     * @return the entries, none at the end
     */
    List<RelayEntry> takeOver(int max);

    /**
     * The id of the newest entry ever appended, empty if there was none. What was appended before
     * this call has ids up to it.
     */
    String newestEntry();

    /**
     * Whether everything up to and including an entry has left the log.
     *
     * @param entry what {@link #newestEntry} returned; the empty text always has
     */
    boolean drainedTo(String entry);

    /** Entries in the log, delivered or not. */
    long backlog();

    /** Removes entries that will never become leaves. Ids that are not there are ignored. */
    void discard(Collection<String> entries);

    /** Moves an entry that cannot be processed to where an operator can look at it. */
    void setAside(RelayEntry entry, String reason);

    /** The records of all sessions that are not over, in no particular order. */
    List<SessionRecord> sessions();

    /**
     * Makes leaves of entries: leaves, counters of the record and removal from the log in one act.
     * Committing the same again changes nothing.
     *
     * @param start the session as it begins, used if there is no record yet
     * @param entries entries of this session, each with a relay whose hash is filled in
     * @param belongs whether a leaf that another program has written is one of this session
     */
    CommitOutcome commit(
            SessionRecord start, List<RelayEntry> entries, Predicate<LeafNode> belongs);

    /**
     * Closes a session for leaves and moves it from {@link SessionState#ACTIVE} to {@link
     * SessionState#CLAIMING}. Sealing again changes nothing.
     *
     * @param start the session as it began
     * @param belongs as in {@link #commit}
     * @return the session's leaves and state; empty if there is neither a record nor a leaf of it
     */
    Optional<Sealed> seal(SessionRecord start, Predicate<LeafNode> belongs);

    /**
     * A session that takes no more leaves.
     *
     * @param relays its leaves
     * @param computeUnits their sum
     * @param state its state by the name that is stored
     */
    record Sealed(long relays, long computeUnits, String state) {}

    /**
     * Changes a record, what waits to be included, and, if the session ends with it, removes its
     * tree: all in one act.
     *
     * @param session the session; written as it is first, if its record is gone
     * @param change what changes
     * @return false if the session is in a state from which it {@linkplain SessionState#mayBecome
     *     may not become} what is wanted; nothing was changed then
     */
    boolean change(SessionRecord session, SessionChange change);

    /**
     * Stores the root of a sealed session, which never changes again.
     *
     * @return the root that stands: this one, or the one that was stored before
     * @throws MinerStoreException if the session takes leaves still
     */
    MerkleSumRoot storeRoot(String session, MerkleSumRoot root);

    /** The root that was stored, {@link MerkleSumRoot#EMPTY} before. */
    MerkleSumRoot root(String session);

    /** The trie of all leaves of a session, as digests; empty if there are none. */
    SparseMerkleSumTrie trie(String session);

    /**
     * The trie of a session whose root is known.
     *
     * @throws MinerStoreException if the leaves do not give this root
     */
    SparseMerkleSumTrie trie(String session, MerkleSumRoot root);

    /** Gives a proof the leaves that it shows. */
    LeafNodeSource leaves(String session);

    /**
     * Messages that wait to be included.
     *
     * @param phase claims or proofs
     * @param sessionEnd last block of their sessions
     * @return messages by session id
     */
    Map<String, OutboxEntry> messages(SubmissionPhase phase, long sessionEnd);

    /**
     * What an operator is told about a session's submissions.
     *
     * @param sessionEnd last block of the session
     */
    Optional<SubmissionReport> report(String session, long sessionEnd);

    /** Stores or replaces a report. */
    void report(SubmissionReport report);

    /** Stops deliveries. What was not settled stays for the next owner. */
    @Override
    void close();
}
