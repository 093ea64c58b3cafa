package io.relayminer.core.miner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.relayminer.core.miner.store.FencedException;
import io.relayminer.core.miner.store.MinerStoreException;
import io.relayminer.core.miner.store.SessionRecord;
import io.relayminer.core.miner.store.SessionState;
import io.relayminer.core.session.SessionGrid;
import io.relayminer.core.wire.RelayCodec;
import io.relayminer.smst.MerkleSumRoot;
import io.relayminer.smst.SmstStoreException;
import io.relayminer.smst.SparseMerkleSumTrie;
import io.relayminer.transport.MinedRelay;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * A fleet of miners under a seeded scheduler: blocks, relays, duplicates, failures and lost replies
 * at every step, crashes at every step, leases that move while their old owners go on. Whatever
 * happens, every relay that was appended is in exactly one settled claim, and nothing is left over.
 *
 * <p>A failing seed is a failing test that can be replayed.
 */
class MinerSimulationTest {

    private static final List<String> SUPPLIERS =
            List.of(
                    "pokt19a3t4yunp0dlpfjrp7qwnzwlrzd5fzs2gjaaaj",
                    "pokt1re27pw4llwnatx4sq7rlggqzcm6j3f39epq2wa");
    private static final List<String> APPLICATIONS =
            List.of(
                    "pokt1mrqt5f7qh8uxs27cjm9t7v9e74a9vvdnq5jva4",
                    "pokt184zvylazwu4queyzpl0gyz9yf5yxm2kdhh9hpm");

    private final class Simulation {
        final Random random;
        final SimFaults faults;
        final SimStore store;
        final SimChain chain;
        final SupplierWorker.Services services;
        final Map<String, List<SupplierWorker>> workers = new HashMap<>();
        final Map<String, TreeMap<String, MinedRelay>> appended = new TreeMap<>();
        int relays;
        int instances;
        int fencedOff;
        int duplicates;
        double failure;
        double crash;

        Simulation(long seed, double probability) {
            random = new Random(seed);
            faults = new SimFaults(random);
            chain = new SimChain(faults, random, SUPPLIERS, probability);
            store = new SimStore(faults, chain::now);
            services = SimWorld.services(store, chain, MinerSettings.DEFAULT);
        }

        void relay() {
            String supplier = SUPPLIERS.get(random.nextInt(SUPPLIERS.size()));
            String application = APPLICATIONS.get(random.nextInt(APPLICATIONS.size()));
            // Some relays belong to the session before and come in its grace period.
            long at = chain.height;
            long sessionStart = SessionGrid.startHeight(chain.params, at);
            if (at == sessionStart && at > 1 && random.nextBoolean()) {
                at--;
            }
            MinedRelay relay =
                    SimWorld.relay(
                            chain,
                            chain.header(application, "svc1", at),
                            supplier,
                            relays,
                            random.nextInt(10) != 0);
            byte[] hash = RelayCodec.relayHash(relay.relayBytes());
            relays++;
            appended.computeIfAbsent(relay.sessionId() + "/" + supplier, k -> new TreeMap<>())
                    .put(HexFormat.of().formatHex(hash), relay);
            store.append(relay);
            if (random.nextInt(8) == 0) {
                // Two relayers, or one after a fail-over, append the same relay.
                store.append(relay);
                duplicates++;
            }
        }

        void start(String supplier) {
            String owner = "m" + ++instances;
            var fence = store.grant(supplier, owner);
            OwnedSupplier owned =
                    new OwnedSupplier(
                            supplier,
                            new SimWorld.Signer(supplier),
                            fence,
                            () -> store.holds(supplier, fence) || zombiesTrust());
            try {
                SupplierWorker worker = new SupplierWorker(owned, services);
                workers.computeIfAbsent(supplier, s -> new ArrayList<>()).add(worker);
            } catch (SimFaults.Crash | MinerStoreException e) {
                // Died while starting, or nothing answered; the next look starts another.
            }
        }

        /** A paused process believes in its lease until its clock moves on. */
        private boolean zombiesTrust() {
            return random.nextInt(3) == 0;
        }

        void turn(String supplier, SupplierWorker worker) {
            worker.block(chain.blocks.get(chain.height));
            try {
                worker.turn(Duration.ZERO);
            } catch (FencedException e) {
                fencedOff++;
                workers.get(supplier).remove(worker);
            } catch (SimFaults.Crash e) {
                workers.get(supplier).remove(worker);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            } catch (MinerStoreException | SmstStoreException | MinerException.Unavailable e) {
                // run() pauses and goes on; so do we.
            }
        }

