package io.relayminer.relayer;

import io.relayminer.core.chain.ChainQueries;
import io.relayminer.core.wire.shared.RPCType;
import io.relayminer.core.wire.shared.Supplier;
import io.relayminer.core.wire.shared.SupplierEndpoint;
import io.relayminer.core.wire.shared.SupplierServiceConfig;

import java.io.PrintWriter;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;

/**
 * Compares what suppliers have staked with what a configuration serves.
 *
 * <p>A staked pair of service and transport without a backend is an error: gateways would send its
 * relays here. A backend that nobody staked is only worth a remark, and so is a supplier without a
 * stake. Anything but a clear answer of the chain ends the check.
 */
final class StakeCheck {

    private static final long QUERY_SECONDS = 30;

    private final RelayerConfig config;
    private final ChainQueries chain;
    private final PrintWriter out;

    StakeCheck(RelayerConfig config, ChainQueries chain, PrintWriter out) {
        this.config = config;
        this.chain = chain;
        this.out = out;
    }

    /**
     * Runs the check and prints what it finds.
     *
     * @return whether every staked pair has a backend
     * @throws IllegalStateException if the chain cannot be asked
     */
    boolean run(Set<String> suppliers) {
        Set<String> staked = new TreeSet<>();
        int unserved = 0;
        int pairs = 0;
        for (String address : new TreeSet<>(suppliers)) {
            Optional<Supplier> supplier = ask(address);
            if (supplier.isEmpty()) {
                out.println(
                        "  info   supplier not staked on-chain; its relays cannot be claimed:"
                                + " supplier="
                                + address);
                continue;
            }
            for (SupplierServiceConfig service : supplier.get().getServicesList()) {
                for (SupplierEndpoint endpoint : service.getEndpointsList()) {
                    String type = name(endpoint.getRpcType());
                    if (type.isEmpty()) {
                        out.println(
                                "  debug  on-chain transport unknown to this build (skipped):"
                                        + " supplier="
                                        + address
                                        + " service="
                                        + service.getServiceId()
                                        + " rpc_type="
                                        + endpoint.getRpcTypeValue());
                        continue;
                    }
                    pairs++;
                    staked.add(service.getServiceId() + "/" + type);
                    if (!serves(service.getServiceId(), type)) {
                        unserved++;
                        out.println(
                                "  ERROR  staked but no backend: supplier="
                                        + address
                                        + " service="
                                        + service.getServiceId()
                                        + " transport="
                                        + type);
                    }
                }
            }
        }
        surplus(staked);
        if (unserved > 0) {
            out.println("stake check FAILED: " + unserved + " unserved staked pair(s)");
            return false;
        }
        out.println("stake check OK: " + pairs + " staked pair(s) have a backend");
        return true;
    }

    private Optional<Supplier> ask(String address) {
        try {
            return chain.supplier(address)
                    .toCompletableFuture()
                    .copy()
                    .orTimeout(QUERY_SECONDS, TimeUnit.SECONDS)
                    .join();
        } catch (CompletionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw new IllegalStateException(
                    "the stake of supplier " + address + " cannot be queried: " + cause, e);
        }
    }

    private boolean serves(String service, String type) {
        ServiceConfig configured = config.services().get(service);
        return configured != null && configured.backends().containsKey(type);
    }

    private void surplus(Set<String> staked) {
        config.services()
                .forEach(
                        (id, service) -> {
                            for (String type : service.backends().keySet()) {
                                if (!staked.contains(id + "/" + type)) {
                                    out.println(
                                            "  info   backend configured, not staked (surplus):"
                                                    + " service="
                                                    + id
                                                    + " transport="
                                                    + type);
                                }
                            }
                        });
    }

    private static String name(RPCType type) {
        return switch (type) {
            case GRPC -> "grpc";
            case WEBSOCKET -> "websocket";
            case JSON_RPC -> "jsonrpc";
            case REST -> "rest";
            case COMET_BFT -> "cometbft";
            case UNKNOWN_RPC, UNRECOGNIZED -> "";
        };
    }
}
