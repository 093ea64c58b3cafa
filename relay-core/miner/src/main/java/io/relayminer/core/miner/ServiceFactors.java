package io.relayminer.core.miner;

import java.time.Duration;
import java.util.Map;

/**
 * Service factors that the leader publishes for relayers.
 *
 * @param byDefault factor of all services without one of their own; 0 for none
 * @param byService factor by service id
 * @param life how long they live without being renewed; they are renewed four times as often
 */
public record ServiceFactors(double byDefault, Map<String, Double> byService, Duration life) {

    /** Copies the map. */
    public ServiceFactors {
        byService = Map.copyOf(byService);
    }
}
