package io.relayminer.smst.redis;

/**
 * All keys that belong to one (supplier, session). On a Redis Cluster they carry one hash tag,
 * because one script uses them together.
 *
 * @param lease string: id of the instance that owns the supplier
 * @param epoch string: number of times the lease was acquired, in decimal
 * @param stream stream of mined relays of the supplier
 * @param session hash: the session record
 * @param sessionIndex set: session ids of the supplier
 * @param activeIndex set: those of them in state {@code active}
 * @param claimingIndex set: those of them in state {@code claiming}
 * @param trie keys of the session's tree
 */
public record CommitKeys(
        String lease,
        String epoch,
        String stream,
        String session,
        String sessionIndex,
        String activeIndex,
        String claimingIndex,
        TrieKeys trie) {

    /**
     * Keys under a prefix of one's own, for those who share them with no other program. All carry
     * the supplier as hash tag, so that they live together on a Redis Cluster:
     *
     * <pre>
     * lease    &lt;prefix&gt;:{&lt;supplier&gt;}:lease            stream  &lt;prefix&gt;:{&lt;supplier&gt;}:stream
     * epoch    &lt;prefix&gt;:{&lt;supplier&gt;}:epoch            indexes &lt;prefix&gt;:{&lt;supplier&gt;}:sessions[:state]
     * session  &lt;prefix&gt;:{&lt;supplier&gt;}:&lt;session&gt;        tree    &lt;prefix&gt;:{&lt;supplier&gt;}:&lt;session&gt;:nodes …
     * </pre>
     *
     * @param prefix what all keys of the program begin with, without a trailing colon
     * @param supplier who owns the session; no braces
     * @param session id of the session
     * @return the keys
     */
    public static CommitKeys of(String prefix, String supplier, String session) {
        String base = prefix + ":{" + supplier + "}";
        return new CommitKeys(
                base + ":lease",
                base + ":epoch",
                base + ":stream",
                base + ":" + session,
                base + ":sessions",
                base + ":sessions:active",
                base + ":sessions:claiming",
                TrieKeys.under(base + ":" + session));
    }
}
