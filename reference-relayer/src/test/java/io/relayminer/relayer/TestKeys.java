package io.relayminer.relayer;

import io.relayminer.core.key.SupplierKey;
import io.relayminer.core.relay.SupplierKeys;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Signing keys that a test loads and unloads. */
final class TestKeys implements SupplierKeys {

    private final Map<String, SupplierKey> byAddress = new ConcurrentHashMap<>();

    /** Loads a key; returns its operator address. */
    String load(String privateKeyHex) {
        SupplierKey key = SupplierKey.fromHex(privateKeyHex);
        byAddress.put(key.address(), key);
        return key.address();
    }

    void unload(String address) {
        byAddress.remove(address);
    }

    @Override
    public SupplierKey find(String operatorAddress) {
        return byAddress.get(operatorAddress);
    }

    @Override
    public Set<String> addresses() {
        return Set.copyOf(byAddress.keySet());
    }

    @Override
    public boolean isEmpty() {
        return byAddress.isEmpty();
    }
}
