package io.relayminer.core.relay;

import io.relayminer.core.key.SupplierKey;

import org.jspecify.annotations.Nullable;

import java.util.Map;
import java.util.Set;

/**
 * Keys that do not change.
 *
 * @param keys by operator address
 */
record FixedKeys(Map<String, SupplierKey> keys) implements SupplierKeys {

    FixedKeys {
        keys = Map.copyOf(keys);
    }

    @Override
    public @Nullable SupplierKey find(String operatorAddress) {
        return keys.get(operatorAddress);
    }

    @Override
    public Set<String> addresses() {
        return keys.keySet();
    }

    @Override
    public boolean isEmpty() {
        return keys.isEmpty();
    }

    @Override
    public String toString() {
        return "keys of " + keys.keySet();
    }
}
