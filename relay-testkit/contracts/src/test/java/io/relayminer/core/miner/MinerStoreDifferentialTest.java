package io.relayminer.core.miner;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.relayminer.core.miner.store.ClosedException;
import io.relayminer.core.miner.store.FencedException;
import io.relayminer.core.miner.store.InMemoryMinerStore;
import io.relayminer.core.miner.store.MinerStore;
import io.relayminer.core.miner.store.MinerStoreException;
import io.relayminer.core.miner.store.OutboxEntry;
import io.relayminer.core.miner.store.RelayEntry;
import io.relayminer.core.miner.store.SessionChange;
import io.relayminer.core.miner.store.SessionRecord;
import io.relayminer.core.miner.store.SessionState;
import io.relayminer.core.miner.store.SupplierStore;
import io.relayminer.core.redis.KeyLayout;
import io.relayminer.core.redis.SubmissionPhase;
import io.relayminer.smst.redis.Fence;
import io.relayminer.testkit.redis.EmbeddedRedis;
import io.relayminer.transport.MinedRelay;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.InstantSource;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The same random acts on the store in memory and on the one in Redis: the same answers, and after
 * each the same state. So whatever a simulation finds out with the one is true of the other.
 */
class MinerStoreDifferentialTest {

    private static final String SUPPLIER = "pokt19a3t4yunp0dlpfjrp7qwnzwlrzd5fzs2gjaaaj";
    private static final List<String> SESSIONS = List.of("s1", "s2", "s3");
    private static final List<String> OWNERS = List.of("m1", "m2");
    private static final long END = 10;
    private static final OffsetDateTime START =
            OffsetDateTime.of(2026, 1, 2, 3, 4, 5, 0, ZoneOffset.UTC);

    private static EmbeddedRedis server;

    @BeforeAll
    static void startRedis() {
        server = EmbeddedRedis.start();
    }

    @AfterAll
    static void stopRedis() {
        server.close();
    }

    /** One of the stores with what its owners hold; entries are known by their relay. */
    private abstract static class Side {
        final Map<String, SupplierStore> opened = new HashMap<>();
        final Map<Integer, RelayEntry> seen = new TreeMap<>();
        String owner = "";

        abstract MinerStore store(String owner);

        abstract void append(MinedRelay relay);

        abstract Fence grant(String owner);

        SupplierStore current() {
            return opened.get(owner);
        }
    }

