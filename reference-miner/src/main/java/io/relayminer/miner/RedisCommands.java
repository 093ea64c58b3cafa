package io.relayminer.miner;

import io.lettuce.core.Limit;
import io.lettuce.core.Range;
import io.lettuce.core.RedisException;
import io.lettuce.core.ScanArgs;
import io.lettuce.core.ScanCursor;
import io.lettuce.core.StreamMessage;
import io.lettuce.core.cluster.api.sync.RedisClusterCommands;
import io.relayminer.core.redis.BlockEvent;
import io.relayminer.core.redis.MeterId;
import io.relayminer.core.redis.MeterMeta;
import io.relayminer.core.redis.MinedRelayCodec;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisEndpoint;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.redis.RedisSessionStore;
import io.relayminer.core.redis.RedisStateException;
import io.relayminer.core.redis.RedisSubscriber;
import io.relayminer.core.redis.SessionRecord;
import io.relayminer.core.redis.SessionState;
import io.relayminer.core.redis.StreamJanitor;
import io.relayminer.core.redis.SubmissionRecord;
import io.relayminer.core.redis.SupplierState;
import io.relayminer.smst.MerkleSumRoot;
import io.relayminer.smst.redis.LoadedTrie;
import io.relayminer.smst.redis.RedisLeafStore;
import io.relayminer.smst.redis.TrieKeys;
import io.relayminer.transport.MinedRelay;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What an operator can see in Redis while the fleet runs. Every command here only reads, except
 * {@code reclaim}, which loses nothing; binary values are printed as hex; scans go in pages and
 * never use {@code KEYS}.
 */
@Command(
        name = "redis",
        description = "Looks at the fleet's state in Redis.",
        mixinStandardHelpOptions = true,
        subcommands = {CacheCommand.class, FlushCommand.class})
final class RedisCommands implements Callable<Integer> {

    private static final int PAGE = 500;

