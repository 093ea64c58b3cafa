package io.relayminer.core.daemon;

import io.relayminer.core.chain.ChainSettings;
import io.relayminer.core.config.PocketNodeConfig;

import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/** What the {@code pocket_node} section of a configuration means. */
public final class ChainSection {

    private ChainSection() {}

    /**
     * How the chain is reached.
     *
     * @param blockInterval expected time between two blocks
     * @throws IllegalArgumentException naming the key; addresses are not repeated
     */
    public static ChainSettings settings(PocketNodeConfig node, Duration blockInterval) {
        try {
            return new ChainSettings(
                    split(node.queryNodeRpcUrl()).stream().map(ChainSection::rpcUrl).toList(),
                    split(node.queryNodeGrpcUrl()),
                    node.grpcInsecure(),
                    Duration.ofSeconds(node.queryTimeoutSeconds()),
                    blockInterval,
                    node.chainId());
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("pocket_node: " + e.getMessage());
        }
    }

    private static URI rpcUrl(String text) {
        try {
            return new URI(text);
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException("query_node_rpc_url is not a URL: " + e.getReason());
        }
    }

    private static List<String> split(String list) {
        return Stream.of(list.split(",", -1))
                .map(String::strip)
                .filter(each -> !each.isEmpty())
                .toList();
    }
}
