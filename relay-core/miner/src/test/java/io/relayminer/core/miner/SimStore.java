package io.relayminer.core.miner;

import io.relayminer.core.miner.store.InMemoryMinerStore;
import io.relayminer.core.miner.store.MinerStore;
import io.relayminer.core.miner.store.MinerStoreException;
import io.relayminer.core.miner.store.SupplierStore;
import io.relayminer.smst.LeafNode;
import io.relayminer.smst.SparseMerkleSumTrie;
import io.relayminer.smst.redis.Fence;
import io.relayminer.transport.MinedRelay;
import io.relayminer.transport.RelayLog;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * A store in memory with faults: an act may fail before its effect, lose its answer after it, or
 * kill the caller at either point.
 */
final class SimStore implements MinerStore {

    final SimFaults faults;
    final InMemoryMinerStore memory;
    private final RelayLog log;
    private final List<MinedRelay> appended = new ArrayList<>();
    private final Map<String, Fence> leases = new HashMap<>();

    /** The session whose tree cannot be read because of a fault of this program; empty for none. */
    String faultyTree = "";

    /** How many leaves of each tree are gone. */
    int lostLeaves;

    /** Whether the answer to the next read is lost. */
    boolean losesNextPoll;

    /** Whether there is no room for leaves. */
    boolean full;

    SimStore(SimFaults faults, InstantSource clock) {
        this.faults = faults;
        this.memory = new InMemoryMinerStore(clock);
        this.log = memory.log();
    }

    /** Gives the lease of a supplier to another owner. */
    Fence grant(String supplier, String owner) {
        Fence before = leases.get(supplier);
        Fence fence = new Fence(owner, before == null ? 1 : before.epoch() + 1);
        leases.put(supplier, fence);
        return fence;
    }

    boolean holds(String supplier, Fence fence) {
        return fence.equals(leases.get(supplier));
    }

    void append(MinedRelay relay) {
        appended.add(relay);
        log.append(relay).toCompletableFuture().join();
    }

    @Override
    public SupplierStore open(String supplier, Fence fence) {
        return (SupplierStore)
                Proxy.newProxyInstance(
                        SimStore.class.getClassLoader(),
                        new Class<?>[] {SupplierStore.class},
                        new Faulty(step("open", () -> memory.open(supplier, fence))));
    }

    @Override
    public boolean hasOpenSessions(String supplier) {
        return step("hasOpenSessions", () -> memory.hasOpenSessions(supplier));
    }

    @Override
    public void close() {}

    private <T> T step(String name, Supplier<T> effect) {
        if (faults.before(name)) {
            throw unavailable(name);
        }
        T result = effect.get();
        if (faults.after(name)) {
            throw unavailable(name);
        }
        return result;
    }

    private static MinerStoreException unavailable(String step) {
        return new MinerStoreException(MinerStoreException.Reason.UNAVAILABLE, step, null);
    }

    /** Calls the real store in between. */
    private final class Faulty implements InvocationHandler {

        private final SupplierStore real;

        Faulty(SupplierStore real) {
            this.real = real;
        }

        private SparseMerkleSumTrie without(int lost, String session) {
            SparseMerkleSumTrie.Builder builder = SparseMerkleSumTrie.digestBuilder(0);
            appended.stream()
                    .filter(relay -> relay.sessionId().equals(session))
                    .skip(lost)
                    .map(
                            relay ->
                                    LeafNode.of(
                                            relay.relayHash(),
                                            relay.relayBytes(),
                                            relay.computeUnitsPerRelay()))
                    .forEach(builder::add);
            return builder.build();
        }

        @Override
        public Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
            String name = method.getName();
            if (name.equals("close")) {
                real.close();
                return null;
            }
            if (name.equals("commit") && full) {
                throw new MinerStoreException(
                        MinerStoreException.Reason.OUT_OF_MEMORY, "full", null);
            }
            if (faults.before(name)) {
                throw unavailable(name);
            }
            if (name.equals("trie") && arguments[0].equals(faultyTree)) {
                throw new ArithmeticException("a fault of this program");
            }
            if (name.equals("trie") && lostLeaves > 0) {
                return without(lostLeaves, (String) arguments[0]);
            }
            Object result;
            try {
                result = method.invoke(real, arguments);
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
            if (name.equals("poll") && losesNextPoll) {
                losesNextPoll = false;
                throw unavailable(name);
            }
            if (faults.after(name)) {
                throw unavailable(name);
            }
            return result;
        }
    }
}
