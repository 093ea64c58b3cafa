package io.relayminer.miner;

import io.relayminer.core.config.ConfigException;
import io.relayminer.core.config.ConfigPrinter;
import io.relayminer.core.config.ConfigReader;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;

/** The command line of the miner daemon and of its operators. */
@Command(
        name = "miner",
        description = "Turns mined relays into claims and proofs.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        subcommands = {Main.Validate.class, RedisCommands.class})
public final class Main implements Callable<Integer> {

    private static final Logger LOG = LoggerFactory.getLogger(Main.class);

    @Spec private CommandSpec spec = CommandSpec.create();

    @CommandLine.Mixin private ConfigOptions options = new ConfigOptions();

    @Option(
            names = "--print-config",
            description = "Print the configuration in force, secrets masked, and exit.")
    private boolean printConfig;

    /** Created by the command line. */
    public Main() {}

    /** Runs the daemon until it is told to stop, or a command of the operator. */
    public static void main(String[] args) {
        System.exit(new CommandLine(new Main()).execute(args));
    }

    @Override
    public Integer call() throws InterruptedException {
        PrintWriter err = spec.commandLine().getErr();
        MinerConfig config;
        try {
            config = options.read(err);
            if (printConfig) {
                spec.commandLine().getOut().print(ConfigPrinter.effective(config));
                spec.commandLine().getOut().flush();
                return 0;
            }
            config.requireComplete();
        } catch (ConfigException | IllegalArgumentException e) {
            err.println("configuration: " + e.getMessage());
            return 2;
        }
        LogOutput.configure(config.logging());
        LOG.info("miner {} starts", Version.text());
        try (MinerProcess process = MinerProcess.start(config)) {
            Runtime.getRuntime()
                    .addShutdownHook(
                            Thread.ofPlatform().name("miner-stop").unstarted(process::close));
            process.awaitStop();
            return 0;
        } catch (RuntimeException e) {
            LOG.error("the miner cannot run: {}", e.getMessage(), e);
            return 1;
        }
    }

    /** Where the configuration is. */
    static final class ConfigOptions {
        @Option(names = "--config", paramLabel = "FILE", description = "YAML configuration.")
        private @Nullable Path file;

        @Option(
                names = "--redis-url",
                paramLabel = "URL",
                description = "Takes the place of redis.url.")
        private @Nullable String redisUrl;

        @Option(
                names = "--lenient-config",
                description = "Warn of unknown keys instead of refusing them.")
        private boolean lenient;

        Path file() {
            Path given = file;
            if (given == null) {
                throw new IllegalArgumentException("--config FILE is required");
            }
            return given;
        }

        MinerConfig read(PrintWriter err) {
            ConfigReader.Result<MinerConfig> result =
                    MinerConfig.reader().lenient(lenient).build().read(file());
            for (String warning : result.warnings()) {
                err.println("warning: " + warning);
            }
            String url = redisUrl;
            return url == null ? result.config() : result.config().withRedisUrl(url);
        }
    }

    /** Checks a configuration without starting anything. */
    @Command(
            name = "validate",
            description = "Checks a configuration, keys included; starts nothing.",
            mixinStandardHelpOptions = true)
    static final class Validate implements Callable<Integer> {

        @Spec private CommandSpec spec = CommandSpec.create();

        @CommandLine.Mixin private ConfigOptions options = new ConfigOptions();

        @Override
        public Integer call() {
            PrintWriter out = spec.commandLine().getOut();
            PrintWriter err = spec.commandLine().getErr();
            try {
                MinerConfig config = options.read(err);
                config.requireComplete();
                MinerProcess.keys(config.redis());
                MinerProcess.nodeSettings(config, "check");
                MinerProcess.requireKeys(config);
                out.println("config OK: " + options.file() + " would start");
                out.flush();
                return 0;
            } catch (RuntimeException e) {
                err.println("config is INVALID: " + e.getMessage());
                return 1;
            }
        }
    }

    /** The version of the build. */
    static final class Version implements CommandLine.IVersionProvider {

        static String text() {
            String version = Main.class.getPackage().getImplementationVersion();
            return version == null ? "development build" : version;
        }

        @Override
        public String[] getVersion() {
            return new String[] {"miner " + text()};
        }
    }
}
