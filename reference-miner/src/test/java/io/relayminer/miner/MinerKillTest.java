package io.relayminer.miner;

import static io.relayminer.miner.MinerWorld.PATIENCE;
import static io.relayminer.miner.MinerWorld.SUPPLIERS;
import static io.relayminer.miner.MinerWorld.address;
import static io.relayminer.miner.MinerWorld.bytes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.relayminer.core.miner.redis.RedisMinerStore;
import io.relayminer.core.miner.redis.RedisMinerStoreSettings;
import io.relayminer.core.miner.store.FencedException;
import io.relayminer.core.miner.store.MinerStoreListener;
import io.relayminer.core.miner.store.SessionChange;
import io.relayminer.core.miner.store.SessionRecord;
import io.relayminer.core.miner.store.SessionState;
import io.relayminer.core.miner.store.SupplierStore;
import io.relayminer.core.session.SessionWindows;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.smst.redis.Fence;
import io.relayminer.testkit.chain.ClaimOutcome;
import io.relayminer.testkit.chain.CommittedTx;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Real miner processes, the leading one killed without warning at the points at which a crash is
 * most dangerous. Another process takes over; no relay is lost, nothing is claimed twice, and what
 * was stored but not sent is sent.
 *
 * <p>The point is hit exactly, because the leader's door to Redis falls shut there first. Leases
 * live so long that none expires by itself; the test expires those of the dead. So nothing depends
 * on how fast anything is.
 */
class MinerKillTest {

    private static final int RELAYS = 30;

    /** Where the leader is when it dies. */
    private enum Point {
        /** A batch is read, and not committed. */
        BATCH_READ(RedisTrap.Shut.BEFORE, MinerKillTest::commits),
        /** A batch is committed, and the leader does not know. */
        BATCH_COMMITTED(RedisTrap.Shut.AFTER, MinerKillTest::commits),
        /** The session is sealed; no claim is stored. */
        SEALED(RedisTrap.Shut.BEFORE, command -> stores(command, "claim")),
        /** The claim is in the outbox and was not sent. */
        CLAIM_STORED(RedisTrap.Shut.AFTER, command -> stores(command, "claim")),
        /** The claim is in the mempool; only the outbox knows it. */
        CLAIM_IN_MEMPOOL(RedisTrap.Shut.BEHIND, command -> stores(command, "claim")),
        /** Claims are on chain, proofs are not due. */
        CLAIMED(null, command -> false),
        /** The proof is in the outbox and was not sent. */
        PROOF_STORED(RedisTrap.Shut.AFTER, command -> stores(command, "proof")),
        /** The proof is in the mempool; only the outbox knows it. */
        PROOF_IN_MEMPOOL(RedisTrap.Shut.BEHIND, command -> stores(command, "proof"));

        private final RedisTrap.Shut shut;
        private final Predicate<List<String>> command;

        Point(RedisTrap.Shut shut, Predicate<List<String>> command) {
            this.shut = shut;
            this.command = command;
        }
    }

    private static boolean script(List<String> command) {
        return command.get(0).startsWith("EVAL");
    }

    private static boolean commits(List<String> command) {
        return script(command)
                && command.stream().anyMatch(a -> a.endsWith(":nodes"))
                && command.stream().anyMatch(a -> a.startsWith("ha:relays:"));
    }

    /** Whether it is the change of a session that keeps a message of a phase. */
    private static boolean stores(List<String> command, String phase) {
        if (!script(command)
                || command.stream().noneMatch(a -> a.contains(":rebroadcast:{" + phase + "}:"))) {
            return false;
        }
        int arguments = 3 + Integer.parseInt(command.get(2));
        int message = arguments + (phase.equals("claim") ? 8 : 9);
        return command.size() > message && command.get(message).startsWith("{");
    }

    @TempDir private Path folder;
    private MinerWorld world;
    private RedisTrap door;
    private MinerJvm leader;
    private MinerJvm standby;

    @BeforeEach
    void start() {
        world = new MinerWorld();
        door = RedisTrap.before(world.redis.port());
    }

    @AfterEach
    void stop() {
        if (leader != null) {
            leader.close();
        }
        if (standby != null) {
            standby.close();
        }
        door.close();
        world.close();
    }

    private Optional<String> owner(String supplier) {
        return world.text(world.keys.lease(address(supplier)));
    }

    private boolean allOwnedBy(Predicate<String> who) {
        return SUPPLIERS.stream().allMatch(s -> owner(s).filter(who).isPresent());
    }

    private MinerJvm miner(String name, String redis) throws IOException {
        return MinerJvm.start(folder, name, world.config(redis, 600, ""));
    }

    /** Kills the leader and lets its leases expire, as they would in time. */
    private void killAndTakeOver() {
        String dead = owner(SUPPLIERS.get(0)).orElseThrow();
        leader.kill();
        for (String supplier : SUPPLIERS) {
            world.connections.sync().pexpire(bytes(world.keys.lease(address(supplier))), 1);
        }
        world.connections.sync().pexpire(bytes(world.keys.globalLeader()), 1);
        world.connections.sync().pexpire(bytes(world.keys.instance(dead)), 1);
        world.until("the standby owns", () -> allOwnedBy(id -> !id.equals(dead)));
    }

    private void sprung() throws InterruptedException {
        assertTrue(door.awaitSprung(PATIENCE), "the point was never reached");
    }

    private long executed(String message) {
        return world.chain.transactions().stream()
                .filter(tx -> tx.code() == 0)
                .map(CommittedTx::messageTypes)
                .flatMap(List::stream)
                .filter(type -> type.endsWith(message))
                .count();
    }

