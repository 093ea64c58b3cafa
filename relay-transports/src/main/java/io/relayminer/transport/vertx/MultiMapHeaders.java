package io.relayminer.transport.vertx;

import io.relayminer.transport.Headers;
import io.vertx.core.MultiMap;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.function.BiConsumer;

/** A view of parsed headers. HTTP/2 pseudo-headers are not in the map that Vert.x gives out. */
record MultiMapHeaders(MultiMap map) implements Headers {

    @Override
    public @Nullable String first(String name) {
        return map.get(name);
    }

    @Override
    public List<String> all(String name) {
        return map.getAll(name);
    }

    @Override
    public void forEach(BiConsumer<? super String, ? super String> visitor) {
        map.forEach(visitor::accept);
    }
}
