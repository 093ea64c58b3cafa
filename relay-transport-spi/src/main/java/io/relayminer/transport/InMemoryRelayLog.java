package io.relayminer.transport;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A relay log in the memory of one process, for tests and for those who look at relays without a
 * miner. Safe for use by any thread.
 */
public final class InMemoryRelayLog implements RelayLog {

    private final Map<String, List<MinedRelay>> logs = new ConcurrentHashMap<>();

    /** A log without relays. */
    public InMemoryRelayLog() {}

    @Override
    public CompletionStage<String> append(MinedRelay relay) {
        String problem = relay.incomplete();
        if (problem != null) {
            return CompletableFuture.failedFuture(new RelayLogException.Refused(problem));
        }
        List<MinedRelay> log =
                logs.computeIfAbsent(relay.supplier(), supplier -> new ArrayList<>());
        synchronized (log) {
            log.add(relay);
            return CompletableFuture.completedFuture(Integer.toString(log.size()));
        }
    }

    /**
     * The relays of a supplier, oldest first.
     *
     * @param supplier bech32 operator address
     * @return a copy
     */
    public List<MinedRelay> relays(String supplier) {
        List<MinedRelay> log = logs.getOrDefault(supplier, List.of());
        synchronized (log) {
            return List.copyOf(log);
        }
    }

    @Override
    public void close() {}
}
