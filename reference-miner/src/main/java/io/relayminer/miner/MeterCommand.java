package io.relayminer.miner;

import static io.relayminer.miner.RedisCommands.cut;
import static io.relayminer.miner.RedisCommands.utf8;

import io.relayminer.core.redis.MeterId;
import io.relayminer.core.redis.MeterMeta;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.nio.charset.StandardCharsets;
import java.util.List;

/** What applications have consumed of their budgets. */
@Command(
        name = "meter",
        description = "Relay meters of a session, or how many are live.",
        mixinStandardHelpOptions = true)
final class MeterCommand extends LookCommand {

    @Option(names = "--session", defaultValue = "")
    private String session = "";

    @Option(names = "--app", defaultValue = "")
    private String application = "";

    @Option(names = "--service", defaultValue = "")
    private String service = "";

    @Option(names = "--all")
    private boolean all;

    @Override
    void at(RedisCommands.Session s) {
        List<String> live = s.members(s.keys().meterActive());
        if (session.isEmpty() && application.isEmpty() && service.isEmpty() && !all) {
            s.out().printf("%d live meters%n", live.size());
            return;
        }
        for (String member : live) {
            MeterId id = MeterId.decode(utf8(member)).orElse(null);
            if (id == null || (!session.isEmpty() && !session.equals(id.sessionId()))) {
                continue;
            }
            byte[] stored = s.get(s.keys().meterMeta(id.sessionId(), id.supplier()));
            MeterMeta meta = stored == null ? null : MeterMeta.decode(stored);
            if ((!application.isEmpty()
                            && (meta == null || !application.equals(meta.applicationAddress())))
                    || (!service.isEmpty()
                            && (meta == null || !service.equals(meta.serviceId())))) {
                continue;
            }
            s.out()
                    .printf(
                            "%s %s consumed %s upokt%n%s%n",
                            cut(id.sessionId()),
                            id.supplier(),
                            s.text(s.keys().meterConsumed(id.sessionId(), id.supplier())),
                            stored == null
                                    ? "(no limit stored)"
                                    : new String(stored, StandardCharsets.UTF_8));
        }
    }
}
