package io.relayminer.core.config;

/** {@code pocket_node}: how to reach the chain. */
public record PocketNodeConfig(
        @Key("CometBFT RPC, e.g. http://node:26657; several separated by commas. Required.")
                String queryNodeRpcUrl,
        @Key("gRPC endpoint, host:port; several separated by commas. Required.")
                String queryNodeGrpcUrl,
        @Key("Plaintext gRPC instead of TLS.") Boolean grpcInsecure,
        @Key("Deadline of one query, seconds.") Integer queryTimeoutSeconds,
        @Key("Chain id; must be the one the node reports.") String chainId) {

    /** Puts the defaults in place. */
    public PocketNodeConfig {
        queryNodeRpcUrl = Check.textOr(queryNodeRpcUrl, "");
        queryNodeGrpcUrl = Check.textOr(queryNodeGrpcUrl, "");
        grpcInsecure = Check.orDefault(grpcInsecure, false);
        queryTimeoutSeconds =
                Check.inRange(
                        "query_timeout_seconds", Check.orDefault(queryTimeoutSeconds, 5), 1, 300);
        chainId = Check.textOr(chainId, "pocket");
    }

    /** No node at all; not usable, but a starting point for the reference page. */
    @SuppressWarnings("NullAway") // null is how the reader says "absent"
    public static PocketNodeConfig defaults() {
        return new PocketNodeConfig(null, null, null, null, null);
    }

    /** The same chain through other gRPC endpoints. */
    public PocketNodeConfig withGrpcUrl(String target) {
        return new PocketNodeConfig(
                queryNodeRpcUrl, target, grpcInsecure, queryTimeoutSeconds, chainId);
    }

    /** Refuses a configuration without node. */
    public void require() {
        if (queryNodeRpcUrl().isEmpty()) {
            throw new IllegalArgumentException("pocket_node.query_node_rpc_url is required");
        }
        if (queryNodeGrpcUrl().isEmpty()) {
            throw new IllegalArgumentException("pocket_node.query_node_grpc_url is required");
        }
    }
}
