package io.relayminer.core.session;

import io.relayminer.core.wire.application.Application;

import java.util.List;
import java.util.TreeSet;

/** The gateways that may sign relays of an application. */
public final class DelegatedGateways {

    private DelegatedGateways() {}

    /**
     * The gateways an application is delegated to in a session: those of its list, and those whose
     * undelegation takes effect only at the end of that session or later.
     *
     * @param application the application as it is registered now
     * @param sessionEnd last block of the session
     * @return addresses without duplicates in ascending order; empty if the application signs for
     *     itself
     */
    public static List<String> at(Application application, long sessionEnd) {
        TreeSet<String> gateways = new TreeSet<>(application.getDelegateeGatewayAddressesList());
        application
                .getPendingUndelegationsMap()
                .forEach(
                        (height, list) -> {
                            if (Long.compareUnsigned(height, sessionEnd) >= 0) {
                                gateways.addAll(list.getGatewayAddressesList());
                            }
                        });
        return List.copyOf(gateways);
    }
}
