package io.relayminer.core.chain;

import io.relayminer.core.net.UrlAuthority;

import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * How to reach the chain.
 *
 * @param rpcUrls CometBFT RPC of each node: {@code http}, {@code https} or {@code tcp} (which means
 *     {@code http}); a trailing slash and user information for basic authentication are fine
 * @param grpcTargets gRPC of each node, {@code host:port}; one of the schemes {@code grpc}, {@code
 *     grpcs}, {@code http}, {@code https} and {@code tcp} in front is ignored
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

    private static final Pattern HOST_AND_PORT =
            Pattern.compile("([A-Za-z0-9_][A-Za-z0-9._-]*|\\[[0-9A-Fa-f:.]+])(:[0-9]{1,5})?");

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

    /**
     * One node, asked in plain text, with five seconds for a query and blocks every 30 s.
     *
     * @param rpcUrl CometBFT RPC
     * @param grpcTarget gRPC, {@code host:port}
     */
    public static ChainSettings plaintext(String rpcUrl, String grpcTarget, String chainId) {
        return new ChainSettings(
                List.of(URI.create(rpcUrl)),
                List.of(grpcTarget),
                true,
                Duration.ofSeconds(5),
                Duration.ofSeconds(30),
                chainId);
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
        String path = url.getRawPath() == null ? "" : url.getRawPath();
        while (path.endsWith("/")) {
            path = path.substring(0, path.length() - 1);
        }
        UrlAuthority authority;
        try {
            authority = UrlAuthority.of(url);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "a CometBFT RPC url is not valid: " + e.getMessage());
        }
        if (authority.hasUnderscore() && target.equals("https")) {
            throw new IllegalArgumentException(
                    "no certificate can be valid for a name with an underscore; reach "
                            + authority.host()
                            + " by another name, or by http");
        }
        String user = url.getRawAuthority().replaceFirst("[^@]*$", "");
        return URI.create(target + "://" + user + authority.hostAndPort() + path);
    }

    private static String withoutScheme(String target) {
        String bare = target.strip();
        for (String scheme : List.of("grpcs://", "grpc://", "https://", "http://", "tcp://")) {
            if (bare.startsWith(scheme)) {
                bare = bare.substring(scheme.length());
            }
        }
        while (bare.endsWith("/")) {
            bare = bare.substring(0, bare.length() - 1);
        }
        if (!HOST_AND_PORT.matcher(bare).matches()) {
            throw new IllegalArgumentException(
                    "a gRPC address of a chain node is not host:port"
                            + (bare.contains("://") ? " with a known scheme" : ""));
        }
        return bare;
    }
}
