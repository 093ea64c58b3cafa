package io.relayminer.testkit.localnet;

import io.lettuce.core.RedisException;
import io.lettuce.core.StreamMessage;
import io.lettuce.core.XReadArgs;
import io.lettuce.core.api.StatefulRedisConnection;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.wire.RelayCodec;
import io.relayminer.core.wire.WireLimits;
import io.relayminer.core.wire.ha.MinedRelayMessage;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Counts the relays that pass through the streams.
 *
 * <p>Miners delete an entry when they have committed it, so a reader that comes later sees nothing.
 * Redis hands a new entry to all readers that wait for it before it serves the next command, so a
 * reader that always waits sees each entry; between two reads some may slip by when the machine is
 * busy. The count is therefore a lower bound and decides nothing.
 */
final class StreamTail implements AutoCloseable {

    private static final int BATCH = 10_000;

    private final StatefulRedisConnection<String, byte[]> connection;
    private final Ledger ledger;
    private final Map<String, String> positions = new LinkedHashMap<>();
    private final Thread thread;
    private volatile boolean closed;

    /** Starts reading; the connection is used for nothing else and is closed here. */
    StreamTail(
            StatefulRedisConnection<String, byte[]> connection,
            RedisKeys keys,
            List<String> suppliers,
            Ledger ledger) {
        this.connection = connection;
        this.ledger = ledger;
        for (String supplier : suppliers) {
            positions.put(keys.stream(supplier), "$");
        }
        connection.setTimeout(Duration.ofSeconds(30));
        settlePositions();
        this.thread = Thread.ofPlatform().daemon().name("stream-tail").start(this::run);
    }

    /** Replaces "from now on" by the present end, so that nothing is missed between two reads. */
    private void settlePositions() {
        positions.replaceAll(
                (stream, start) -> {
                    List<StreamMessage<String, byte[]>> last =
                            connection
                                    .sync()
                                    .xrevrange(
                                            stream,
                                            io.lettuce.core.Range.unbounded(),
                                            io.lettuce.core.Limit.from(1));
                    return last.isEmpty() ? "0-0" : last.getFirst().getId();
                });
    }

    private void run() {
        while (!closed) {
            try {
                read();
            } catch (RedisException e) {
                if (!closed && !pause()) {
                    return;
                }
            }
        }
    }

    private static boolean pause() {
        try {
            Thread.sleep(Duration.ofMillis(200));
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    @SuppressWarnings({"unchecked", "rawtypes"}) // Lettuce takes a generic array
    private void read() {
        XReadArgs.StreamOffset[] offsets =
                positions.entrySet().stream()
                        .map(e -> XReadArgs.StreamOffset.from(e.getKey(), e.getValue()))
                        .toArray(XReadArgs.StreamOffset[]::new);
        List<StreamMessage<String, byte[]>> entries =
                connection
                        .sync()
                        .xread(
                                XReadArgs.Builder.block(Duration.ofSeconds(1)).count(BATCH),
                                (XReadArgs.StreamOffset<String>[]) offsets);
        for (StreamMessage<String, byte[]> entry : entries) {
            positions.put(entry.getStream(), entry.getId());
            byte[] data = entry.getBody().get("data");
            if (data != null) {
                MinedRelayMessage relay = RelayCodec.decodeMined(data, WireLimits.RELAY);
                ledger.row(
                                new RowKey(
                                        relay.getSessionEndHeight(),
                                        relay.getApplicationAddress(),
                                        relay.getSessionId(),
                                        relay.getSupplierOperatorAddress()))
                        .inStream
                        .incrementAndGet();
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        connection.close();
        thread.interrupt();
    }
}
