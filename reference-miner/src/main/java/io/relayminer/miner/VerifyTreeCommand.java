package io.relayminer.miner;

import io.relayminer.core.miner.redis.RedisSessionReader;
import io.relayminer.core.miner.store.SessionRecord;
import io.relayminer.smst.MerkleSumRoot;
import io.relayminer.smst.redis.LoadedTrie;
import io.relayminer.smst.redis.RedisLeafStore;
import io.relayminer.smst.redis.TrieKeys;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.time.Duration;
import java.util.HexFormat;

/** Builds the tree of a session again and compares it with what is recorded. */
@Command(
        name = "verify-tree",
        description = "Rebuilds the tree of a session and compares it with what is recorded.",
        mixinStandardHelpOptions = true)
final class VerifyTreeCommand extends LookCommand {

    @Option(names = "--supplier", required = true)
    private String supplier = "";

    @Option(names = "--session", required = true)
    private String session = "";

    @Override
    void at(RedisCommands.Session s) {
        TrieKeys keys =
                new TrieKeys(
                        s.keys().smstNodes(supplier, session),
                        s.keys().smstLiveRoot(supplier, session),
                        s.keys().smstRoot(supplier, session),
                        s.keys().smstStats(supplier, session));
        RedisLeafStore store = new RedisLeafStore(s.connections().async(), Duration.ofSeconds(30));
        LoadedTrie loaded = store.load(keys);
        MerkleSumRoot root = loaded.trie().root();
        MerkleSumRoot sealed = store.storedRoot(keys).join();
        s.out().printf("root    %s%n", HexFormat.of().formatHex(root.toBytes()));
        s.out().printf("leaves  %d%n", root.count());
        s.out().printf("units   %s%n", Long.toUnsignedString(root.sum()));
        s.out().printf("inner   %d%n", loaded.otherNodes());
        s.out().printf("damaged %d%n", loaded.damaged());
        SessionRecord record =
                new RedisSessionReader(s.connections(), s.keys())
                        .find(supplier, session)
                        .orElse(null);
        if (record != null) {
            s.out()
                    .printf(
                            "record  %d leaves, %s units: %s%n",
                            record.relayCount(),
                            Long.toUnsignedString(record.computeUnits()),
                            record.relayCount() == root.count()
                                            && record.computeUnits() == root.sum()
                                    ? "equal"
                                    : "DIFFERENT");
        }
        s.out()
                .printf(
                        "sealed  %s%n",
                        sealed.isEmpty() ? "no" : sealed.equals(root) ? "equal" : "DIFFERENT");
    }
}
