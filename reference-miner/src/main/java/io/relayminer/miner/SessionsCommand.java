package io.relayminer.miner;

import static io.relayminer.miner.RedisCommands.cut;

import io.relayminer.core.miner.redis.RedisSessionReader;
import io.relayminer.core.miner.store.SessionRecord;
import io.relayminer.core.miner.store.SessionState;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeSet;

/** Sessions of a supplier as their records say, or all that is known of one of them. */
@Command(
        name = "sessions",
        description = "Sessions of a supplier, or one of them.",
        mixinStandardHelpOptions = true)
final class SessionsCommand extends LookCommand {

    @Option(names = "--supplier", required = true)
    private String supplier = "";

    @Option(names = "--session", defaultValue = "")
    private String sessionId = "";

    @Option(names = "--state", defaultValue = "")
    private String state = "";

    @Option(names = "--json")
    private boolean json;

    @Override
    void at(RedisCommands.Session s) {
        RedisSessionReader sessions = new RedisSessionReader(s.connections(), s.keys());
        if (!sessionId.isEmpty()) {
            sessions.find(supplier, sessionId)
                    .ifPresentOrElse(
                            r -> print(s.out(), r, json), () -> s.out().println("no such session"));
            return;
        }
        TreeSet<String> ids = new TreeSet<>(s.members(s.keys().sessionIndex(supplier)));
        for (SessionState each : SessionState.values()) {
            ids.addAll(s.members(s.keys().sessionStateIndex(supplier, each.wire())));
        }
        if (!json) {
            s.out()
                    .printf(
                            "%-18s %-22s %-18s %8s %14s %10s %10s%n",
                            "SESSION ID",
                            "STATE",
                            "SERVICE",
                            "RELAYS",
                            "COMPUTE UNITS",
                            "START",
                            "END");
        }
        int total = 0;
        for (String id : ids) {
            SessionRecord r = sessions.find(supplier, id).orElse(null);
            if (r == null || (!state.isEmpty() && !state.equals(r.state()))) {
                continue;
            }
            total++;
            if (json) {
                print(s.out(), r, true);
            } else {
                s.out()
                        .printf(
                                "%-18s %-22s %-18s %8d %14s %10d %10d%n",
                                cut(r.sessionId()),
                                r.state(),
                                r.serviceId(),
                                r.relayCount(),
                                Long.toUnsignedString(r.computeUnits()),
                                r.startHeight(),
                                r.endHeight());
            }
        }
        if (!json) {
            s.out().printf("Total: %d sessions%n", total);
        }
    }

    private static void print(PrintWriter out, SessionRecord record, boolean json) {
        Map<String, String> fields = new LinkedHashMap<>();
        record.allFields()
                .forEach(
                        (name, value) ->
                                fields.put(
                                        name,
                                        name.equals("claimed_root_hash")
                                                ? HexFormat.of().formatHex(value)
                                                : new String(value, StandardCharsets.UTF_8)));
        if (json) {
            StringBuilder line = new StringBuilder("{");
            fields.forEach(
                    (name, value) ->
                            line.append(line.length() == 1 ? "" : ",")
                                    .append('"')
                                    .append(name)
                                    .append("\":\"")
                                    .append(value.replace("\\", "\\\\").replace("\"", "\\\""))
                                    .append('"'));
            out.println(line.append('}'));
        } else {
            fields.forEach((name, value) -> out.printf("%-26s %s%n", name, value));
        }
    }
}
