package io.relayminer.testkit.localnet;

import io.relayminer.core.wire.application.Application;
import io.relayminer.core.wire.cosmos.base.Coin;
import io.relayminer.testkit.chain.DevChain;
import io.relayminer.testkit.chain.genesis.Genesis;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;

/** Runs a {@link DevChain} by itself until it is interrupted. */
@Command(
        name = "devchain",
        mixinStandardHelpOptions = true,
        description =
                "A Pocket chain in one process: gRPC and CometBFT RPC of a full node, the"
                        + " localnet's accounts, timed blocks.")
public final class DevChainMain implements Callable<Integer> {
    @Option(
            names = "--host",
            defaultValue = "127.0.0.1",
            description = "Address to listen on (default: ${DEFAULT-VALUE}).")
    private String host = "127.0.0.1";

    @Option(
            names = "--grpc-port",
            defaultValue = "9090",
            description =
                    "Port of the gRPC interface, 0 for a free one (default: ${DEFAULT-VALUE}).")
    private int grpcPort;

    @Option(
            names = "--rpc-port",
            defaultValue = "26657",
            description = "Port of CometBFT's RPC, 0 for a free one (default: ${DEFAULT-VALUE}).")
    private int rpcPort;

    @Option(
            names = "--admin-port",
            defaultValue = "26680",
            description =
                    "Port of the HTTP interface to blocks and faults, -1 for none (default:"
                            + " ${DEFAULT-VALUE}).")
    private int adminPort;

    @Option(
            names = "--block-time",
            defaultValue = "PT1S",
            description = "Interval between blocks, ISO 8601 (default: ${DEFAULT-VALUE}).")
    private Duration blockTime = Duration.ofSeconds(1);

    @Option(
            names = "--manual",
            description = "Make no blocks by timer; POST /advance to the admin port makes them.")
    private boolean manual;

    @Option(
            names = "--blocks-per-session",
            defaultValue = "10",
            description = "Blocks per session (default: ${DEFAULT-VALUE}).")
    private int blocksPerSession;

    @Option(
            names = "--suppliers",
            defaultValue = "15",
            description = "Number of staked suppliers, 1 to 15 (default: ${DEFAULT-VALUE}).")
    private int suppliers;

    @Option(
            names = "--supplier-url",
            defaultValue = "http://127.0.0.1:8080",
            description = "URL the suppliers announce (default: ${DEFAULT-VALUE}).")
    private String supplierUrl = "http://127.0.0.1:8080";

    @Option(
            names = "--application-stake",
            paramLabel = "UPOKT",
            description =
                    "Stake of each application; it bounds what the suppliers of a session are paid"
                            + " for.")
    private @Nullable BigInteger applicationStake;

    @Option(
            names = "--minimum-gas-price",
            defaultValue = "0",
            description = "Lowest gas price accepted, in upokt (default: ${DEFAULT-VALUE}).")
    private BigDecimal minimumGasPrice = BigDecimal.ZERO;

    @Option(
            names = "--proof-probability",
            defaultValue = "1",
            description =
                    "Probability that a claim below the threshold needs a proof (default:"
                            + " ${DEFAULT-VALUE}).")
    private double proofProbability;

    @Option(
            names = "--unregistered-keys",
            description = "Start as a fresh localnet does, with no account's public key on chain.")
    private boolean unregisteredKeys;

    private DevChainMain() {}

    /** Starts the chain and waits. */
    public static void main(String[] arguments) {
        System.exit(new CommandLine(new DevChainMain()).execute(arguments));
    }

    @Override
    public Integer call() throws InterruptedException {
        Genesis.Builder genesis =
                Genesis.localnet()
                        .time(Instant.now())
                        .blockTime(blockTime)
                        .blocksPerSession(blocksPerSession)
                        .suppliers(suppliers, supplierUrl)
                        .proof(params -> params.setProofRequestProbability(proofProbability));
        BigInteger stake = applicationStake;
        if (stake != null) {
            for (Application application : genesis.build().applications()) {
                genesis.application(
                        application.toBuilder()
                                .setStake(
                                        Coin.newBuilder()
                                                .setDenom("upokt")
                                                .setAmount(stake.toString()))
                                .build());
            }
        }
        if (unregisteredKeys) {
            genesis.withoutPublicKeys();
        }
        DevChain.Builder builder =
                DevChain.builder(genesis.build())
                        .host(host)
                        .grpcPort(grpcPort)
                        .rpcPort(rpcPort)
                        .adminPort(adminPort)
                        .minimumGasPrice(minimumGasPrice);
        if (!manual) {
            builder.timedBlocks();
        }
        CountDownLatch stopped = new CountDownLatch(1);
        try (DevChain chain = builder.start()) {
            Runtime.getRuntime().addShutdownHook(new Thread(stopped::countDown));
            System.out.printf(
                    "grpc %s%nrpc %s%nadmin %s%n",
                    chain.grpcAddress(), chain.rpcAddress(), chain.adminAddress().orElse("none"));
            stopped.await();
        }
        return CommandLine.ExitCode.OK;
    }
}
