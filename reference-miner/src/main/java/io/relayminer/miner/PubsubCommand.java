package io.relayminer.miner;

import io.relayminer.core.redis.RedisSubscriber;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicInteger;

/** Messages on a channel as they come. */
@Command(
        name = "pubsub",
        description = "Messages on a channel as they come.",
        mixinStandardHelpOptions = true)
final class PubsubCommand extends LookCommand {

    @Option(names = "--channel", required = true)
    private String channel = "";

    @Option(
            names = "--duration",
            defaultValue = "0",
            paramLabel = "SECONDS",
            description = "When to end; 0 to go on until interrupted.")
    private int seconds;

    @Override
    void at(RedisCommands.Session s) {
        AtomicInteger count = new AtomicInteger();
        try (RedisSubscriber subscriber = s.connections().subscriber()) {
            var unused =
                    subscriber.subscribe(
                            channel,
                            message -> {
                                s.out()
                                        .printf(
                                                "%d %s %s%n",
                                                count.incrementAndGet(),
                                                Instant.now(),
                                                new String(message, StandardCharsets.UTF_8));
                                s.out().flush();
                            },
                            () -> {
                                s.out().println("subscribed to " + channel);
                                s.out().flush();
                            });
            Thread.sleep(seconds == 0 ? Duration.ofDays(3650) : Duration.ofSeconds(seconds));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        s.out().printf("%d messages%n", count.get());
    }
}
