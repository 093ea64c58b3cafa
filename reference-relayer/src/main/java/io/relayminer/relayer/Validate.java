package io.relayminer.relayer;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.relayminer.core.chain.ChainClient;
import io.relayminer.core.daemon.ConfigOptions;
import io.relayminer.core.daemon.KeysSection;
import io.relayminer.core.key.KeyRing;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

import java.io.PrintWriter;
import java.time.Instant;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;

/** Checks a configuration, on request also against what the suppliers have staked. */
@Command(
        name = "validate",
        description = "Checks a configuration, keys included; starts nothing.",
        mixinStandardHelpOptions = true)
final class Validate implements Callable<Integer> {

    @ParentCommand private @Nullable Main relayer;

    @Spec private CommandSpec spec = CommandSpec.create();

    @Mixin private ConfigOptions options = new ConfigOptions();

    @Option(
            names = "--check-stake",
            description = "Compare the backends with what the loaded suppliers have staked.")
    private boolean checkStake;

    @Option(
            names = "--node",
            paramLabel = "HOST:PORT",
            description =
                    "gRPC endpoint to ask instead of pocket_node.query_node_grpc_url; whether TLS"
                            + " is spoken still depends on grpc_insecure.")
    private @Nullable String node;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        Main command = Objects.requireNonNull(relayer);
        RelayerConfig config;
        try {
            config = command.read(options, err);
            command.checkAll(config);
        } catch (RuntimeException e) {
            err.println("config is INVALID: " + e.getMessage());
            return 1;
        }
        for (String warning : config.simulation().warnings(Instant.now())) {
            out.println("warning: " + warning);
        }
        out.println("config OK: " + options.file() + " would start");
        RelayerWiring.transports().found().forEach(each -> out.println("transport: " + each));
        RelayerWiring.backendProviders().found().forEach(each -> out.println("backend: " + each));
        out.flush();
        return checkStake ? stake(config, out, err) : 0;
    }

    private int stake(RelayerConfig config, PrintWriter out, PrintWriter err) {
        RelayerConfig asked = node == null ? config : config.withGrpcNode(node);
        Set<String> suppliers;
        try (KeyRing keys = KeysSection.load(config.keys(), new SimpleMeterRegistry())) {
            suppliers = keys.addresses();
        }
        out.println();
        out.printf(
                "checking on-chain stake for %d supplier(s) via %s (tls=%s)%n",
                suppliers.size(),
                asked.pocketNode().queryNodeGrpcUrl(),
                !asked.pocketNode().grpcInsecure());
        try (ChainClient chain = ChainClient.open(RelayerWiring.chain(asked.pocketNode()))) {
            boolean served = new StakeCheck(config, chain.queries(), out).run(suppliers);
            out.flush();
            return served ? 0 : 1;
        } catch (RuntimeException e) {
            out.flush();
            err.println("stake check FAILED: " + e.getMessage());
            return 1;
        }
    }
}