    @ParameterizedTest
    @EnumSource(Point.class)
    void nothingIsLostOrDoubled(Point point) throws Exception {
        try {
            run(point);
        } catch (Throwable e) {
            throw new AssertionError(
                    e.getMessage()
                            + "\n--- leader\n"
                            + (leader == null ? "" : leader.tail())
                            + "\n--- standby\n"
                            + (standby == null ? "" : standby.tail()),
                    e);
        }
    }

    /** Redis knows the scripts from now on, so that one command runs one of them. */
    private void loadScripts(SessionHeader header) throws Exception {
        for (String supplier : SUPPLIERS) {
            world.relay(header, supplier);
            world.until("the first leaf", () -> world.leaves(header, supplier) == 1);
        }
        String supplier = address(SUPPLIERS.get(0));
        try (RedisMinerStore store =
                        new RedisMinerStore(
                                world.connections,
                                world.keys,
                                "nobody",
                                RedisMinerStoreSettings.DEFAULT,
                                MinerStoreListener.NONE,
                                InstantSource.system());
                SupplierStore nobody = store.open(supplier, new Fence("nobody", 1))) {
            SessionRecord record = world.record(header, SUPPLIERS.get(0)).orElseThrow();
            assertThrows(
                    FencedException.class,
                    () ->
                            nobody.change(
                                    record,
                                    SessionChange.to(
                                            SessionState.CLAIM_SKIPPED,
                                            OffsetDateTime.now(ZoneOffset.UTC))),
                    "without a lease nothing is stored");
        }
    }

    private void run(Point point) throws Exception {
        leader = miner("leader", door.uri());
        world.chain.advanceTo(2);
        world.until("the leader owns", () -> allOwnedBy(id -> true));
        standby = miner("standby", world.redis.uri());
        boolean committing = point.compareTo(Point.SEALED) < 0;
        SessionHeader header = world.session();
        loadScripts(header);
        if (committing) {
            door.arm(point.shut, point.command);
        }
        for (int i = 1; i < RELAYS; i++) {
            for (String supplier : SUPPLIERS) {
                world.relay(header, supplier);
            }
        }
        if (committing) {
            sprung();
            killAndTakeOver();
        }
        for (String supplier : SUPPLIERS) {
            world.until("all are leaves", () -> world.leaves(header, supplier) == RELAYS);
            assertEquals(
                    0, world.connections.sync().xlen(bytes(world.keys.stream(address(supplier)))));
        }
        SessionWindows windows =
                SessionWindows.of(world.chain.sharedParams(), header.getSessionEndBlockHeight());
        if (!committing && point.compareTo(Point.CLAIMED) < 0) {
            door.arm(point.shut, point.command);
        }
        // Half of the window is the longest a session is left open.
        world.chain.advanceTo(windows.claimOpen() + 4);
        if (!committing && point.compareTo(Point.CLAIMED) < 0) {
            sprung();
            if (point == Point.CLAIM_IN_MEMPOOL) {
                world.until("it is in the mempool", () -> world.chain.mempoolSize() >= 1);
            }
            killAndTakeOver();
            world.chain.advance(1);
        }
        world.until(
                "claims are sent",
                () -> world.chain.mempoolSize() + world.claims(header) >= SUPPLIERS.size());
        world.chain.advance(1);
        world.until("claims are on chain", () -> world.claims(header) == SUPPLIERS.size());
        if (point == Point.CLAIMED) {
            killAndTakeOver();
        } else if (point.compareTo(Point.CLAIMED) > 0) {
            door.arm(point.shut, point.command);
        }
        world.chain.advanceTo(windows.proofOpen());
        if (point.compareTo(Point.CLAIMED) > 0) {
            sprung();
            if (point == Point.PROOF_IN_MEMPOOL) {
                world.until("it is in the mempool", () -> world.chain.mempoolSize() >= 1);
            }
            killAndTakeOver();
            // One that may still be on its way is waited for.
            world.chain.advance(2);
        }
        world.until(
                "proofs are sent",
                () ->
                        world.chain.mempoolSize() + world.chain.proofChecks().size()
                                >= SUPPLIERS.size());
        world.chain.advance(1);
        world.until(
                "proofs are checked", () -> world.chain.proofChecks().size() == SUPPLIERS.size());
        world.chain.advanceTo(windows.proofClose() + 1);
        assertEquals(SUPPLIERS.size(), world.chain.outcomes().size());
        for (ClaimOutcome outcome : world.chain.outcomes()) {
            assertEquals(ClaimOutcome.Kind.SETTLED, outcome.kind(), outcome.toString());
            assertEquals(RELAYS, outcome.relays());
        }
        assertEquals(SUPPLIERS.size(), executed("MsgCreateClaim"), "claims");
        assertEquals(SUPPLIERS.size(), executed("MsgSubmitProof"), "proofs");
        for (String supplier : SUPPLIERS) {
            world.until(
                    "the session is over",
                    () ->
                            world.record(header, supplier)
                                    .map(r -> r.state().equals("proved"))
                                    .orElse(false));
            String tree = world.keys.smstNodes(address(supplier), header.getSessionId());
            world.until(
                    "the tree is gone", () -> world.connections.sync().exists(bytes(tree)) == 0);
        }
        world.until(
                "the outbox is empty",
                () -> world.connections.sync().keys("ha:miner:rebroadcast:*").isEmpty());
        assertTrue(standby.isAlive());
    }
}
