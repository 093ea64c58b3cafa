package io.relayminer.core.relay;

import io.relayminer.core.cache.CacheException;
import io.relayminer.core.cache.TieredCache;
import io.relayminer.core.redis.SupplierState;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Decides by what miners publish whether relays of a supplier may be served.
 *
 * <p>A supplier without a published state, and any supplier while Redis cannot be read and no state
 * is remembered, is served if its key is loaded here: the operator evidently means it to serve, and
 * the session check decides on stake anyway. A transport the supplier did not stake is served and
 * counted.
 */
final class SupplierGate {

    private static final Logger LOG = LoggerFactory.getLogger(SupplierGate.class);
    private static final int MOST_WARNINGS = 10_000;

    /** What the gate said. */
    sealed interface Admission {

        /** Served because a state allows it. */
        record Registered(boolean undeclaredTransport) implements Admission {}

        /** Served although no state is known, because the key is loaded. */
        record Optimistic() implements Admission {}

        /** Not served. */
        record Refused(Refusal refusal) implements Admission {}
    }

    private final TieredCache<String, SupplierState> states;
    private final SupplierKeys keys;
    private final Set<String> warned = ConcurrentHashMap.newKeySet();

    SupplierGate(TieredCache<String, SupplierState> states, SupplierKeys keys) {
        this.states = states;
        this.keys = keys;
    }

    /** Judges one relay; the stage never fails. */
    CompletionStage<Admission> admit(String supplier, String serviceId, RpcType type) {
        SupplierState known = states.peek(supplier);
        if (known != null) {
            return CompletableFuture.completedFuture(judge(known, supplier, serviceId, type));
        }
        return states.get(supplier)
                .handle(
                        (state, failure) -> {
                            if (state != null) {
                                return judge(state, supplier, serviceId, type);
                            }
                            if (RelayFailures.cacheException(failure)
                                    instanceof CacheException.Unavailable unavailable) {
                                LOG.debug(
                                        "state of supplier {} cannot be read: {}",
                                        supplier,
                                        unavailable.getMessage());
                            }
                            return absent(supplier);
                        });
    }

    private Admission absent(String supplier) {
        return keys.find(supplier) != null
                ? new Admission.Optimistic()
                : new Admission.Refused(Refusal.of(Refusal.Kind.SUPPLIER_NOT_REGISTERED, supplier));
    }

    private Admission judge(SupplierState state, String supplier, String service, RpcType type) {
        if (!state.active()) {
            return new Admission.Refused(
                    Refusal.of(Refusal.Kind.SUPPLIER_INACTIVE, supplier, state.status()));
        }
        if (state.services() == null || state.services().isEmpty()) {
            return new Admission.Refused(
                    Refusal.of(Refusal.Kind.SUPPLIER_WITHOUT_SERVICES, supplier));
        }
        if (!state.activeFor(service)) {
            return new Admission.Refused(
                    Refusal.of(Refusal.Kind.SUPPLIER_NOT_STAKED_FOR_SERVICE, supplier, service));
        }
        boolean declared = declared(state, service, type);
        if (!declared) {
            warnOnce(supplier, service, type);
        }
        return new Admission.Registered(!declared);
    }

    private static boolean declared(SupplierState state, String service, RpcType type) {
        if (state.stakedEndpoints().isEmpty()) {
            return true;
        }
        for (SupplierState.StakedEndpoint endpoint : state.stakedEndpoints()) {
            if (endpoint.serviceId().equals(service) && endpoint.rpcType().equals(type.label())) {
                return true;
            }
        }
        return false;
    }

    private void warnOnce(String supplier, String service, RpcType type) {
        String what = supplier + "/" + service + "/" + type.label();
        if (warned.size() < MOST_WARNINGS && warned.add(what)) {
            LOG.warn(
                    "supplier {} did not stake {} for service {}; its relays are served and"
                            + " claimable nevertheless",
                    supplier,
                    type.label(),
                    service);
        }
    }
}
