package io.relayminer.miner;

import static io.relayminer.miner.RedisCommands.utf8;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Keys that match a pattern. */
@Command(name = "keys", description = "Keys that match a pattern.", mixinStandardHelpOptions = true)
final class KeysCommand extends LookCommand {

    @Option(names = "--pattern", defaultValue = "")
    private String pattern = "";

    @Option(names = "--limit", defaultValue = "100")
    private int limit;

    @Option(names = "--stats")
    private boolean stats;

    @Override
    void at(RedisCommands.Session s) {
        int shown = 0;
        for (String key : s.scan(pattern.isEmpty() ? s.keys().everythingPattern() : pattern)) {
            if (limit > 0 && shown++ == limit) {
                break;
            }
            if (stats) {
                s.out()
                        .printf(
                                "%-100s %-8s %d%n",
                                key, s.redis().type(utf8(key)), s.redis().pttl(utf8(key)));
            } else {
                s.out().println(key);
            }
        }
    }
}
