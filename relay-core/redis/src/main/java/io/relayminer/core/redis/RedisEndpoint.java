package io.relayminer.core.redis;

import org.jspecify.annotations.Nullable;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where Redis is, parsed from a connection URL. Passwords are kept out of {@code toString}.
 *
 * <table>
 * <caption>Accepted forms</caption>
 * <tr><td>{@code redis://[user[:password]@]host[:port][/db][?options]}</td><td>one server</td></tr>
 * <tr><td>{@code rediss://…}</td><td>the same over TLS; {@code ?skip_verify=true} trusts any
 * certificate</td></tr>
 * <tr><td>{@code redis-sentinel://[:password@]h1:p1,h2:p2/master[?db=N]}</td><td>the primary that
 * Sentinels name; the password is that of the data nodes</td></tr>
 * <tr><td>{@code redis-cluster://[user:password@]h1:p1,h2:p2}</td><td>Redis Cluster</td></tr>
 * </table>
 *
 * <p>The multi-host forms are no valid URIs, so all forms are parsed by hand. Options of other
 * client libraries are accepted: {@code client_name}, {@code db}, {@code dial_timeout} and {@code
 * read_timeout} have an effect, options about connection pools have none because connections are
 * shared here. An unknown option is an error.
 */
public sealed interface RedisEndpoint {

    /** Default port of a data node. */
    int DEFAULT_PORT = 6379;

    /** Default port of a Sentinel. */
    int DEFAULT_SENTINEL_PORT = 26379;

    /**
     * One address.
     *
     * @param host name or address, IPv6 without brackets
     * @param port 1 to 65535
     */
    record HostPort(String host, int port) {
        @Override
        public String toString() {
            return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
        }
    }

    /**
     * User name and password.
     *
     * @param user empty for the default user
     * @param password empty for none
     */
    record Credentials(String user, String password) {
        /** Neither user nor password. */
        public static final Credentials NONE = new Credentials("", "");

        @Override
        public String toString() {
            return password.isEmpty() ? user : user + ":***";
        }
    }

    /**
     * Settings that a URL may carry.
     *
     * @param clientName name shown by {@code CLIENT LIST}, empty for none
     * @param dialTimeout limit for establishing a connection, null for the default
     * @param readTimeout limit for a command, null for the default
     */
    record UrlOptions(
            String clientName, @Nullable Duration dialTimeout, @Nullable Duration readTimeout) {
        /** No option given. */
        public static final UrlOptions NONE = new UrlOptions("", null, null);
    }

    /**
     * One server.
     *
     * @param address where it listens
     * @param credentials how to log in
     * @param database number of the database
     * @param tls whether to use TLS
     * @param verifyPeer whether the certificate must be valid for the host
     * @param options settings in the URL
     */
    record Standalone(
            HostPort address,
            Credentials credentials,
            int database,
            boolean tls,
            boolean verifyPeer,
            UrlOptions options)
            implements RedisEndpoint {}

    /**
     * The primary of a replicated set, found through Sentinels.
     *
     * @param sentinels at least one
     * @param master name of the set
     * @param credentials of the data nodes; the user name is ignored
     * @param database number of the database
     */
    record Sentinel(List<HostPort> sentinels, String master, Credentials credentials, int database)
            implements RedisEndpoint {}

    /**
     * A cluster.
     *
     * @param seeds nodes to learn the topology from, at least one
     * @param credentials how to log in
     */
    record Cluster(List<HostPort> seeds, Credentials credentials) implements RedisEndpoint {}

    /**
     * Parses a URL.
     *
     * @throws RedisStateException.InvalidUrl if it has none of the forms; the message does not
     *     contain the password
     */
    static RedisEndpoint parse(String url) {
        return new Parser(url).parse();
    }

    /** Parser of one URL. */
    final class Parser {
        private static final Set<String> IGNORED =
                Set.of(
                        "protocol",
                        "max_retries",
                        "min_retry_backoff",
                        "max_retry_backoff",
                        "write_timeout",
                        "pool_fifo",
                        "pool_size",
                        "pool_timeout",
                        "min_idle_conns",
                        "max_idle_conns",
                        "max_active_conns",
                        "max_concurrent_dials",
                        "conn_max_idle_time",
                        "idle_timeout",
                        "conn_max_lifetime",
                        "max_conn_age");
        private static final Pattern DURATION = Pattern.compile("(\\d{1,9})(ms|s|m|h)?");

        /** Parts of a password that look like other parts of the URL are never repeated. */
        private static final String HINT =
                "; in a password write @ as %40, / as %2F, # as %23, ? as %3F, : as %3A";

        private final String url;

        Parser(String url) {
            this.url = url;
        }

        RedisEndpoint parse() {
            int colon = url.indexOf("://");
            if (colon <= 0) {
                throw bad(
                        "it has no scheme; use redis://, rediss://, redis-sentinel:// or"
                                + " redis-cluster://");
            }
            String scheme = url.substring(0, colon);
            String rest = url.substring(colon + 3);
            if (rest.indexOf('#') >= 0) {
                throw bad("it contains a '#'" + HINT);
            }
            String query = "";
            int mark = rest.indexOf('?');
            if (mark >= 0) {
                query = rest.substring(mark + 1);
                rest = rest.substring(0, mark);
            }
            Credentials credentials = Credentials.NONE;
            int slash = rest.indexOf('/');
            int at = rest.lastIndexOf('@', slash < 0 ? rest.length() : slash);
            if (rest.indexOf('@') != rest.lastIndexOf('@')) {
                throw bad("it contains more than one '@'" + HINT);
            }
            if (at >= 0) {
                credentials = credentials(rest.substring(0, at));
                rest = rest.substring(at + 1);
            }
            String path = "";
            slash = rest.indexOf('/');
            if (slash >= 0) {
                path = rest.substring(slash + 1);
                rest = rest.substring(0, slash);
            }
            Map<String, String> options = options(query);
            return switch (scheme) {
                case "redis", "rediss" ->
                        standalone(scheme.equals("rediss"), credentials, rest, path, options);
                case "redis-sentinel" -> sentinel(credentials, rest, path, options);
                case "redis-cluster" -> cluster(credentials, rest, options);
                default ->
                        throw new RedisStateException.InvalidUrl(
                                "unsupported redis URL scheme: "
                                        + scheme
                                        + "; use redis, rediss, redis-sentinel or redis-cluster");
            };
        }

        private RedisEndpoint standalone(
                boolean tls,
                Credentials credentials,
                String authority,
                String path,
                Map<String, String> options) {
            if (authority.indexOf(',') >= 0) {
                throw bad(
                        "it names several hosts; use redis-cluster:// for a cluster or"
                                + " redis-sentinel:// for a replicated server");
            }
            int database = database(path, options);
            boolean verify = true;
            String skip = options.remove("skip_verify");
            if (skip != null) {
                if (!tls) {
                    throw bad("skip_verify needs rediss://");
                }
                verify = !skip.equals("true") && !skip.equals("1");
            }
            UrlOptions known =
                    new UrlOptions(
                            options.getOrDefault("client_name", ""),
                            duration("dial_timeout", options.get("dial_timeout")),
                            duration("read_timeout", options.get("read_timeout")));
            options.remove("client_name");
            options.remove("dial_timeout");
            options.remove("read_timeout");
            rejectUnknown(options);
            HostPort address = address(authority.isEmpty() ? "localhost" : authority, DEFAULT_PORT);
            return new Standalone(address, credentials, database, tls, verify, known);
        }

        private RedisEndpoint sentinel(
                Credentials credentials,
                String authority,
                String path,
                Map<String, String> options) {
            if (path.isEmpty() || path.indexOf('/') >= 0) {
                throw bad(
                        "it must end with the name of the replicated set, as in"
                                + " redis-sentinel://h1:26379,h2:26379/mymaster");
            }
            int database = database("", options);
            rejectUnknown(options);
            return new Sentinel(
                    addresses(authority, DEFAULT_SENTINEL_PORT),
                    decode(path),
                    credentials,
                    database);
        }

        private RedisEndpoint cluster(
                Credentials credentials, String authority, Map<String, String> options) {
            options.remove("db");
            rejectUnknown(options);
            return new Cluster(addresses(authority, DEFAULT_PORT), credentials);
        }

        private int database(String path, Map<String, String> options) {
            String option = options.remove("db");
            String text = path.isEmpty() ? option : path;
            if (text == null || text.isEmpty()) {
                return 0;
            }
            try {
                int database = Integer.parseInt(text);
                if (database >= 0) {
                    return database;
                }
            } catch (NumberFormatException e) {
                throw bad("the database after the '/' is not a number" + HINT);
            }
            throw bad("the database is negative");
        }

        private List<HostPort> addresses(String authority, int defaultPort) {
            List<HostPort> addresses = new ArrayList<>();
            for (String part : authority.split(",", -1)) {
                if (part.isBlank()) {
                    throw bad("it contains an empty host");
                }
                addresses.add(address(part.trim(), defaultPort));
            }
            return List.copyOf(addresses);
        }

        private HostPort address(String text, int defaultPort) {
            String host = text;
            String port = "";
            if (text.startsWith("[")) {
                int close = text.indexOf(']');
                if (close < 0) {
                    throw bad("an IPv6 address is not closed by ']'");
                }
                host = text.substring(1, close);
                String after = text.substring(close + 1);
                if (!after.isEmpty()) {
                    if (!after.startsWith(":")) {
                        throw bad("there is text after ']'");
                    }
                    port = after.substring(1);
                }
            } else {
                int colon = text.lastIndexOf(':');
                if (colon >= 0) {
                    host = text.substring(0, colon);
                    port = text.substring(colon + 1);
                }
            }
            if (host.indexOf(':') >= 0 && !text.startsWith("[")) {
                throw bad("a host contains ':'; an IPv6 address needs brackets" + HINT);
            }
            if (host.isEmpty()) {
                host = "localhost";
            }
            if (port.isEmpty()) {
                return new HostPort(host, defaultPort);
            }
            try {
                int number = Integer.parseInt(port);
                if (number >= 1 && number <= 65535) {
                    return new HostPort(host, number);
                }
            } catch (NumberFormatException e) {
                throw bad("a port is not a number" + HINT);
            }
            throw bad("a port is not within 1 to 65535");
        }

        private Credentials credentials(String text) {
            int colon = text.indexOf(':');
            return colon < 0
                    ? new Credentials(decode(text), "")
                    : new Credentials(
                            decode(text.substring(0, colon)), decode(text.substring(colon + 1)));
        }

        private Map<String, String> options(String query) {
            Map<String, String> options = new LinkedHashMap<>();
            if (query.isEmpty()) {
                return options;
            }
            for (String pair : query.split("&", -1)) {
                int equal = pair.indexOf('=');
                if (equal <= 0) {
                    throw bad("an option has no value; write name=value");
                }
                options.put(decode(pair.substring(0, equal)), decode(pair.substring(equal + 1)));
            }
            return options;
        }

        private void rejectUnknown(Map<String, String> options) {
            for (String name : options.keySet()) {
                if (!IGNORED.contains(name)) {
                    throw bad(
                            name.matches("[a-z_]{1,30}")
                                    ? "the option '" + name + "' is unknown"
                                    : "an option is unknown" + HINT);
                }
            }
        }

        private @Nullable Duration duration(String name, @Nullable String text) {
            if (text == null || text.isEmpty()) {
                return null;
            }
            Matcher m = DURATION.matcher(text);
            if (!m.matches()) {
                throw bad("the option " + name + " is not a duration such as 3s or 500ms");
            }
            long amount = Long.parseLong(m.group(1));
            String unit = m.group(2) == null ? "s" : m.group(2);
            return switch (unit) {
                case "ms" -> Duration.ofMillis(amount);
                case "m" -> Duration.ofMinutes(amount);
                case "h" -> Duration.ofHours(amount);
                default -> Duration.ofSeconds(amount);
            };
        }

        private String decode(String text) {
            try {
                // URLDecoder is for forms, where '+' is a space; in URLs it is itself.
                return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
            } catch (IllegalArgumentException e) {
                throw bad("it contains a broken percent-encoding");
            }
        }

        private static RedisStateException.InvalidUrl bad(String why) {
            return new RedisStateException.InvalidUrl("redis.url cannot be used: " + why);
        }
    }
}
