package io.relayminer.miner;

import io.relayminer.core.redis.StreamJanitor;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.time.Duration;

/** Gives entries whose consumer died to whoever reads next. Nothing is lost or counted twice. */
@Command(
        name = "reclaim",
        description =
                "Appends entries again that were delivered long ago and never acknowledged; the"
                        + " tree takes each relay once however often it comes.",
        mixinStandardHelpOptions = true)
final class ReclaimCommand extends LookCommand {

    @Option(names = "--supplier", required = true)
    private String supplier = "";

    @Option(
            names = "--idle",
            defaultValue = "300",
            paramLabel = "SECONDS",
            description = "How long they have been pending at least.")
    private int idleSeconds;

    @Override
    void at(RedisCommands.Session s) {
        StreamJanitor janitor = new StreamJanitor(s.connections(), s.keys(), "operator");
        long total = 0;
        long moved;
        do {
            moved = janitor.requeue(supplier, Duration.ofSeconds(idleSeconds));
            total += moved;
        } while (moved > 0 && idleSeconds > 0);
        s.out().printf("%d entries appended again%n", total);
    }
}
