package io.relayminer.testkit.localnet;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.List;

/**
 * Writes the configuration files of the daemons, in the layout that operators use.
 *
 * @param folder where the files go
 * @param redisUrl URL of Redis
 * @param rpcUrl CometBFT RPC of the chain
 * @param grpcAddress gRPC of the chain, without TLS
 * @param chainId chain id
 * @param serviceId the service served
 * @param backendUrl its JSON-RPC backend
 */
public record DaemonConfigs(
        Path folder,
        String redisUrl,
        String rpcUrl,
        String grpcAddress,
        String chainId,
        String serviceId,
        String backendUrl) {

    /** The suppliers' keys, readable by both daemons. */
    public Path keys(List<byte[]> privateKeys) throws IOException {
        StringBuilder yaml = new StringBuilder("keys:\n");
        for (byte[] key : privateKeys) {
            yaml.append("  - \"").append(HexFormat.of().formatHex(key)).append("\"\n");
        }
        return write("supplier-keys.yaml", yaml.toString());
    }

    /** A relayer on three ports. */
    public Path relayer(String name, Path keys, int relayPort, int healthPort, int metricsPort)
            throws IOException {
        return write(
                name + ".yaml",
                """
                listen_addr: "127.0.0.1:%d"
                redis:
                  url: "%s"
                pocket_node:
                  query_node_rpc_url: "%s"
                  query_node_grpc_url: "%s"
                  grpc_insecure: true
                keys:
                  keys_file: "%s"
                services:
                  %s:
                    default_backend: jsonrpc
                    backends:
                      jsonrpc:
                        url: "%s"
                health_check:
                  enabled: true
                  addr: "127.0.0.1:%d"
                metrics:
                  enabled: true
                  addr: "127.0.0.1:%d"
                logging:
                  level: info
                """
                        .formatted(
                                relayPort,
                                redisUrl,
                                rpcUrl,
                                grpcAddress,
                                keys,
                                serviceId,
                                backendUrl,
                                healthPort,
                                metricsPort));
    }

    /** A miner with the defaults, except that it claims every session. */
    public Path miner(String name, Path keys, int metricsPort, int blockSeconds)
            throws IOException {
        return write(
                name + ".yaml",
                """
                redis:
                  url: "%s"
                pocket_node:
                  query_node_rpc_url: "%s"
                  query_node_grpc_url: "%s"
                  grpc_insecure: true
                  chain_id: "%s"
                keys:
                  keys_file: "%s"
                block_time_seconds: %d
                claims:
                  policy: always  # the fees of this chain exceed what a short run earns
                metrics:
                  enabled: true
                  addr: "127.0.0.1:%d"
                logging:
                  level: info
                """
                        .formatted(
                                redisUrl,
                                rpcUrl,
                                grpcAddress,
                                chainId,
                                keys,
                                blockSeconds,
                                metricsPort));
    }

    /**
     * A miner with leases so short that a survivor takes over well within half of the eight seconds
     * for which a claim window is open; the other half is the time in which sessions settle.
     */
    Path minerWithShortLeases(String name, Path keys, int metricsPort, int blockSeconds)
            throws IOException {
        Path config = miner(name, keys, metricsPort, blockSeconds);
        return Files.writeString(
                config,
                """
                leader_election:
                  leader_ttl_seconds: 2
                  heartbeat_rate_seconds: 1
                supplier_claiming:
                  claim_ttl_seconds: 2
                  renew_rate_seconds: 1
                  rebalance_interval_seconds: 1
                """,
                StandardOpenOption.APPEND);
    }

    private Path write(String name, String text) throws IOException {
        return Files.write(folder.resolve(name), text.getBytes(StandardCharsets.UTF_8));
    }
}