    private static MinedRelay relay(String session, int number, long units) {
        try {
            byte[] bytes = ("relay " + number).getBytes(StandardCharsets.UTF_8);
            return new MinedRelay(
                    MessageDigest.getInstance("SHA-256").digest(bytes),
                    bytes,
                    units,
                    session,
                    1,
                    END,
                    SUPPLIER,
                    "svc",
                    "app",
                    5,
                    1);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static int number(RelayEntry entry) {
        return Integer.parseInt(
                new String(entry.relay().relayBytes(), StandardCharsets.UTF_8).substring(6));
    }

    private interface Act {
        Object on(Side side) throws Exception;
    }

    private static Object answer(Side side, Act act) {
        try {
            return String.valueOf(act.on(side));
        } catch (FencedException | ClosedException e) {
            return e.getClass().getSimpleName();
        } catch (MinerStoreException e) {
            return e.reason();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static String state(Side side) {
        SupplierStore store = side.current();
        StringBuilder state = new StringBuilder();
        state.append("backlog ").append(store.backlog()).append('\n');
        Map<String, String> records = new TreeMap<>();
        for (SessionRecord r : store.sessions()) {
            StringBuilder fields = new StringBuilder();
            new TreeMap<>(r.allFields())
                    .forEach(
                            (name, value) ->
                                    fields.append(name)
                                            .append('=')
                                            .append(HexFormat.of().formatHex(value))
                                            .append(' '));
            records.put(r.sessionId(), fields.toString());
        }
        state.append(records).append('\n');
        for (String session : SESSIONS) {
            state.append(store.trie(session).root()).append(' ');
            state.append(store.root(session)).append('\n');
        }
        for (SubmissionPhase phase : SubmissionPhase.values()) {
            Map<String, String> messages = new TreeMap<>();
            store.messages(phase, END)
                    .forEach(
                            (id, entry) ->
                                    messages.put(
                                            id,
                                            new String(entry.encode(), StandardCharsets.UTF_8)));
            state.append(messages).append('\n');
        }
        state.append(store.drainedTo(store.newestEntry()));
        return state.toString();
    }

    private static Object receive(Side side, SupplierStore store, boolean over) throws Exception {
        TreeSet<Integer> numbers = new TreeSet<>();
        List<RelayEntry> page = new ArrayList<>();
        do {
            page = over ? store.takeOver(7) : store.poll(7, Duration.ZERO);
            for (RelayEntry entry : page) {
                numbers.add(number(entry));
                side.seen.put(number(entry), entry);
            }
        } while (!page.isEmpty());
        return numbers;
    }

    private static Act act(Random random, int[] appended) {
        String session = SESSIONS.get(random.nextInt(SESSIONS.size()));
        String owner = OWNERS.get(random.nextInt(OWNERS.size()));
        OffsetDateTime now = START.plusSeconds(random.nextInt(1000));
        SessionRecord start = SessionRecord.started(session, SUPPLIER, "svc", "app", 1, END, START);
        long choice = random.nextLong();
        return switch (random.nextInt(14)) {
            case 0, 1, 2 -> {
                int number =
                        random.nextInt(4) == 0 && appended[0] > 0
                                ? random.nextInt(appended[0])
                                : appended[0]++;
                MinedRelay relay = relay(SESSIONS.get(number % 3), number, 10 + number % 2);
                yield side -> {
                    side.append(relay);
                    return "";
                };
            }
            case 3, 4 -> side -> receive(side, side.current(), false);
            case 5 -> side -> receive(side, side.current(), true);
            case 6, 7 ->
                    side -> {
                        List<RelayEntry> batch = new ArrayList<>();
                        Random pick = new Random(choice);
                        side.seen.forEach(
                                (number, entry) -> {
                                    if (SESSIONS.get(number % 3).equals(session)
                                            && pick.nextInt(3) > 0) {
                                        batch.add(entry);
                                    }
                                });
                        if (batch.isEmpty()) {
                            return "";
                        }
                        return side.opened
                                .getOrDefault(owner, side.current())
                                .commit(start, batch, leaf -> true);
                    };
            case 8 ->
                    side -> {
                        if (side.seen.isEmpty()) {
                            return "";
                        }
                        int nth = Math.floorMod(choice, side.seen.size());
                        RelayEntry entry = List.copyOf(side.seen.values()).get(nth);
                        if (choice % 2 == 0) {
                            side.current().discard(List.of(entry.id()));
                        } else {
                            side.current().setAside(entry, "no");
                        }
                        return "";
                    };
            case 9 ->
                    side ->
                            side.opened
                                    .getOrDefault(owner, side.current())
                                    .seal(start, leaf -> true);
            case 10, 11 -> {
                SessionState to =
                        SessionState.values()[random.nextInt(SessionState.values().length)];
                SubmissionPhase phase = SubmissionPhase.values()[random.nextInt(2)];
                SessionChange change = SessionChange.to(to, now);
                if (!to.terminal() && random.nextBoolean()) {
                    change =
                            change.keeping(
                                    phase,
                                    new OutboxEntry(
                                            new byte[] {(byte) choice}, 3, "AA", "", "svc", 0));
                } else if (random.nextBoolean()) {
                    change = change.dropping(phase);
                }
                if (random.nextBoolean()) {
                    change = change.withTransaction(phase, "T" + random.nextInt(100));
                }
                if (random.nextBoolean()) {
                    byte[] root = new byte[48];
                    random.nextBytes(root);
                    change = change.withClaimedRoot(root);
                }
                SessionChange made = change;
                yield side -> side.opened.getOrDefault(owner, side.current()).change(start, made);
            }
            case 12 ->
                    side -> {
                        var root = side.current().trie(session).root();
                        return root.isEmpty() ? "" : side.current().storeRoot(session, root);
                    };
            default ->
                    side -> {
                        side.owner = owner;
                        SupplierStore before = side.opened.get(owner);
                        Fence fence = side.grant(owner);
                        side.opened.put(owner, side.store(owner).open(SUPPLIER, fence));
                        if (before != null) {
                            before.close();
                        }
                        return "";
                    };
        };
    }

    @ParameterizedTest
    @EnumSource(KeyLayout.class)
    void theSameActsGiveTheSameAnswersAndTheSameState(KeyLayout layout) {
        for (long seed = 1; seed <= Integer.getInteger("differential.seeds", 3); seed++) {
            try (RedisFleet fleet = new RedisFleet(server, layout)) {
                differ(seed, fleet);
            }
        }
    }

    private static void differ(long seed, RedisFleet fleet) {
        InMemoryMinerStore memory = new InMemoryMinerStore(InstantSource.system());
        Side first =
                new Side() {
                    private long epoch;

                    @Override
                    MinerStore store(String owner) {
                        return memory;
                    }

                    @Override
                    void append(MinedRelay relay) {
                        memory.log().append(relay).toCompletableFuture().join();
                    }

                    @Override
                    Fence grant(String owner) {
                        return new Fence(owner, ++epoch);
                    }
                };
        Side second =
                new Side() {
                    @Override
                    MinerStore store(String owner) {
                        return fleet.store(owner);
                    }

                    @Override
                    void append(MinedRelay relay) {
                        fleet.append(relay);
                    }

                    @Override
                    Fence grant(String owner) {
                        return fleet.grant(SUPPLIER, owner);
                    }
                };
        Random random = new Random(seed);
        for (Side side : List.of(first, second)) {
            side.owner = "m1";
            side.opened.put("m1", side.store("m1").open(SUPPLIER, side.grant("m1")));
        }
        int[] appended = {0};
        for (int step = 0; step < 200; step++) {
            Act act = act(random, appended);
            Object expected = answer(first, act);
            Object found = answer(second, act);
            String where = "seed " + seed + " step " + step;
            assertEquals(expected, found, where);
            assertEquals(state(first), state(second), where);
        }
    }
}
