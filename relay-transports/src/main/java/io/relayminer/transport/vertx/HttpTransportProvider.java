package io.relayminer.transport.vertx;

import io.relayminer.provider.ProviderSettings;
import io.relayminer.transport.Transport;
import io.relayminer.transport.TransportContext;
import io.relayminer.transport.TransportOptions;
import io.relayminer.transport.TransportProvider;

/**
 * Provides the transport {@code http}: HTTP/1.1 and cleartext HTTP/2 on one port. Besides what all
 * listening transports have it knows {@code max_concurrent_streams}, the HTTP/2 streams per
 * connection, and {@code compress_from_bytes}, the smallest reply that is compressed.
 */
public final class HttpTransportProvider implements TransportProvider {

    /** Found on the class path. */
    public HttpTransportProvider() {}

    @Override
    public String type() {
        return "http";
    }

    @Override
    public Transport create(TransportContext context) {
        ProviderSettings settings = context.settings();
        TransportOptions options = context.options();
        options =
                options.withMaxConcurrentStreams(
                                settings.integer(
                                        "max_concurrent_streams",
                                        options.maxConcurrentStreams(),
                                        1,
                                        Integer.MAX_VALUE))
                        .withCompressionFrom(
                                settings.integer(
                                        "compress_from_bytes",
                                        options.compressFromBytes(),
                                        -1,
                                        Integer.MAX_VALUE));
        return new HttpTransport(options, context.events());
    }
}
