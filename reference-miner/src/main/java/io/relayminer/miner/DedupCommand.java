package io.relayminer.miner;

import static io.relayminer.miner.RedisCommands.utf8;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.util.HexFormat;

/** Relay hashes that miners of other make remember for a session; ours need none. */
@Command(
        name = "dedup",
        description = "Relay hashes that miners of other make remember for a session.",
        mixinStandardHelpOptions = true)
final class DedupCommand extends LookCommand {

    @Option(names = "--session", required = true)
    private String session = "";

    @Override
    void at(RedisCommands.Session s) {
        byte[] key = utf8(s.keys().dedup(session));
        s.out().printf("%d hashes, ttl %d ms%n", s.redis().scard(key), s.redis().pttl(key));
        for (byte[] hash : s.redis().srandmember(key, 10)) {
            s.out().println(HexFormat.of().formatHex(hash));
        }
    }
}
