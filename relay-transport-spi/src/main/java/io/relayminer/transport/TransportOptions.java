package io.relayminer.transport;

import io.relayminer.provider.ProviderSettings;

import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How a transport listens.
 *
 * @param host address to bind, e.g. {@code "0.0.0.0"}
 * @param port port to bind; 0 picks a free one
 * @param maxBodyBytes longest accepted request body in bytes; a longer one is refused with 413
 * @param maxHeldBodyBytes memory in bytes for the request bodies of all connections together, from
 *     their first byte until their exchange is over, at least {@code maxBodyBytes}; a body that
 *     does not fit is refused with 503
 * @param readTimeout longest time from the head of a request to the end of its body
 * @param writeTimeout longest time from the reply to the end of its transmission
 * @param idleTimeout a connection on which nothing moves for so long is closed
 * @param maxConcurrentStreams HTTP/2 streams per connection
 * @param compressFromBytes smallest reply to compress for clients that accept gzip; negative
 *     switches compression off
 * @param eventLoops number of event loops; 0 lets the transport choose
 */
public record TransportOptions(
        String host,
        int port,
        long maxBodyBytes,
        long maxHeldBodyBytes,
        Duration readTimeout,
        Duration writeTimeout,
        Duration idleTimeout,
        int maxConcurrentStreams,
        int compressFromBytes,
        int eventLoops) {

    /** Longest body that can be held in one array. */
    public static final long MAX_BODY_BYTES = Integer.MAX_VALUE - 16;

    private static final Pattern ADDRESS = Pattern.compile("([^:\\[\\]]*|\\[[^\\]]+]):(\\d{1,5})");
    private static final long DEFAULT_MAX_BODY_BYTES = 10_485_760;

    /** Checks the ranges. */
    public TransportOptions {
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("port must be 0 to 65535, got " + port);
        }
        if (maxBodyBytes < 1 || maxBodyBytes > MAX_BODY_BYTES) {
            throw new IllegalArgumentException(
                    "maxBodyBytes must be 1 to " + MAX_BODY_BYTES + ", got " + maxBodyBytes);
        }
        if (maxHeldBodyBytes < maxBodyBytes) {
            throw new IllegalArgumentException(
                    "maxHeldBodyBytes must be at least maxBodyBytes, "
                            + maxBodyBytes
                            + ", got "
                            + maxHeldBodyBytes);
        }
        if (maxConcurrentStreams < 1) {
            throw new IllegalArgumentException(
                    "maxConcurrentStreams must be positive, got " + maxConcurrentStreams);
        }
        requirePositive("readTimeout", readTimeout);
        requirePositive("writeTimeout", writeTimeout);
        requirePositive("idleTimeout", idleTimeout);
    }

    private static void requirePositive(String name, Duration value) {
        if (value.isNegative() || value.isZero()) {
            throw new IllegalArgumentException(name + " must be positive, got " + value);
        }
    }

    /**
     * The defaults of a relayer: bodies up to 10 MiB and {@link #defaultMaxHeldBodyBytes} for all,
     * 35 s to read a request, 60 s to write a reply, 120 s idle, 250 streams, no compression.
     */
    public static TransportOptions listen(String host, int port) {
        return new TransportOptions(
                host,
                port,
                DEFAULT_MAX_BODY_BYTES,
                defaultMaxHeldBodyBytes(DEFAULT_MAX_BODY_BYTES),
                Duration.ofSeconds(35),
                Duration.ofSeconds(60),
                Duration.ofSeconds(120),
                250,
                -1,
                0);
    }

    /**
     * A quarter of what the heap may grow to, or room for one longest body if that is more: a body
     * is decoded, forwarded and recorded while it is held, which takes its size again a few times.
     *
     * @param maxBodyBytes longest accepted body
     * @return bytes
     */
    public static long defaultMaxHeldBodyBytes(long maxBodyBytes) {
        return Math.max(maxBodyBytes, Runtime.getRuntime().maxMemory() / 4);
    }

    /** The same options with another limit for one body; that for all grows with it if need be. */
    public TransportOptions withMaxBodyBytes(long bytes) {
        return new TransportOptions(
                host,
                port,
                bytes,
                Math.max(bytes, maxHeldBodyBytes),
                readTimeout,
                writeTimeout,
                idleTimeout,
                maxConcurrentStreams,
                compressFromBytes,
                eventLoops);
    }

    /** The same options with another limit for all bodies together. */
    public TransportOptions withMaxHeldBodyBytes(long bytes) {
        return new TransportOptions(
                host,
                port,
                maxBodyBytes,
                bytes,
                readTimeout,
                writeTimeout,
                idleTimeout,
                maxConcurrentStreams,
                compressFromBytes,
                eventLoops);
    }

    /** The same options with other time limits. */
    public TransportOptions withTimeouts(Duration read, Duration write, Duration idle) {
        return new TransportOptions(
                host,
                port,
                maxBodyBytes,
                maxHeldBodyBytes,
                read,
                write,
                idle,
                maxConcurrentStreams,
                compressFromBytes,
                eventLoops);
    }

    /** The same options with another number of HTTP/2 streams per connection. */
    public TransportOptions withMaxConcurrentStreams(int streams) {
        return new TransportOptions(
                host,
                port,
                maxBodyBytes,
                maxHeldBodyBytes,
                readTimeout,
                writeTimeout,
                idleTimeout,
                streams,
                compressFromBytes,
                eventLoops);
    }

    /** The same options, listening elsewhere. */
    public TransportOptions withAddress(String otherHost, int otherPort) {
        return new TransportOptions(
                otherHost,
                otherPort,
                maxBodyBytes,
                maxHeldBodyBytes,
                readTimeout,
                writeTimeout,
                idleTimeout,
                maxConcurrentStreams,
                compressFromBytes,
                eventLoops);
    }

    /** The same options but for what the settings say; see {@link TransportContext#options()}. */
    TransportOptions overriddenBy(ProviderSettings settings) {
        Optional<String> address = settings.optional("listen_addr");
        TransportOptions options = this;
        if (address.isPresent()) {
            Matcher parts = ADDRESS.matcher(address.get());
            int at = parts.matches() ? Integer.parseInt(parts.group(2)) : -1;
            if (at < 0 || at > 65_535) {
                throw settings.problem(
                        "listen_addr", "must have the form host:port, e.g. 0.0.0.0:8080");
            }
            String where = parts.group(1).replaceAll("[\\[\\]]", "");
            options = options.withAddress(where.isEmpty() ? "0.0.0.0" : where, at);
        }
        long body = settings.bytes("max_body_size_bytes", maxBodyBytes);
        if (body < 1 || body > MAX_BODY_BYTES) {
            throw settings.problem(
                    "max_body_size_bytes", "must be between 1 and " + MAX_BODY_BYTES);
        }
        return options.withMaxBodyBytes(body)
                .withTimeouts(
                        settings.positiveDuration("read_timeout", readTimeout),
                        settings.positiveDuration("write_timeout", writeTimeout),
                        settings.positiveDuration("idle_timeout", idleTimeout));
    }

    /** The same options, compressing replies of at least the given size. */
    public TransportOptions withCompressionFrom(int bytes) {
        return new TransportOptions(
                host,
                port,
                maxBodyBytes,
                maxHeldBodyBytes,
                readTimeout,
                writeTimeout,
                idleTimeout,
                maxConcurrentStreams,
                bytes,
                eventLoops);
    }
}
