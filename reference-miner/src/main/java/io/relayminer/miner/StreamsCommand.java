package io.relayminer.miner;

import static io.relayminer.miner.RedisCommands.cut;
import static io.relayminer.miner.RedisCommands.utf8;

import io.lettuce.core.Limit;
import io.lettuce.core.Range;
import io.lettuce.core.StreamMessage;
import io.relayminer.core.redis.MinedRelayCodec;
import io.relayminer.core.redis.RedisStateException;
import io.relayminer.transport.MinedRelay;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Relay streams: lengths, or the groups and newest entries of one. */
@Command(
        name = "streams",
        description = "Relay streams: length, groups, newest entries.",
        mixinStandardHelpOptions = true)
final class StreamsCommand extends LookCommand {

    @Option(names = "--supplier", defaultValue = "")
    private String supplier = "";

    @Option(names = "--all")
    private boolean all;

    @Option(names = "--limit", defaultValue = "10")
    private int limit;

    @Override
    void at(RedisCommands.Session s) {
        if (all || supplier.isEmpty()) {
            s.out().printf("%-60s %10s%n", "STREAM", "LENGTH");
            for (String key : s.scan(s.keys().streamPrefix() + ":*")) {
                s.out().printf("%-60s %10d%n", key, s.redis().xlen(utf8(key)));
            }
            return;
        }
        byte[] stream = utf8(s.keys().stream(supplier));
        s.out().printf("length %d%n", s.redis().xlen(stream));
        if (s.redis().exists(stream) == 0) {
            return;
        }
        for (Object group : s.redis().xinfoGroups(stream)) {
            Map<String, Object> f = fields((List<?>) group);
            s.out()
                    .printf(
                            "group %s: %s consumers, %s pending, delivered to %s%n",
                            string(f.get("name")),
                            f.get("consumers"),
                            f.get("pending"),
                            string(f.get("last-delivered-id")));
        }
        for (StreamMessage<byte[], byte[]> m :
                s.redis().xrevrange(stream, Range.unbounded(), Limit.from(limit))) {
            for (byte[] value : m.getBody().values()) {
                try {
                    MinedRelay relay = MinedRelayCodec.decode(value);
                    s.out()
                            .printf(
                                    "%s session %s %s %d bytes%n",
                                    m.getId(),
                                    cut(relay.sessionId()),
                                    relay.serviceId(),
                                    value.length);
                } catch (RedisStateException e) {
                    s.out().printf("%s cannot be decoded, %d bytes%n", m.getId(), value.length);
                }
            }
        }
    }

    static Map<String, Object> fields(List<?> flat) {
        Map<String, Object> fields = new TreeMap<>();
        for (int i = 0; i + 1 < flat.size(); i += 2) {
            fields.put(string(flat.get(i)), flat.get(i + 1));
        }
        return fields;
    }

    static String string(@Nullable Object value) {
        return value instanceof byte[] bytes
                ? new String(bytes, StandardCharsets.UTF_8)
                : String.valueOf(value);
    }
}
