package io.relayminer.testkit.localnet;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

import java.net.URI;
import java.util.Objects;
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
            description =
                    "Use this Redis instead of the built-in one. Nobody else should use it"
                            + " meanwhile; what the run has put there is removed if all went well.")
    private @Nullable String redis;

    @Option(
            names = "--in-step",
            description =
                    "Make a block of the built-in chain when everyone is done with the last one,"
                            + " not every second: the outcome does not depend on the machine's"
                            + " speed.")
    private boolean inStep;

    @Option(
            names = "--keep-logs",
            description =
                    "Keep configurations, logs and what is in the Redis of --redis in any case; if"
                            + " something went wrong they are kept without it.")
    private boolean keepLogs;

    @Spec private @Nullable CommandSpec spec;

    private Localnet() {}

    /** Runs the command and exits the process. */
    public static void main(String[] arguments) {
        System.exit(run(arguments));
    }

    /**
     * Runs the command in this process, whose class path must have the daemons.
     *
     * @return the exit code: 0 if everything was settled, 1 if not, 2 if the arguments do not make
     *     sense or what they name cannot be used
     */
    public static int run(String... arguments) {
        return new CommandLine(new Localnet())
                .setExecutionExceptionHandler(
                        (failure, command, parsed) -> {
                            if (failure instanceof LocalnetException) {
                                command.getErr().println("localnet: " + failure.getMessage());
                                return CommandLine.ExitCode.USAGE;
                            }
                            throw failure;
                        })
                .execute(arguments);
    }

    @Override
    public Integer call() throws Exception {
        LocalnetOptions options;
        try {
            options = options();
        } catch (IllegalArgumentException e) {
            throw new ParameterException(
                    Objects.requireNonNull(spec).commandLine(), String.valueOf(e.getMessage()));
        }
        LocalnetRun run = new LocalnetRun(options, System.out);
        Thread hook = Thread.ofPlatform().name("localnet-shutdown").unstarted(run::abort);
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            return run.run() ? 0 : 1;
        } finally {
            forget(hook);
        }
    }

    private static void forget(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException shuttingDown) {
            // It is running.
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
                inStep,
                keepLogs);
    }
}
