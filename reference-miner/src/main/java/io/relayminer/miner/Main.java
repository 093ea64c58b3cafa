package io.relayminer.miner;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.relayminer.core.config.ConfigReader;
import io.relayminer.core.config.LoggingConfig;
import io.relayminer.core.daemon.DaemonCommand;
import io.relayminer.core.daemon.KeysSection;
import io.relayminer.core.daemon.RedisSection;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The command line of the miner daemon and of its operators. */
@Command(
        name = "miner",
        description = "Turns mined relays into claims and proofs.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.class,
        subcommands = {DaemonCommand.Validate.class, RedisCommands.class})
public final class Main extends DaemonCommand<MinerConfig> {

    /** Created by the command line. */
    public Main() {
        super("miner");
    }

    /** Runs the daemon until it is told to stop, or a command of the operator. */
    public static void main(String[] args) {
        System.exit(new CommandLine(new Main()).execute(args));
    }

    @Override
    protected ConfigReader.Builder<MinerConfig> reader() {
        return MinerConfig.reader();
    }

    @Override
    protected MinerConfig withRedisUrl(MinerConfig config, String url) {
        return config.withRedisUrl(url);
    }

    @Override
    protected void requireComplete(MinerConfig config) {
        config.requireComplete();
    }

    @Override
    protected LoggingConfig logging(MinerConfig config) {
        return config.logging();
    }

    @Override
    protected void run(MinerConfig config) throws InterruptedException {
        config.requirePortsFree();
        try (MinerDaemon daemon = MinerDaemon.start(config)) {
            daemon.closeOnSignal();
            daemon.awaitStop();
        }
    }

    @Override
    protected void check(MinerConfig config) {
        RedisSection.keys(config.redis());
        MinerWiring.settings(config);
        MinerWiring.chain(config);
        MinerWiring.transactions(config);
        KeysSection.load(config.keys(), new SimpleMeterRegistry()).close();
    }
}
