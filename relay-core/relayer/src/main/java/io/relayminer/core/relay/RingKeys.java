package io.relayminer.core.relay;

import io.relayminer.core.key.KeyRing;
import io.relayminer.core.key.SupplierKey;

import org.jspecify.annotations.Nullable;

import java.util.Set;

/** A key ring, with the question whether it is empty answered without building a set. */
final class RingKeys implements SupplierKeys {

    private final KeyRing ring;
    private volatile boolean empty;

    RingKeys(KeyRing ring) {
        this.ring = ring;
        ring.onChange(changes -> empty = ring.addresses().isEmpty());
        this.empty = ring.addresses().isEmpty();
    }

    @Override
    public @Nullable SupplierKey find(String operatorAddress) {
        return ring.find(operatorAddress).orElse(null);
    }

    @Override
    public Set<String> addresses() {
        return ring.addresses();
    }

    @Override
    public boolean isEmpty() {
        return empty;
    }
}
