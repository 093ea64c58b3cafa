package io.relayminer.miner;

import static io.relayminer.miner.RedisCommands.utf8;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;

/** Deletes keys of the fleet's namespace, whatever they are worth. */
@Command(
        name = "flush",
        description =
                "Deletes keys. Streams, trees, sessions and the outbox hold relays that are not"
                        + " paid yet; what is deleted of them is lost.",
        mixinStandardHelpOptions = true)
final class FlushCommand implements Callable<Integer> {

    private static final int SAMPLE = 20;

    @ParentCommand private @Nullable RedisCommands redis;
    @Spec private CommandSpec spec = CommandSpec.create();

    @Option(names = "--pattern", description = "Which keys.")
    private @Nullable String pattern;

    @Option(names = "--all", description = "Every key of the namespace.")
    private boolean all;

    @Option(names = "--force", description = "Do not ask.")
    private boolean force;

    @Override
    public Integer call() {
        if ((pattern == null) == !all) {
            spec.commandLine().getErr().println("give either --pattern or --all");
            return 2;
        }
        return Objects.requireNonNull(redis)
                .look(
                        s -> {
                            String which = pattern == null ? s.keys().everythingPattern() : pattern;
                            List<String> found = s.scan(which);
                            s.out().printf("%d keys match %s%n", found.size(), which);
                            found.stream().limit(SAMPLE).forEach(s.out()::println);
                            if (found.isEmpty()
                                    || (!force
                                            && !Confirmation.given(
                                                    s.out(),
                                                    "They cannot be restored.",
                                                    "DELETE"))) {
                                s.out().println("nothing was deleted");
                                return;
                            }
                            long deleted = 0;
                            for (String key : found) {
                                deleted += s.redis().del(utf8(key));
                            }
                            s.out().printf("%d keys deleted%n", deleted);
                        });
    }
}
