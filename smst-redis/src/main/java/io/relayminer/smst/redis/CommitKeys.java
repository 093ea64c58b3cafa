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
        TrieKeys trie) {}
