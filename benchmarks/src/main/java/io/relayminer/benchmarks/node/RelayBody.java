package io.relayminer.benchmarks.node;

import java.util.concurrent.atomic.AtomicLong;

/** JSON-RPC calls of one size, each with an id of its own. Thread-safe. */
final class RelayBody {

    private static final String HEAD = "{\"jsonrpc\":\"2.0\",\"id\":";
    private static final String MIDDLE = ",\"method\":\"eth_blockNumber\",\"params\":[\"";
    private static final String TAIL = "\"]}";

    /** All ids have ten digits. */
    private static final long FIRST_ID = 1_000_000_000;

    private final AtomicLong id = new AtomicLong(FIRST_ID);
    private final String padding;

    RelayBody(int bytes) {
        this.padding = "x".repeat(Math.max(0, bytes - text(FIRST_ID, "").length()));
    }

    /** The next call, ASCII. */
    String next() {
        return text(id.incrementAndGet(), padding);
    }

    private static String text(long id, String padding) {
        return HEAD + id + MIDDLE + padding + TAIL;
    }
}