        void turns(int rounds) {
            for (int i = 0; i < rounds; i++) {
                String supplier = SUPPLIERS.get(random.nextInt(SUPPLIERS.size()));
                List<SupplierWorker> all =
                        workers.computeIfAbsent(supplier, s -> new ArrayList<>());
                if (all.isEmpty()) {
                    start(supplier);
                }
                if (!all.isEmpty()) {
                    turn(supplier, all.get(random.nextInt(all.size())));
                }
            }
        }

        void run(int blocks) {
            for (int b = 0; b < blocks; b++) {
                for (int i = random.nextInt(6); i > 0; i--) {
                    relay();
                }
                // Faults come in bursts: a window of eight blocks has four in which steps succeed.
                // Without such a bound no schedule of any program could meet a deadline.
                boolean rough = chain.height % 2 == 0;
                faults.set(rough ? failure : 0, rough ? crash : 0);
                turns(random.nextInt(5));
                // Whatever else happens, somebody looks at every supplier once per block.
                for (String supplier : SUPPLIERS) {
                    if (workers.getOrDefault(supplier, List.of()).isEmpty()) {
                        start(supplier);
                    }
                    List<SupplierWorker> all = workers.getOrDefault(supplier, List.of());
                    if (!all.isEmpty()) {
                        turn(supplier, all.get(all.size() - 1));
                    }
                }
                if (random.nextInt(12) == 0) {
                    // The lease moves while the old owner is still running.
                    start(SUPPLIERS.get(random.nextInt(SUPPLIERS.size())));
                }
                chain.advance();
            }
        }

        /** No faults any more, as many blocks as the last session needs. */
        void finish() {
            faults.set(0, 0);
            chain.lossOfTransactions = 0;
            for (int b = 0; b < 40; b++) {
                turns(16);
                chain.advance();
            }
        }

        void check() {
            List<SessionRecord> records = new ArrayList<>();
            for (String supplier : SUPPLIERS) {
                assertEquals(
                        List.of(), store.memory.setAside(supplier), "no sound relay is set aside");
                assertEquals(0, store.memory.messages(supplier), "the outbox is empty");
                assertEquals(0, store.memory.trees(supplier), "no tree is left over");
                records.addAll(store.memory.records(supplier));
            }
            assertEquals(List.of(), chain.expired, "no claim misses its proof");
            appended.forEach(
                    (key, relaysOfSession) -> {
                        SparseMerkleSumTrie.Builder builder = SparseMerkleSumTrie.builder();
                        relaysOfSession
                                .values()
                                .forEach(
                                        r ->
                                                builder.add(
                                                        RelayCodec.relayHash(r.relayBytes()),
                                                        r.relayBytes(),
                                                        r.computeUnitsPerRelay()));
                        MerkleSumRoot expected = builder.build().root();
                        assertEquals(expected, chain.settled.get(key), "session " + key);
                    });
            assertEquals(appended.size(), chain.settled.size());
            for (String supplier : SUPPLIERS) {
                assertEquals(0, store.memory.backlog(supplier), "log of " + supplier);
            }
            for (SessionRecord record : records) {
                SessionState state = record.knownState().orElseThrow();
                assertTrue(state.success(), record.sessionId() + " is " + state.wire());
            }
            assertEquals(appended.size(), records.size());
        }
    }

    @Test
    void fairWeather() {
        Simulation s = new Simulation(1, 1);
        s.run(40);
        s.finish();
        s.check();
        assertTrue(s.relays > 50);
        s.chain.proofsCharged.forEach((k, n) -> assertEquals(1, n, "proofs of " + k));
        assertEquals(s.appended.size(), s.chain.proofsCharged.size());
    }

    @Test
    void proofsAreSentOnlyWhenAskedFor() {
        Simulation s = new Simulation(3, 0);
        s.run(40);
        s.finish();
        s.check();
        assertEquals(Map.of(), s.chain.proofsCharged);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.3, 1})
    void foulWeather(double probability) {
        int crashes = 0;
        int fenced = 0;
        int duplicates = 0;
        for (long seed = 1; seed <= 60; seed++) {
            Simulation s = new Simulation(seed * 31, probability);
            s.failure = 0.05;
            s.crash = 0.01;
            s.chain.lossOfTransactions = 0.5;
            try {
                s.run(60);
                s.finish();
                s.check();
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("seed " + seed * 31 + ": " + e.getMessage(), e);
            }
            crashes += (int) s.faults.crashes;
            fenced += s.fencedOff;
            duplicates += s.duplicates;
        }
        assertTrue(crashes > 100, "crashes: " + crashes);
        assertTrue(fenced > 20, "fenced: " + fenced);
        assertTrue(duplicates > 100, "duplicates: " + duplicates);
    }
}
