package io.relayminer.relayer;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.relayminer.core.config.ConfigReader;
import io.relayminer.core.config.LoggingConfig;
import io.relayminer.core.daemon.DaemonCommand;
import io.relayminer.core.daemon.KeysSection;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The command line of the relayer daemon. */
@Command(
        name = "relayer",
        description =
                "Serves relays: authenticates them, forwards them, signs and records answers.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.class,
        subcommands = Validate.class)
public final class Main extends DaemonCommand<RelayerConfig> {

    /** Created by the command line. */
    public Main() {
        super("relayer");
    }

    /** Runs the daemon until it is told to stop. */
    public static void main(String[] args) {
        System.exit(new CommandLine(new Main()).execute(args));
    }

    @Override
    protected ConfigReader.Builder<RelayerConfig> reader() {
        return RelayerConfig.reader();
    }

    @Override
    protected RelayerConfig withRedisUrl(RelayerConfig config, String url) {
        return config.withRedisUrl(url);
    }

    @Override
    protected void requireComplete(RelayerConfig config) {
        config.requireComplete();
    }

    @Override
    protected LoggingConfig logging(RelayerConfig config) {
        return config.logging();
    }

    @Override
    protected void run(RelayerConfig config) throws InterruptedException {
        config.requirePortsFree();
        try (RelayerDaemon daemon = RelayerDaemon.start(config)) {
            daemon.closeOnSignal();
            daemon.awaitStop();
        }
    }

    /** Everything that {@code validate} checks without asking anybody. */
    void checkAll(RelayerConfig config) {
        requireComplete(config);
        check(config);
    }

    @Override
    protected void check(RelayerConfig config) {
        RelayerWiring.checkPlugins(config);
        RelayerWiring.backends(config);
        RelayerWiring.keys(config);
        KeysSection.load(config.keys(), new SimpleMeterRegistry()).close();
    }
}
