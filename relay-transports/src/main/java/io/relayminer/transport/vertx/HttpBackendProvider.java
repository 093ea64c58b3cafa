package io.relayminer.transport.vertx;

import io.relayminer.transport.Backend;
import io.relayminer.transport.BackendContext;
import io.relayminer.transport.BackendProvider;

/** Provides the backend {@code http}: HTTP/1.1, and HTTP/2 where TLS negotiates it. */
public final class HttpBackendProvider implements BackendProvider {

    /** Found on the class path. */
    public HttpBackendProvider() {}

    @Override
    public String type() {
        return "http";
    }

    @Override
    public Backend create(BackendContext context) {
        context.settings().finish();
        return new HttpBackend(context.options(), context.events());
    }
}
