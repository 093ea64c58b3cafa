package io.relayminer.core.miner.redis;

import io.lettuce.core.MapScanCursor;
import io.relayminer.core.miner.store.SessionRecord;
import io.relayminer.core.miner.store.SessionState;
import io.relayminer.core.redis.GoTime;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.wire.RelayCodec;
import io.relayminer.core.wire.WireException;
import io.relayminer.core.wire.WireLimits;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.smst.LeafNode;
import io.relayminer.smst.MalformedNodeException;
import io.relayminer.smst.MerkleSumRoot;
import io.relayminer.smst.redis.RedisLeafStore;
import io.relayminer.smst.redis.TrieKeys;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;

/**
 * Makes the record of a session out of its tree: every leaf is a relay that names its session, the
 * leaves give the counters, and a stored root says that the session is sealed. The rest, whether it
 * was claimed or proved, the chain tells.
 */
final class RecordRebuild {

    private final RedisConnections connections;
    private final RedisKeys keys;
    private final RedisLeafStore trees;
    private final String supplier;

    RecordRebuild(
            RedisConnections connections, RedisKeys keys, RedisLeafStore trees, String supplier) {
        this.connections = connections;
        this.keys = keys;
        this.trees = trees;
        this.supplier = supplier;
    }

    /**
     * The record as far as it can be told.
     *
     * @param fields what the unreadable record holds, of which names and hashes are used
     * @return empty if there is no leaf that names the session
     */
    Optional<SessionRecord> record(String id, Map<String, byte[]> fields) {
        TrieKeys tree =
                new TrieKeys(
                        keys.smstNodes(supplier, id),
                        keys.smstLiveRoot(supplier, id),
                        keys.smstRoot(supplier, id),
                        keys.smstStats(supplier, id));
        Optional<SessionHeader> header = header(id, tree);
        if (header.isEmpty()) {
            return Optional.empty();
        }
        MerkleSumRoot root = trees.load(tree).trie().root();
        boolean sealed = connections.sync().exists(utf8(tree.root())) > 0;
        SessionState state =
                SessionState.ofWire(text(fields, "state"))
                        .filter(known -> !sealed || known != SessionState.ACTIVE)
                        .orElse(sealed ? SessionState.CLAIMING : SessionState.ACTIVE);
        SessionHeader session = header.get();
        byte[] claimed = fields.get("claimed_root_hash");
        return Optional.of(
                new SessionRecord(
                        id,
                        supplier,
                        session.getServiceId(),
                        session.getApplicationAddress(),
                        session.getSessionStartBlockHeight(),
                        session.getSessionEndBlockHeight(),
                        state.wire(),
                        root.count(),
                        root.sum(),
                        GoTime.ZERO,
                        GoTime.ZERO,
                        claimed != null && claimed.length == SessionRecord.ROOT_LENGTH
                                ? claimed
                                : null,
                        text(fields, "claim_tx_hash"),
                        text(fields, "proof_tx_hash"),
                        "",
                        null));
    }

    /** The header that a leaf of the session names. */
    private Optional<SessionHeader> header(String id, TrieKeys tree) {
        MapScanCursor<byte[], byte[]> page = connections.sync().hscan(utf8(tree.nodes()));
        while (true) {
            for (byte[] node : page.getMap().values()) {
                Optional<SessionHeader> header =
                        header(node).filter(found -> found.getSessionId().equals(id));
                if (header.isPresent()) {
                    return header;
                }
            }
            if (page.isFinished()) {
                return Optional.empty();
            }
            page = connections.sync().hscan(utf8(tree.nodes()), page);
        }
    }

    /** Empty for an inner node and for a leaf that is damaged. */
    private static Optional<SessionHeader> header(byte[] node) {
        try {
            return Optional.of(
                    RelayCodec.decodeRelay(LeafNode.decode(node).value(), WireLimits.RELAY)
                            .getReq()
                            .getMeta()
                            .getSessionHeader());
        } catch (MalformedNodeException | WireException e) {
            return Optional.empty();
        }
    }

    private static String text(Map<String, byte[]> fields, String name) {
        byte[] value = fields.get(name);
        return value == null ? "" : new String(value, StandardCharsets.UTF_8);
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
