package io.relayminer.core.chain;

import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/**
 * How to reach the chain.
 *
 * @param rpcUrls CometBFT RPC of each node: {@code http}, {@code https} or {@code tcp} (which means
 *     {@code http}); a trailing slash and user information for basic authentication are fine
 * @param grpcTargets gRPC of each node, {@code host:port}; a scheme in front is ignored
 * @param plaintext whether gRPC goes without TLS
 * @param queryTimeout deadline of one attempt of one query
 * @param blockInterval expected time between blocks, used until it was observed
 * @param chainId the chain that transactions are signed for
 */
public record ChainSettings(
        List<URI> rpcUrls,
        List<String> grpcTargets,
        boolean plaintext,
        Duration queryTimeout,
        Duration blockInterval,
        String chainId) {

    /**
     * Settings of a chain.
     *
     * @throws IllegalArgumentException if no node is named or a time is not positive
     */
    public ChainSettings {
        rpcUrls = rpcUrls.stream().map(ChainSettings::normalised).toList();
        grpcTargets = grpcTargets.stream().map(ChainSettings::withoutScheme).toList();
        if (rpcUrls.isEmpty()) {
            throw new IllegalArgumentException("no CometBFT RPC url of a chain node is configured");
        }
        if (grpcTargets.isEmpty()) {
            throw new IllegalArgumentException("no gRPC address of a chain node is configured");
        }
        if (!queryTimeout.isPositive() || !blockInterval.isPositive()) {
            throw new IllegalArgumentException("query timeout and block interval must be positive");
        }
    }

    private static URI normalised(URI url) {
        String scheme = url.getScheme() == null ? "" : url.getScheme().toLowerCase(Locale.ROOT);
        String target =
                switch (scheme) {
                    case "http", "https" -> scheme;
                    case "tcp" -> "http";
                    default ->
                            throw new IllegalArgumentException(
                                    "a CometBFT RPC url starts with http://, https:// or tcp://");
                };
        String path = url.getPath() == null ? "" : url.getPath();
        while (path.endsWith("/")) {
            path = path.substring(0, path.length() - 1);
        }
        if (url.getHost() == null) {
            throw new IllegalArgumentException("a CometBFT RPC url has no host");
        }
        try {
            return new URI(
                    target, url.getUserInfo(), url.getHost(), url.getPort(), path, null, null);
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException("a CometBFT RPC url is not valid");
        }
    }

    private static String withoutScheme(String target) {
        String bare = target.strip();
        for (String scheme : List.of("grpcs://", "grpc://", "https://", "http://")) {
            if (bare.startsWith(scheme)) {
                bare = bare.substring(scheme.length());
            }
        }
        while (bare.endsWith("/")) {
            bare = bare.substring(0, bare.length() - 1);
        }
        if (bare.isEmpty()) {
            throw new IllegalArgumentException("a gRPC address of a chain node is empty");
        }
        return bare;
    }
}
