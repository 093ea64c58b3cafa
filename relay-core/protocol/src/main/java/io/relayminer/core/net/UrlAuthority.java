package io.relayminer.core.net;

import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Whom a URL names. Beside what {@link URI} takes for a host, names with an underscore are read:
 * they are no host names by the book, but the usual names of services in a Compose file.
 *
 * @param userInfo user and password as decoded text, {@code ""} if there are none
 * @param host host name, or address literal; IPv6 in brackets
 * @param port port, or -1 if the URL has none
 */
public record UrlAuthority(String userInfo, String host, int port) {

    private static final Pattern NAME_AND_PORT =
            Pattern.compile("([A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?)\\.?(?::(\\d{0,5}))?");

    /**
     * The authority of a hierarchical URL.
     *
     * @throws IllegalArgumentException if it names no host; the message repeats nothing of the URL
     */
    public static UrlAuthority of(URI url) {
        if (url.getHost() != null) {
            String user = url.getUserInfo();
            return new UrlAuthority(user == null ? "" : user, url.getHost(), url.getPort());
        }
        String raw = url.getRawAuthority();
        if (raw == null) {
            throw new IllegalArgumentException("the url names no host");
        }
        int at = raw.lastIndexOf('@');
        Matcher parts = NAME_AND_PORT.matcher(raw.substring(at + 1));
        if (!parts.matches()) {
            throw new IllegalArgumentException("the url names no valid host and port");
        }
        String port = parts.group(2);
        return new UrlAuthority(
                at < 0 ? "" : decoded(raw.substring(0, at)),
                parts.group(1),
                port == null || port.isEmpty() ? -1 : Integer.parseInt(port));
    }

    private static String decoded(String userInfo) {
        return URLDecoder.decode(userInfo.replace("+", "%2B"), StandardCharsets.UTF_8);
    }

    /** Whether the host is a name that only some resolvers know, because it has an underscore. */
    public boolean hasUnderscore() {
        return host.indexOf('_') >= 0;
    }

    /** Host and port as they stand in a URL, without user and password. */
    public String hostAndPort() {
        return port < 0 ? host : host + ":" + port;
    }

    /** Says nothing of user and password. */
    @Override
    public String toString() {
        return hostAndPort();
    }
}
