package io.relayminer.miner;

import static io.relayminer.miner.RedisCommands.utf8;
import static io.relayminer.miner.StreamsCommand.fields;
import static io.relayminer.miner.StreamsCommand.string;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.util.List;
import java.util.Map;

/** Entries of a stream that were delivered and not acknowledged, by who holds them. */
@Command(
        name = "pending",
        description = "Delivered and unacknowledged entries by consumer.",
        mixinStandardHelpOptions = true)
final class PendingCommand extends LookCommand {

    @Option(names = "--supplier", required = true)
    private String supplier = "";

    @Override
    void at(RedisCommands.Session s) {
        byte[] stream = utf8(s.keys().stream(supplier));
        byte[] group = utf8(s.keys().consumerGroup());
        s.out().printf("%-40s %10s %12s %s%n", "CONSUMER", "PENDING", "IDLE MS", "ALIVE");
        for (Object consumer : s.redis().xinfoConsumers(stream, group)) {
            Map<String, Object> f = fields((List<?>) consumer);
            String name = string(f.get("name"));
            boolean alive = s.redis().exists(utf8(s.keys().instance(name))) > 0;
            s.out().printf("%-40s %10s %12s %b%n", name, f.get("pending"), f.get("idle"), alive);
        }
    }
}