    @Spec private CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--redis",
            scope = CommandLine.ScopeType.INHERIT,
            paramLabel = "URL",
            description = "Redis URL; takes the place of the configuration's.")
    private @Nullable String url;

    @Option(
            names = "--config",
            scope = CommandLine.ScopeType.INHERIT,
            paramLabel = "FILE",
            description = "Miner configuration, for the URL and the namespace.")
    private @Nullable Path config;

    @Override
    public Integer call() {
        spec.commandLine().usage(spec.commandLine().getOut());
        return 0;
    }

    /** Open connections and names of keys. */
    record Session(RedisConnections connections, RedisKeys keys, PrintWriter out)
            implements AutoCloseable {

        RedisClusterCommands<byte[], byte[]> redis() {
            return connections.sync();
        }

        byte @Nullable [] get(String key) {
            return redis().get(utf8(key));
        }

        String text(String key) {
            byte[] value = get(key);
            return value == null ? "" : new String(value, StandardCharsets.UTF_8);
        }

        List<String> members(String key) {
            List<String> members = new ArrayList<>();
            for (byte[] member : redis().smembers(utf8(key))) {
                members.add(new String(member, StandardCharsets.UTF_8));
            }
            members.sort(Comparator.naturalOrder());
            return members;
        }

        List<String> scan(String pattern) {
            TreeSet<String> found = new TreeSet<>();
            ScanCursor cursor = ScanCursor.INITIAL;
            do {
                var page = redis().scan(cursor, ScanArgs.Builder.matches(pattern).limit(PAGE));
                for (byte[] key : page.getKeys()) {
                    found.add(new String(key, StandardCharsets.UTF_8));
                }
                cursor = page;
            } while (!cursor.isFinished());
            return List.copyOf(found);
        }

        @Override
        public void close() {
            out.flush();
            connections.close();
        }
    }

    private Session open() {
        MinerConfig read =
                config == null
                        ? MinerConfig.reader().build().parse("{}", "defaults").config()
                        : MinerConfig.reader().lenient(true).build().read(config).config();
        String target = url == null ? read.redis().url() : url;
        return new Session(
                RedisConnections.open(
                        RedisEndpoint.parse(target), "operator", RedisConnections.Limits.DEFAULT),
                MinerProcess.keys(read.redis()),
                spec.commandLine().getOut());
    }

    /** What a command does with an open connection. */
    interface Look {
        void at(Session session);
    }

    /** Opens a connection for one command; 0, or 1 with a message if Redis does not answer. */
    int look(Look look) {
        try (Session session = open()) {
            look.at(session);
            return 0;
        } catch (RedisStateException | RedisException e) {
            spec.commandLine().getErr().println(e.getMessage());
            return 1;
        }
    }

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String cut(String text) {
        return text.length() <= 16 ? text : text.substring(0, 16) + "…";
    }

    // ---- commands ------------------------------------------------------------------------------

    @Command(name = "sessions", description = "Sessions of a supplier, or one of them.")
    int sessions(
            @Option(names = "--supplier", required = true) String supplier,
            @Option(names = "--session", defaultValue = "") String sessionId,
            @Option(names = "--state", defaultValue = "") String state,
            @Option(names = "--json") boolean json) {
        return look(
                s -> {
                    RedisSessionStore store =
                            new RedisSessionStore(s.connections(), s.keys(), Duration.ofHours(1));
                    if (!sessionId.isEmpty()) {
                        store.find(supplier, sessionId)
                                .ifPresentOrElse(
                                        r -> print(s.out(), r, json),
                                        () -> s.out().println("no such session"));
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
                        SessionRecord r = store.find(supplier, id).orElse(null);
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
                });
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

    @Command(name = "streams", description = "Relay streams: length, groups, newest entries.")
    int streams(
            @Option(names = "--supplier", defaultValue = "") String supplier,
            @Option(names = "--all") boolean all,
            @Option(names = "--limit", defaultValue = "10") int limit) {
        return look(
                s -> {
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
                                s.out()
                                        .printf(
                                                "%s cannot be decoded, %d bytes%n",
                                                m.getId(), value.length);
                            }
                        }
                    }
                });
    }

    @Command(name = "pending", description = "Delivered and unacknowledged entries by consumer.")
    int pending(@Option(names = "--supplier", required = true) String supplier) {
        return look(
                s -> {
                    byte[] stream = utf8(s.keys().stream(supplier));
                    byte[] group = utf8(s.keys().consumerGroup());
                    s.out()
                            .printf(
                                    "%-40s %10s %12s %s%n",
                                    "CONSUMER", "PENDING", "IDLE MS", "ALIVE");
                    for (Object consumer : s.redis().xinfoConsumers(stream, group)) {
                        Map<String, Object> f = fields((List<?>) consumer);
                        String name = string(f.get("name"));
                        boolean alive = s.redis().exists(utf8(s.keys().instance(name))) > 0;
                        s.out()
                                .printf(
                                        "%-40s %10s %12s %b%n",
                                        name, f.get("pending"), f.get("idle"), alive);
                    }
                });
    }

    private static Map<String, Object> fields(List<?> flat) {
        Map<String, Object> fields = new TreeMap<>();
        for (int i = 0; i + 1 < flat.size(); i += 2) {
            fields.put(string(flat.get(i)), flat.get(i + 1));
        }
        return fields;
    }

    private static String string(@Nullable Object value) {
        return value instanceof byte[] bytes
                ? new String(bytes, StandardCharsets.UTF_8)
                : String.valueOf(value);
    }

    @Command(name = "leader", description = "Which replica leads.")
    int leader() {
        return look(
                s -> {
                    String key = s.keys().globalLeader();
                    String holder = s.text(key);
                    if (holder.isEmpty()) {
                        s.out().println("No active leader");
                        return;
                    }
                    s.out()
                            .printf(
                                    "leader %s%nepoch  %s%nttl    %d ms%nkey    %s%n",
                                    holder,
                                    s.text(s.keys().globalLeaderEpoch()),
                                    s.redis().pttl(utf8(key)),
                                    key);
                    byte[] last = s.get(s.keys().lastBlock());
                    if (last != null) {
                        s.out().printf("block  %d%n", BlockEvent.decode(last).height());
                    }
                });
    }

    @Command(name = "lease", description = "Owner, epoch and remaining life of supplier leases.")
    int lease(@Option(names = "--supplier", defaultValue = "") String supplier) {
        return look(
                s -> {
                    List<String> suppliers =
                            supplier.isEmpty()
                                    ? s.members(s.keys().supplierRegistryIndex())
                                    : List.of(supplier);
                    s.out()
                            .printf(
                                    "%-46s %-36s %8s %10s%n",
                                    "SUPPLIER", "OWNER", "EPOCH", "TTL MS");
                    for (String each : suppliers) {
                        String owner = s.text(s.keys().lease(each));
                        s.out()
                                .printf(
                                        "%-46s %-36s %8s %10d%n",
                                        each,
                                        owner.isEmpty() ? "-" : owner,
                                        s.text(s.keys().leaseEpoch(each)),
                                        s.redis().pttl(utf8(s.keys().lease(each))));
                    }
                });
    }

    @Command(name = "supplier", description = "States of suppliers and how they are spread.")
    int supplier(
            @Option(names = "--supplier", defaultValue = "") String supplier,
            @Option(names = "--list") boolean list,
            @Option(names = "--claims") boolean claims) {
        return look(
                s -> {
                    if (!supplier.isEmpty()) {
                        byte[] stored = s.get(s.keys().supplierState(supplier));
                        s.out()
                                .println(
                                        stored == null
                                                ? "no state stored"
                                                : new String(stored, StandardCharsets.UTF_8));
                        s.out()
                                .printf(
                                        "lease  %s (%d ms)%n",
                                        s.text(s.keys().lease(supplier)),
                                        s.redis().pttl(utf8(s.keys().lease(supplier))));
                        return;
                    }
                    Map<String, Integer> perMiner = new TreeMap<>();
                    int staked = 0;
                    int unclaimed = 0;
                    List<String> keys = s.scan(s.keys().supplierStatePattern());
                    for (String key : keys) {
                        byte[] stored = s.get(key);
                        if (stored == null) {
                            continue;
                        }
                        SupplierState state = SupplierState.decode(stored);
                        if (list && !claims) {
                            s.out()
                                    .printf(
                                            "%-46s %-11s %s%n",
                                            state.operatorAddress(),
                                            state.status(),
                                            state.services());
                        }
                        if (!state.staked()) {
                            continue;
                        }
                        staked++;
                        String owner = s.text(s.keys().lease(state.operatorAddress()));
                        if (owner.isEmpty()) {
                            unclaimed++;
                        } else {
                            perMiner.merge(owner, 1, Integer::sum);
                        }
                    }
                    int miners = s.members(s.keys().activeMiners()).size();
                    s.out()
                            .printf(
                                    "%d keys, %d staked, %d without owner, %d miners%n",
                                    keys.size(), staked, unclaimed, miners);
                    perMiner.forEach((owner, n) -> s.out().printf("%-40s %6d%n", owner, n));
                });
    }

    @Command(name = "submissions", description = "What was submitted and what became of it.")
    int submissions(
            @Option(names = "--supplier", defaultValue = "") String supplier,
            @Option(names = "--service", defaultValue = "") String service,
            @Option(names = "--app", defaultValue = "") String application,
            @Option(names = "--session", defaultValue = "") String session,
            @Option(names = "--session-end", defaultValue = "0") long sessionEnd,
            @Option(names = "--failed-only") boolean failedOnly,
            @Option(names = "--success-only") boolean successOnly,
            @Option(names = "--json") boolean json,
            @Option(names = "--limit", defaultValue = "50") int limit) {
        return look(
                s -> {
                    List<SubmissionRecord> records = new ArrayList<>();
                    String pattern =
                            supplier.isEmpty()
                                    ? s.keys().submissionPattern()
                                    : s.keys().submissionPattern(supplier);
                    for (String key : s.scan(pattern)) {
                        byte[] stored = s.get(key);
                        if (stored == null) {
                            continue;
                        }
                        SubmissionRecord r = SubmissionRecord.decode(stored);
                        boolean failed = outcome(r).startsWith("FAILED");
                        if ((service.isEmpty() || service.equals(r.service()))
                                && (application.isEmpty() || application.equals(r.application()))
                                && (session.isEmpty() || session.equals(r.sessionId()))
                                && (sessionEnd == 0 || sessionEnd == r.sessionEnd())
                                && (!failedOnly || failed)
                                && (!successOnly || !failed)) {
                            records.add(r);
                        }
                    }
                    records.sort(
                            Comparator.comparingLong(SubmissionRecord::sessionStart)
                                    .thenComparingLong(r -> r.claim().submitTimestamp())
                                    .reversed());
                    if (!json) {
                        s.out()
                                .printf(
                                        "%10s %-18s %-18s %-18s %8s %14s %-18s %s%n",
                                        "END", "SERVICE", "CLAIM", "PROOF", "RELAYS", "CU",
                                        "SESSION", "OUTCOME");
                    }
                    int shown = 0;
                    for (SubmissionRecord r : records) {
                        if (limit > 0 && shown++ == limit) {
                            break;
                        }
                        if (json) {
                            s.out().println(new String(r.encode(), StandardCharsets.UTF_8));
                        } else {
                            s.out()
                                    .printf(
                                            "%10d %-18s %-18s %-18s %8d %14s %-18s %s%n",
                                            r.sessionEnd(),
                                            r.service(),
                                            status(r.claim().success(), r.claim().outcome()),
                                            r.proofRequired()
                                                    ? status(
                                                            r.proof().success(),
                                                            r.proof().outcome())
                                                    : "not required",
                                            r.relays(),
                                            Long.toUnsignedString(r.computeUnits()),
                                            cut(r.sessionId()),
                                            outcome(r));
                        }
                    }
                });
    }

    private static String status(boolean success, String outcome) {
        return outcome.isEmpty() ? (success ? "sent" : "not sent") : outcome;
    }

    private static String outcome(SubmissionRecord r) {
        if (!r.claim().success() && !r.claim().outcome().equals(SubmissionRecord.FOUND)) {
            return "FAILED " + r.claim().errorReason();
        }
        if (r.claim().outcome().equals(SubmissionRecord.MISSING)
                || r.proof().outcome().equals(SubmissionRecord.MISSING)) {
            return "FAILED missing on chain";
        }
        return r.proofRequired() && r.proof().outcome().isEmpty() ? "open" : "ok";
    }

    @Command(
            name = "verify-tree",
            description = "Rebuilds the tree of a session and compares it with what is recorded.")
    int verifyTree(
            @Option(names = "--supplier", required = true) String supplier,
            @Option(names = "--session", required = true) String session) {
        return look(
                s -> {
                    TrieKeys keys =
                            new TrieKeys(
                                    s.keys().smstNodes(supplier, session),
                                    s.keys().smstLiveRoot(supplier, session),
                                    s.keys().smstRoot(supplier, session),
                                    s.keys().smstStats(supplier, session));
                    RedisLeafStore store =
                            new RedisLeafStore(s.connections().async(), Duration.ofSeconds(30));
                    LoadedTrie loaded = store.load(keys);
                    MerkleSumRoot root = loaded.trie().root();
                    MerkleSumRoot sealed = store.storedRoot(keys).join();
                    s.out().printf("root    %s%n", HexFormat.of().formatHex(root.toBytes()));
                    s.out().printf("leaves  %d%n", root.count());
                    s.out().printf("units   %s%n", Long.toUnsignedString(root.sum()));
                    s.out().printf("inner   %d%n", loaded.otherNodes());
                    s.out().printf("damaged %d%n", loaded.damaged());
                    SessionRecord record =
                            new RedisSessionStore(s.connections(), s.keys(), Duration.ofHours(1))
                                    .find(supplier, session)
                                    .orElse(null);
                    if (record != null) {
                        s.out()
                                .printf(
                                        "record  %d leaves, %s units: %s%n",
                                        record.relayCount(),
                                        Long.toUnsignedString(record.computeUnits()),
                                        record.relayCount() == root.count()
                                                        && record.computeUnits() == root.sum()
                                                ? "equal"
                                                : "DIFFERENT");
                    }
                    s.out()
                            .printf(
                                    "sealed  %s%n",
                                    sealed.isEmpty()
                                            ? "no"
                                            : sealed.equals(root) ? "equal" : "DIFFERENT");
                });
    }

    @Command(name = "meter", description = "Relay meters of a session, or how many are live.")
    int meter(
            @Option(names = "--session", defaultValue = "") String session,
            @Option(names = "--app", defaultValue = "") String application,
            @Option(names = "--service", defaultValue = "") String service,
            @Option(names = "--all") boolean all) {
        return look(
                s -> {
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
                                        && (meta == null
                                                || !application.equals(meta.applicationAddress())))
                                || (!service.isEmpty()
                                        && (meta == null || !service.equals(meta.serviceId())))) {
                            continue;
                        }
                        s.out()
                                .printf(
                                        "%s %s consumed %s upokt%n%s%n",
                                        cut(id.sessionId()),
                                        id.supplier(),
                                        s.text(
                                                s.keys()
                                                        .meterConsumed(
                                                                id.sessionId(), id.supplier())),
                                        stored == null
                                                ? "(no limit stored)"
                                                : new String(stored, StandardCharsets.UTF_8));
                    }
                });
    }

    @Command(name = "smst", description = "Leaf nodes of a session, of whichever supplier.")
    int smst(
            @Option(names = "--session", required = true) String session,
            @Option(names = "--limit", defaultValue = "10") int limit) {
        return look(
                s -> {
                    List<String> found = s.scan(s.keys().smstNodesPattern(session));
                    for (String key : found) {
                        s.out().printf("%s %d nodes%n", key, s.redis().hlen(utf8(key)));
                        var page =
                                s.redis()
                                        .hscan(
                                                utf8(key),
                                                ScanArgs.Builder.limit(Math.max(1, limit)));
                        page.getMap().entrySet().stream()
                                .limit(limit)
                                .forEach(
                                        node ->
                                                s.out()
                                                        .printf(
                                                                "  %s %d bytes%n",
                                                                new String(
                                                                        node.getKey(),
                                                                        StandardCharsets.UTF_8),
                                                                node.getValue().length));
                    }
                    if (found.isEmpty()) {
                        s.out().println("no tree of this session");
                    }
                });
    }

    @Command(
            name = "dedup",
            description = "Relay hashes that miners of other make remember for a session.")
    int dedup(@Option(names = "--session", required = true) String session) {
        return look(
                s -> {
                    byte[] key = utf8(s.keys().dedup(session));
                    s.out()
                            .printf(
                                    "%d hashes, ttl %d ms%n",
                                    s.redis().scard(key), s.redis().pttl(key));
                    for (byte[] hash : s.redis().srandmember(key, 10)) {
                        s.out().println(HexFormat.of().formatHex(hash));
                    }
                });
    }

    @Command(name = "pubsub", description = "Messages on a channel as they come.")
    int pubsub(
            @Option(names = "--channel", required = true) String channel,
            @Option(
                            names = "--duration",
                            defaultValue = "0",
                            paramLabel = "SECONDS",
                            description = "When to end; 0 to go on until interrupted.")
                    int seconds) {
        return look(
                s -> {
                    AtomicInteger count = new AtomicInteger();
                    try (RedisSubscriber subscriber = s.connections().subscriber()) {
                        var unused =
                                subscriber.subscribe(
                                        channel,
                                        message -> {
                                            s.out()
                                                    .printf(
                                                            "%d %s %s%n",
                                                            count.incrementAndGet(),
                                                            Instant.now(),
                                                            new String(
                                                                    message,
                                                                    StandardCharsets.UTF_8));
                                            s.out().flush();
                                        },
                                        () -> {
                                            s.out().println("subscribed to " + channel);
                                            s.out().flush();
                                        });
                        Thread.sleep(
                                seconds == 0 ? Duration.ofDays(3650) : Duration.ofSeconds(seconds));
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                    s.out().printf("%d messages%n", count.get());
                });
    }

    @Command(
            name = "reclaim",
            description =
                    "Appends entries again that were delivered long ago and never acknowledged; the"
                            + " tree takes each relay once however often it comes.")
    int reclaim(
            @Option(names = "--supplier", required = true) String supplier,
            @Option(
                            names = "--idle",
                            defaultValue = "300",
                            paramLabel = "SECONDS",
                            description = "How long they have been pending at least.")
                    int idleSeconds) {
        return look(
                s -> {
                    StreamJanitor janitor =
                            new StreamJanitor(s.connections(), s.keys(), "operator");
                    long total = 0;
                    long moved;
                    do {
                        moved = janitor.requeue(supplier, Duration.ofSeconds(idleSeconds));
                        total += moved;
                    } while (moved > 0 && idleSeconds > 0);
                    s.out().printf("%d entries appended again%n", total);
                });
    }

    @Command(name = "keys", description = "Keys that match a pattern.")
    int keys(
            @Option(names = "--pattern", defaultValue = "") String pattern,
            @Option(names = "--limit", defaultValue = "100") int limit,
            @Option(names = "--stats") boolean stats) {
        return look(
                s -> {
                    int shown = 0;
                    for (String key :
                            s.scan(pattern.isEmpty() ? s.keys().everythingPattern() : pattern)) {
                        if (limit > 0 && shown++ == limit) {
                            break;
                        }
                        if (stats) {
                            s.out()
                                    .printf(
                                            "%-100s %-8s %d%n",
                                            key,
                                            s.redis().type(utf8(key)),
                                            s.redis().pttl(utf8(key)));
                        } else {
                            s.out().println(key);
                        }
                    }
                });
    }
}
