package io.relayminer.testkit.chain.internal.stake;

import io.relayminer.core.wire.shared.Service;
import io.relayminer.core.wire.shared.ServiceConfigUpdate;
import io.relayminer.core.wire.shared.Supplier;
import io.relayminer.core.wire.shared.SupplierServiceConfig;
import io.relayminer.testkit.chain.internal.session.SessionDraw;
import io.relayminer.testkit.chain.internal.state.Branch;
import io.relayminer.testkit.chain.internal.state.Keys;
import io.relayminer.testkit.chain.internal.state.StateReader;

import org.jspecify.annotations.Nullable;

import java.util.Map;

/**
 * Suppliers and the services they offer.
 *
 * <p>A supplier's record holds no services: what it offers is a set of dated configurations,
 * indexed by service, from which sessions are drawn and records shown to clients are filled in.
 */
public final class SupplierRegistry {
    private SupplierRegistry() {}

    /** The configuration of a supplier for a service at {@code height}, or {@code null}. */
    public static @Nullable SupplierServiceConfig configAt(
            StateReader state, String operator, String serviceId, long height) {
        for (ServiceConfigUpdate update :
                state.values(Keys.SUPPLIER_CONFIGS + serviceId + "/", ServiceConfigUpdate.class)) {
            if (update.getOperatorAddress().equals(operator)
                    && SessionDraw.isActive(
                            update.getActivationHeight(), update.getDeactivationHeight(), height)) {
                return update.getService();
            }
        }
        return null;
    }

    /**
     * A stored record with the services offered at {@code height} and, unless dehydrated, all its
     * configurations.
     */
    public static Supplier hydrate(
            StateReader state, Supplier stored, long height, boolean dehydrated) {
        Supplier.Builder supplier = stored.toBuilder().clearServices().clearServiceConfigHistory();
        for (Map.Entry<String, Object> entry : state.scan(Keys.SERVICES)) {
            String serviceId = ((Service) entry.getValue()).getId();
            for (ServiceConfigUpdate update :
                    state.values(
                            Keys.SUPPLIER_CONFIGS + serviceId + "/", ServiceConfigUpdate.class)) {
                if (!update.getOperatorAddress().equals(stored.getOperatorAddress())) {
                    continue;
                }
                if (SessionDraw.isActive(
                        update.getActivationHeight(), update.getDeactivationHeight(), height)) {
                    supplier.addServices(
                            dehydrated
                                    ? update.getService().toBuilder().clearRevShare().build()
                                    : update.getService());
                }
                if (!dehydrated) {
                    supplier.addServiceConfigHistory(update);
                }
            }
        }
        return supplier.build();
    }

    /** Stores a supplier whose services are active from {@code activation} on. */
    public static void put(Branch state, Supplier supplier, long activation) {
        state.put(
                Keys.SUPPLIERS + supplier.getOperatorAddress(),
                supplier.toBuilder().clearServices().clearServiceConfigHistory().build());
        if (supplier.getServiceConfigHistoryCount() > 0) {
            for (ServiceConfigUpdate update : supplier.getServiceConfigHistoryList()) {
                putConfig(state, update);
            }
            return;
        }
        for (SupplierServiceConfig config : supplier.getServicesList()) {
            putConfig(
                    state,
                    ServiceConfigUpdate.newBuilder()
                            .setOperatorAddress(supplier.getOperatorAddress())
                            .setService(config)
                            .setActivationHeight(activation)
                            .build());
        }
    }

    static void putConfig(Branch state, ServiceConfigUpdate update) {
        state.put(
                Keys.supplierConfig(
                        update.getService().getServiceId(),
                        update.getActivationHeight(),
                        update.getOperatorAddress()),
                update);
    }
}
