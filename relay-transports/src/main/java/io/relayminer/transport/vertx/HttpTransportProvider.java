package io.relayminer.transport.vertx;

import io.relayminer.transport.Transport;
import io.relayminer.transport.TransportEvents;
import io.relayminer.transport.TransportOptions;
import io.relayminer.transport.TransportProvider;

/** Provides the transport {@code "http"}: HTTP/1.1 and cleartext HTTP/2 on one port. */
public final class HttpTransportProvider implements TransportProvider {

    /** Found by {@link java.util.ServiceLoader}. */
    public HttpTransportProvider() {}

    @Override
    public String name() {
        return "http";
    }

    @Override
    public int priority() {
        return 5;
    }

    @Override
    public boolean isAvailable() {
        return true;
    }

    @Override
    public Transport create(TransportOptions options, TransportEvents events) {
        return new HttpTransport(options, events);
    }
}
