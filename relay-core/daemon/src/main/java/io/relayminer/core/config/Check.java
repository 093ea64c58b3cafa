package io.relayminer.core.config;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;

/** Rules that several configuration records share. All refuse with the text the user sees. */
public final class Check {

    private static final Pattern LISTEN_HOST =
            Pattern.compile("[A-Za-z0-9_.-]*|\\[[0-9A-Fa-f:.%]+]");

    private Check() {}

    /** The value, or the default when the key is absent. */
    public static <T> T orDefault(@Nullable T value, T fallback) {
        return value == null ? fallback : value;
    }

    /** The value, or the default when the key is absent or an empty text. */
    public static String textOr(@Nullable String value, String fallback) {
        return value == null || value.isEmpty() ? fallback : value;
    }

    /** Refuses a number outside a range. */
    public static long inRange(String name, long value, long lowest, long highest) {
        if (value < lowest || value > highest) {
            throw new IllegalArgumentException(
                    name
                            + " must be "
                            + (highest == Long.MAX_VALUE
                                    ? "at least " + lowest
                                    : "between " + lowest + " and " + highest)
                            + ", not "
                            + value);
        }
        return value;
    }

    /** As {@link #inRange(String, long, long, long)}, for int keys. */
    public static int inRange(String name, int value, int lowest, int highest) {
        return (int)
                inRange(
                        name,
                        (long) value,
                        (long) lowest,
                        highest == Integer.MAX_VALUE ? Long.MAX_VALUE : highest);
    }

    /**
     * Parses {@code host:port}; an empty host means all addresses, {@code [::1]:80} is accepted.
     *
     * @return an unresolved address; its host is empty for "all"
     */
    public static InetSocketAddress listenAddress(String name, String value) {
        int colon = value.lastIndexOf(':');
        try {
            if (colon >= 0) {
                int port = Integer.parseInt(value.substring(colon + 1));
                String host = value.substring(0, colon);
                boolean literal = host.startsWith("[") && host.endsWith("]");
                if (port >= 0 && port <= 65_535 && LISTEN_HOST.matcher(host).matches()) {
                    return InetSocketAddress.createUnresolved(
                            literal ? host.substring(1, host.length() - 1) : host, port);
                }
            }
        } catch (NumberFormatException e) {
            // reported below
        }
        throw new IllegalArgumentException(
                name + " must have the form host:port, e.g. 0.0.0.0:8080");
    }

    /**
     * Refuses two listeners that would take each other's port.
     *
     * @param listeners addresses by the key that names them, as of {@link #listenAddress}; port 0
     *     collides with nothing
     */
    public static void distinct(Map<String, InetSocketAddress> listeners) {
        Map<String, InetSocketAddress> seen = new LinkedHashMap<>();
        listeners.forEach(
                (name, address) -> {
                    seen.forEach(
                            (other, taken) -> {
                                if (collide(address, taken)) {
                                    throw new IllegalArgumentException(
                                            other
                                                    + " and "
                                                    + name
                                                    + " both listen on port "
                                                    + address.getPort()
                                                    + "; give them different ports");
                                }
                            });
                    seen.put(name, address);
                });
    }

    /**
     * Refuses to start beside somebody who has one of the ports, before anything else is begun.
     *
     * @param listeners as of {@link #distinct}
     * @throws IllegalStateException naming the key, the address and the reason
     */
    public static void free(Map<String, InetSocketAddress> listeners) {
        listeners.forEach(
                (name, address) -> {
                    InetSocketAddress at =
                            address.getHostString().isEmpty()
                                    ? new InetSocketAddress(address.getPort())
                                    : new InetSocketAddress(
                                            address.getHostString(), address.getPort());
                    try (ServerSocket probe = new ServerSocket()) {
                        probe.bind(at);
                    } catch (IOException e) {
                        throw new IllegalStateException(
                                name
                                        + ": cannot listen on "
                                        + address.getHostString()
                                        + ":"
                                        + address.getPort()
                                        + ": "
                                        + e.getMessage()
                                        + ". Is another process there?");
                    }
                });
    }

    private static boolean collide(InetSocketAddress one, InetSocketAddress other) {
        return one.getPort() != 0
                && one.getPort() == other.getPort()
                && (isAny(one)
                        || isAny(other)
                        || one.getHostString().equals(other.getHostString()));
    }

    private static boolean isAny(InetSocketAddress address) {
        return switch (address.getHostString()) {
            case "", "0.0.0.0", "::" -> true;
            default -> false;
        };
    }
}
