package io.relayminer.miner;

import static io.relayminer.miner.RedisCommands.utf8;

import io.lettuce.core.ScanArgs;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.nio.charset.StandardCharsets;
import java.util.List;

/** Leaf nodes of a session as they are stored. */
@Command(
        name = "smst",
        description = "Leaf nodes of a session, of whichever supplier.",
        mixinStandardHelpOptions = true)
final class SmstCommand extends LookCommand {

    @Option(names = "--session", required = true)
    private String session = "";

    @Option(names = "--limit", defaultValue = "10")
    private int limit;

    @Override
    void at(RedisCommands.Session s) {
        List<String> found = s.scan(s.keys().smstNodesPattern(session));
        for (String key : found) {
            s.out().printf("%s %d nodes%n", key, s.redis().hlen(utf8(key)));
            var page = s.redis().hscan(utf8(key), ScanArgs.Builder.limit(Math.max(1, limit)));
            page.getMap().entrySet().stream()
                    .limit(limit)
                    .forEach(
                            node ->
                                    s.out()
                                            .printf(
                                                    "  %s %d bytes%n",
                                                    new String(
                                                            node.getKey(), StandardCharsets.UTF_8),
                                                    node.getValue().length));
        }
        if (found.isEmpty()) {
            s.out().println("no tree of this session");
        }
    }
}
