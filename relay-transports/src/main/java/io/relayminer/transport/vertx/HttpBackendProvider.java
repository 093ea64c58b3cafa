package io.relayminer.transport.vertx;

import io.relayminer.transport.Backend;
import io.relayminer.transport.BackendEvents;
import io.relayminer.transport.BackendOptions;
import io.relayminer.transport.BackendProvider;

/** Provides the backend {@code "http"}: HTTP/1.1, and HTTP/2 where TLS negotiates it. */
public final class HttpBackendProvider implements BackendProvider {

    /** Found by {@link java.util.ServiceLoader}. */
    public HttpBackendProvider() {}

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
    public Backend create(BackendOptions options, BackendEvents events) {
        return new HttpBackend(options, events);
    }
}
