package io.relayminer.miner;

import io.lettuce.core.RedisException;
import io.lettuce.core.ScanArgs;
import io.lettuce.core.ScanCursor;
import io.lettuce.core.cluster.api.sync.RedisClusterCommands;
import io.relayminer.core.config.ConfigException;
import io.relayminer.core.daemon.RedisSection;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisEndpoint;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.redis.RedisStateException;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.Callable;

/**
 * What an operator can see in Redis while the fleet runs. Each command is a class of its own; all
 * only read, except {@code reclaim}, which loses nothing, {@code cache --invalidate} and {@code
 * flush}. Binary values are printed as hex; scans go in pages and never use {@code KEYS}.
 */
@Command(
        name = "redis",
        description = "Looks at the fleet's state in Redis.",
        mixinStandardHelpOptions = true,
        subcommands = {
            SessionsCommand.class,
            SubmissionsCommand.class,
            SmstCommand.class,
            VerifyTreeCommand.class,
            StreamsCommand.class,
            PendingCommand.class,
            DedupCommand.class,
            LeaderCommand.class,
            LeaseCommand.class,
            SupplierCommand.class,
            MeterCommand.class,
            PubsubCommand.class,
            KeysCommand.class,
            CacheCommand.class,
            ReclaimCommand.class,
            FlushCommand.class
        })
final class RedisCommands implements Callable<Integer> {

    private static final int PAGE = 500;

    @Spec private CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--redis",
            scope = CommandLine.ScopeType.INHERIT,
            paramLabel = "URL",
            description = "Redis URL; takes the place of the configuration's.")
    private @Nullable String url;

    @Option(
            names = "--config",
            scope = CommandLine.ScopeType.INHERIT,
            paramLabel = "FILE",
            description = "Miner configuration, for the URL, the namespace and times.")
    private @Nullable Path config;

    @Override
    public Integer call() {
        spec.commandLine().usage(spec.commandLine().getOut());
        return 0;
    }

    /** Open connections, names of keys, and the configuration they are from. */
    record Session(
            RedisConnections connections, RedisKeys keys, MinerConfig config, PrintWriter out)
            implements AutoCloseable {

        RedisClusterCommands<byte[], byte[]> redis() {
            return connections.sync();
        }

        byte @Nullable [] get(String key) {
            return redis().get(utf8(key));
        }

        String text(String key) {
            byte[] value = get(key);
            return value == null ? "" : new String(value, StandardCharsets.UTF_8);
        }

        List<String> members(String key) {
            List<String> members = new ArrayList<>();
            for (byte[] member : redis().smembers(utf8(key))) {
                members.add(new String(member, StandardCharsets.UTF_8));
            }
            members.sort(Comparator.naturalOrder());
            return members;
        }

        List<String> scan(String pattern) {
            TreeSet<String> found = new TreeSet<>();
            ScanCursor cursor = ScanCursor.INITIAL;
            do {
                var page = redis().scan(cursor, ScanArgs.Builder.matches(pattern).limit(PAGE));
                for (byte[] key : page.getKeys()) {
                    found.add(new String(key, StandardCharsets.UTF_8));
                }
                cursor = page;
            } while (!cursor.isFinished());
            return List.copyOf(found);
        }

        @Override
        public void close() {
            out.flush();
            connections.close();
        }
    }

    private Session open() {
        MinerConfig read =
                config == null
                        ? MinerConfig.reader().build().parse("{}", "defaults").config()
                        : MinerConfig.reader().lenient(true).build().read(config).config();
        String target = url == null ? read.redis().url() : url;
        return new Session(
                RedisConnections.open(
                        RedisEndpoint.parse(target), "operator", RedisConnections.Limits.DEFAULT),
                RedisSection.keys(read.redis()),
                read,
                spec.commandLine().getOut());
    }

    /** What a command does with an open connection. */
    interface Look {
        void at(Session session);
    }

    /**
     * Opens a connection for one command; 0, or 1 with a message if the configuration cannot be
     * read or Redis does not answer.
     */
    int look(Look look) {
        try (Session session = open()) {
            look.at(session);
            return 0;
        } catch (ConfigException | RedisStateException | RedisException e) {
            spec.commandLine().getErr().println(e.getMessage());
            return 1;
        }
    }

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static String cut(String text) {
        return text.length() <= 16 ? text : text.substring(0, 16) + "…";
    }
}
