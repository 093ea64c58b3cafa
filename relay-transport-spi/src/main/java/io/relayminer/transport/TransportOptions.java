package io.relayminer.transport;

import java.time.Duration;

/**
 * How a transport listens.
 *
 * @param host address to bind, e.g. {@code "0.0.0.0"}
 * @param port port to bind; 0 picks a free one
 * @param maxBodyBytes longest accepted request body in bytes; a longer one is refused with 413
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
        Duration readTimeout,
        Duration writeTimeout,
        Duration idleTimeout,
        int maxConcurrentStreams,
        int compressFromBytes,
        int eventLoops) {

    /** Longest body that can be held in one array. */
    public static final long MAX_BODY_BYTES = Integer.MAX_VALUE - 16;

    /** Checks the ranges. */
    public TransportOptions {
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("port must be 0 to 65535, got " + port);
        }
        if (maxBodyBytes < 1 || maxBodyBytes > MAX_BODY_BYTES) {
            throw new IllegalArgumentException(
                    "maxBodyBytes must be 1 to " + MAX_BODY_BYTES + ", got " + maxBodyBytes);
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
     * The defaults of a relayer: bodies up to 10 MiB, 35 s to read a request, 60 s to write a
     * reply, 120 s idle, 250 streams, no compression.
     */
    public static TransportOptions listen(String host, int port) {
        return new TransportOptions(
                host,
                port,
                10_485_760,
                Duration.ofSeconds(35),
                Duration.ofSeconds(60),
                Duration.ofSeconds(120),
                250,
                -1,
                0);
    }

    /** The same options with another body limit. */
    public TransportOptions withMaxBodyBytes(long bytes) {
        return new TransportOptions(
                host,
                port,
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
                read,
                write,
                idle,
                maxConcurrentStreams,
                compressFromBytes,
                eventLoops);
    }

    /** The same options, compressing replies of at least the given size. */
    public TransportOptions withCompressionFrom(int bytes) {
        return new TransportOptions(
                host,
                port,
                maxBodyBytes,
                readTimeout,
                writeTimeout,
                idleTimeout,
                maxConcurrentStreams,
                bytes,
                eventLoops);
    }
}
