package io.relayminer.testkit.localnet;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.net.URI;
import java.util.Optional;
import java.util.concurrent.Callable;

/**
 * The command {@code localnet}: runs the whole system on this machine and exits 0 only if every
 * relay that was served was settled and nothing is left over.
 */
@Command(
        name = "localnet",
        mixinStandardHelpOptions = true,
        description =
                "Runs Redis, a chain, a backend, two relayers, two miners and a gateway on this"
                        + " machine, and shows for each supplier and session what was served,"
                        + " claimed, proved and settled. Exits 0 only if every served relay was"
                        + " settled and nothing is left over.")
public final class Localnet implements Callable<Integer> {

    @Option(names = "--rate", defaultValue = "20", description = "Relays per second, default 20.")
    private double rate;

    @Option(
            names = "--sessions",
            description = "Sessions to serve relays in, default 3, with --kill 6.")
    private @Nullable Integer sessions;

    @Option(
            names = "--applications",
            defaultValue = "2",
            description = "Applications, 1 to 5, default 2.")
    private int applications;

    @Option(
            names = "--suppliers",
            defaultValue = "3",
            description = "Suppliers, 1 to 15, default 3.")
    private int suppliers;

    @Option(
            names = "--relay-bytes",
            defaultValue = "200",
            description = "Size of a relay's JSON-RPC body, default 200.")
    private int relayBytes;

    @Option(
            names = "--kill",
            description =
                    "Kill -9 the leading miner, then a relayer, in mid-session and again between"
                            + " claim and proof.")
    private boolean kill;

    @Option(
            names = "--external-node",
            paramLabel = "RPC_URL,GRPC_HOST:PORT",
            split = ",",
            description =
                    "Use this chain instead of the built-in one; its genesis must know the"
                            + " localnet's accounts.")
    private String @Nullable [] externalNode;

    @Option(
            names = "--redis",
            paramLabel = "URL",
            description = "Use this Redis instead of the built-in one; it should be empty.")
    private @Nullable String redis;

    @Option(names = "--keep-logs", description = "Keep configurations and logs in any case.")
    private boolean keepLogs;

    private Localnet() {}

    /** Runs the command and exits the process. */
    public static void main(String[] arguments) {
        System.exit(run(arguments));
    }

    /**
     * Runs the command in this process, whose class path must have the daemons.
     *
     * @return the exit code: 0 if everything was settled
     */
    public static int run(String... arguments) {
        return new CommandLine(new Localnet()).execute(arguments);
    }

    @Override
    public Integer call() throws Exception {
        LocalnetRun run = new LocalnetRun(options(), System.out);
        Thread hook = Thread.ofPlatform().name("localnet-shutdown").unstarted(run::close);
        Runtime.getRuntime().addShutdownHook(hook);
        try (run) {
            return run.run() ? 0 : 1;
        }
    }

    private LocalnetOptions options() {
        String[] node = externalNode;
        if (node != null && node.length != 2) {
            throw new IllegalArgumentException(
                    "--external-node takes an RPC URL and a gRPC address, separated by a comma");
        }
        return new LocalnetOptions(
                rate,
                sessions != null ? sessions : kill ? 6 : 3,
                applications,
                suppliers,
                relayBytes,
                kill,
                Optional.ofNullable(node).map(n -> URI.create(n[0])),
                Optional.ofNullable(node).map(n -> n[1]),
                Optional.ofNullable(redis),
                keepLogs);
    }
}
