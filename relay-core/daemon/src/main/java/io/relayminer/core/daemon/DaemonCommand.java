package io.relayminer.core.daemon;

import io.relayminer.core.config.ConfigException;
import io.relayminer.core.config.ConfigPrinter;
import io.relayminer.core.config.ConfigReader;
import io.relayminer.core.config.LoggingConfig;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

import java.io.PrintWriter;
import java.util.Objects;
import java.util.concurrent.Callable;

/**
 * The command line of a daemon: reads the configuration, then prints or checks it or runs the
 * daemon. A daemon says what its configuration is and how it runs.
 *
 * <p>Exit codes: 0 if the daemon was stopped, 1 if it could not run, 2 if the configuration or the
 * command line is wrong.
 *
 * @param <C> the configuration
 */
public abstract class DaemonCommand<C extends Record>
        implements Callable<Integer>, IVersionProvider {

    private static final Logger LOG = LoggerFactory.getLogger(DaemonCommand.class);

    private final String name;

    @Spec private CommandSpec spec = CommandSpec.create();

    @Mixin private ConfigOptions options = new ConfigOptions();

    @Option(
            names = "--print-config",
            description = "Print the configuration in force, secrets masked, and exit.")
    private boolean printConfig;

    /**
     * The command line of one daemon.
     *
     * @param name how the daemon calls itself
     */
    protected DaemonCommand(String name) {
        this.name = name;
    }

    /** A reader of the configuration. */
    protected abstract ConfigReader.Builder<C> reader();

    /** The configuration with another Redis URL. */
    protected abstract C withRedisUrl(C config, String url);

    /**
     * Checks what a daemon needs and the bare file may lack.
     *
     * @throws ConfigException if something is missing
     */
    protected abstract void requireComplete(C config);

    /** Where log lines go. */
    protected abstract LoggingConfig logging(C config);

    /**
     * Runs the daemon until it is told to stop.
     *
     * @throws InterruptedException if the thread was interrupted while waiting
     */
    protected abstract void run(C config) throws InterruptedException;

    /**
     * Does everything that can go wrong about a complete configuration without starting anything.
     *
     * @throws RuntimeException whose message says what is wrong
     */
    protected abstract void check(C config);

    /** Reads the configuration that the options name; warnings go to the writer. */
    public final C read(ConfigOptions from, PrintWriter err) {
        return from.read(reader(), this::withRedisUrl, err);
    }

    @Override
    public final Integer call() throws InterruptedException {
        PrintWriter err = spec.commandLine().getErr();
        C config;
        try {
            config = read(options, err);
            if (printConfig) {
                spec.commandLine().getOut().print(ConfigPrinter.effective(config));
                spec.commandLine().getOut().flush();
                return 0;
            }
            requireComplete(config);
        } catch (ConfigException | IllegalArgumentException e) {
            err.println("configuration: " + e.getMessage());
            return 2;
        }
        LogOutput.configure(logging(config));
        LOG.info("{} {} starts", name, versionOf(getClass()));
        try {
            run(config);
            return 0;
        } catch (RuntimeException e) {
            LOG.error("the {} cannot run: {}", name, e.getMessage(), e);
            return 1;
        }
    }

    /** The version of the archive a class comes from; never empty. */
    public static String versionOf(Class<?> type) {
        String version = type.getPackage().getImplementationVersion();
        return version == null ? "development build" : version;
    }

    @Override
    public final String[] getVersion() {
        return new String[] {name + " " + versionOf(getClass())};
    }

    /** Checks a configuration without starting anything. */
    @Command(
            name = "validate",
            description = "Checks a configuration, keys included; starts nothing.",
            mixinStandardHelpOptions = true)
    public static final class Validate implements Callable<Integer> {

        @ParentCommand private @Nullable DaemonCommand<?> daemon;

        @Spec private CommandSpec spec = CommandSpec.create();

        @Mixin private ConfigOptions options = new ConfigOptions();

        /** Created by the command line. */
        public Validate() {}

        @Override
        public Integer call() {
            PrintWriter out = spec.commandLine().getOut();
            PrintWriter err = spec.commandLine().getErr();
            try {
                checkAll(Objects.requireNonNull(daemon), err);
                out.println("config OK: " + options.file() + " would start");
                out.flush();
                return 0;
            } catch (RuntimeException e) {
                err.println("config is INVALID: " + e.getMessage());
                return 1;
            }
        }

        private <C extends Record> void checkAll(DaemonCommand<C> command, PrintWriter err) {
            C config = command.read(options, err);
            command.requireComplete(config);
            command.check(config);
        }
    }
}
