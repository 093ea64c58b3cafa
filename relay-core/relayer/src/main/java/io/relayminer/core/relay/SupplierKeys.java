package io.relayminer.core.relay;

import io.relayminer.core.key.KeyRing;
import io.relayminer.core.key.SupplierKey;

import org.jspecify.annotations.Nullable;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * The signing keys of the suppliers this process serves. Safe for use by any thread; never blocks.
 */
public interface SupplierKeys {

    /** The key of a supplier, or null if it is not loaded. */
    @Nullable SupplierKey find(String operatorAddress);

    /** Operator addresses of the loaded keys, a snapshot. */
    Set<String> addresses();

    /** Whether no key is loaded at all. */
    boolean isEmpty();

    /** The keys of a ring, as it is at each moment. */
    static SupplierKeys of(KeyRing ring) {
        return new RingKeys(ring);
    }

    /** Keys that do not change. */
    static SupplierKeys of(Collection<SupplierKey> keys) {
        Map<String, SupplierKey> byAddress = new HashMap<>();
        keys.forEach(key -> byAddress.put(key.address(), key));
        return new FixedKeys(byAddress);
    }
}
