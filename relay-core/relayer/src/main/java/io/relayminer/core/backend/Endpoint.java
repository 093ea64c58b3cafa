package io.relayminer.core.backend;

import io.relayminer.core.net.UrlAuthority;
import io.relayminer.transport.BackendRequest;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One node of a pool.
 *
 * @param name name in logs, metrics and the readiness document
 * @param target host to connect to; {@code https}, {@code wss} and {@code grpcs} speak TLS
 * @param path raw path of the URL, may be empty
 * @param query raw query of the URL without the question mark, may be empty
 * @param credentials user and password of the URL, used unless the pool has its own
 * @param displayUrl the URL with user and password masked
 */
public record Endpoint(
        String name,
        BackendRequest.Target target,
        String path,
        String query,
        BackendAuthentication credentials,
        String displayUrl) {

    private static final Pattern HAS_SCHEME = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]*://.*");
    private static final Pattern USER_INFO = Pattern.compile("(://)[^/@?#]*@");

    /**
     * An endpoint from its configured URL; {@code host:port} without a scheme means {@code http}.
     *
     * @param name empty means the host (with port) of the URL
     * @throws IllegalArgumentException if it is not a usable URL; the message masks credentials
     */
    public static Endpoint parse(String name, String url) {
        String full = HAS_SCHEME.matcher(url).matches() ? url : "http://" + url;
        String masked = mask(full);
        URI uri;
        try {
            uri = new URI(full);
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(
                    "backend url " + masked + " is not a URL: " + e.getReason());
        }
        String scheme = uri.getScheme().toLowerCase(Locale.ROOT);
        boolean tls =
                switch (scheme) {
                    case "https", "wss", "grpcs" -> true;
                    case "http", "ws", "grpc" -> false;
                    default ->
                            throw new IllegalArgumentException(
                                    "backend url "
                                            + masked
                                            + " has scheme \""
                                            + scheme
                                            + "\"; use http, https, ws, wss, grpc or grpcs");
                };
        UrlAuthority whom;
        try {
            whom = UrlAuthority.of(uri);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "backend url " + masked + " is not usable: " + e.getMessage());
        }
        int port = whom.port() < 0 ? (tls ? 443 : 80) : whom.port();
        if (port < 1 || port > 65_535) {
            throw new IllegalArgumentException(
                    "backend url " + masked + " has port " + port + "; use 1 to 65535");
        }
        String host = whom.host();
        String bare = host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
        return new Endpoint(
                name.isEmpty() ? whom.hostAndPort() : name,
                new BackendRequest.Target(tls, bare, port),
                uri.getRawPath() == null ? "" : uri.getRawPath(),
                uri.getRawQuery() == null ? "" : uri.getRawQuery(),
                credentials(whom.userInfo()),
                masked);
    }

    /** The same endpoint, spoken to in HTTP/2. */
    public Endpoint overHttp2() {
        return new Endpoint(
                name,
                new BackendRequest.Target(target.tls(), target.host(), target.port(), true),
                path,
                query,
                credentials,
                displayUrl);
    }

    private static BackendAuthentication credentials(String userInfo) {
        int colon = userInfo.indexOf(':');
        return colon < 0
                ? BackendAuthentication.NONE
                : new BackendAuthentication(
                        userInfo.substring(0, colon), userInfo.substring(colon + 1), "", "");
    }

    private static String mask(String url) {
        Matcher m = USER_INFO.matcher(url);
        return m.find() ? m.replaceFirst("$1***@") : url;
    }
}
