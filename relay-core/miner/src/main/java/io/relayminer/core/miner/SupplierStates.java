package io.relayminer.core.miner;

import io.lettuce.core.RedisException;
import io.relayminer.core.chain.ChainException;
import io.relayminer.core.chain.ChainQueries;
import io.relayminer.core.redis.CacheInvalidation;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.redis.RedisStateException;
import io.relayminer.core.redis.SupplierRegistration;
import io.relayminer.core.redis.SupplierState;
import io.relayminer.core.wire.shared.RPCType;
import io.relayminer.core.wire.shared.Supplier;
import io.relayminer.core.wire.shared.SupplierEndpoint;
import io.relayminer.core.wire.shared.SupplierServiceConfig;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Tells relayers what the chain says about the suppliers whose keys this process holds.
 *
 * <p>A state that relayers use is never replaced by one that was not read from the chain: if the
 * chain cannot be asked, or a staked supplier shows no services, the stored state stays as it is.
 *
 * <p>Blocks. Safe for use by any thread.
 */
final class SupplierStates {

    private static final Logger LOG = LoggerFactory.getLogger(SupplierStates.class);

    private final RedisConnections connections;
    private final RedisKeys keys;
    private final ChainQueries chain;
    private final ChainCalls calls;
    private final String instance;
    private final InstantSource clock;
    private final MinerMetrics metrics;
    private final Duration freshFor;

    SupplierStates(
            RedisConnections connections,
            RedisKeys keys,
            ChainQueries chain,
            ChainCalls calls,
            String instance,
            InstantSource clock,
            MinerMetrics metrics,
            Duration freshFor) {
        this.connections = connections;
        this.keys = keys;
        this.chain = chain;
        this.calls = calls;
        this.instance = instance;
        this.clock = clock;
        this.metrics = metrics;
        this.freshFor = freshFor;
    }

    /** What the chain says about a supplier. */
    enum Standing {
        STAKED,
        NOT_STAKED,
        UNKNOWN
    }

    /**
     * How a supplier stands whose owner may be another replica: what somebody has published lately
     * is believed, so that not every replica asks the chain about every supplier.
     */
    Standing standing(String address, long height) {
        try {
            byte[] stored = connections.sync().get(utf8(keys.supplierState(address)));
            if (stored != null) {
                SupplierState state = SupplierState.decode(stored);
                long age = clock.instant().getEpochSecond() - state.lastUpdated();
                if (age >= 0 && age < freshFor.toSeconds()) {
                    return state.staked() ? Standing.STAKED : Standing.NOT_STAKED;
                }
            }
        } catch (RedisException | RedisStateException.MalformedValue e) {
            LOG.debug("the published state of supplier {} is of no use", address, e);
        }
        return publish(address, height);
    }

    /** Reads a supplier from the chain, stores its state and announces it. */
    Standing publish(String address, long height) {
        Optional<Supplier> found;
        try {
            found = calls.await(chain.supplier(address));
        } catch (ChainException | MinerException.Unavailable e) {
            LOG.warn("supplier {} cannot be read from the chain: {}", address, e.getMessage());
            skipped("chain_query_error");
            return Standing.UNKNOWN;
        }
        SupplierState state =
                found.map(s -> of(s, height, clock.instant().getEpochSecond(), instance))
                        .orElseGet(() -> notStaked(address));
        if (state.contaminated() || height <= 0) {
            LOG.warn(
                    "supplier {} is staked but shows no services; its stored state is kept",
                    address);
            skipped("unreliable_boot_snapshot");
            return Standing.STAKED;
        }
        try {
            connections.sync().set(utf8(keys.supplierState(address)), state.encode());
            connections
                    .sync()
                    .publish(
                            utf8(keys.invalidationChannel(CacheInvalidation.Type.SUPPLIER.wire())),
                            CacheInvalidation.one(CacheInvalidation.Type.SUPPLIER, address));
        } catch (RedisException e) {
            LOG.warn("the state of supplier {} was not stored", address, e);
        }
        return found.isPresent() ? Standing.STAKED : Standing.NOT_STAKED;
    }

    private void skipped(String reason) {
        metrics.registry()
                .counter("ha_miner_supplier_cache_write_skipped", "reason", reason)
                .increment();
    }

    /** Enters a supplier into the registry, or marks it as leaving this process. */
    void register(String address, String status, String action, String reason) {
        try {
            connections
                    .sync()
                    .set(
                            utf8(keys.supplierRegistryEntry(address)),
                            new SupplierRegistration(
                                            address, null, status, clock.instant().getEpochSecond())
                                    .encode());
            connections.sync().sadd(utf8(keys.supplierRegistryIndex()), utf8(address));
            connections
                    .sync()
                    .publish(
                            utf8(keys.supplierUpdateChannel()),
                            new SupplierRegistration.Update(action, address, null, reason)
                                    .encode());
            metrics.registry()
                    .counter("ha_miner_supplier_registry_updates", "action", action)
                    .increment();
        } catch (RedisException e) {
            LOG.warn("the registry entry of supplier {} was not written", address, e);
        }
    }

    private SupplierState notStaked(String address) {
        return new SupplierState(
                SupplierState.NOT_STAKED,
                false,
                null,
                List.of(),
                0,
                address,
                "",
                clock.instant().getEpochSecond(),
                0,
                instance);
    }

    /** The state that the chain's record of a supplier amounts to at a height. */
    static SupplierState of(Supplier supplier, long height, long now, String instance) {
        Map<String, SupplierServiceConfig> services = new LinkedHashMap<>();
        for (SupplierServiceConfig service : supplier.getServicesList()) {
            services.put(service.getServiceId(), service);
        }
        supplier.getServiceConfigHistoryList()
                .forEach(
                        update -> {
                            boolean active =
                                    update.getActivationHeight() <= height
                                            && (update.getDeactivationHeight() == 0
                                                    || height < update.getDeactivationHeight());
                            if (active) {
                                services.putIfAbsent(
                                        update.getService().getServiceId(), update.getService());
                            }
                        });
        Set<SupplierState.StakedEndpoint> endpoints = new LinkedHashSet<>();
        for (SupplierServiceConfig service : services.values()) {
            for (SupplierEndpoint endpoint : service.getEndpointsList()) {
                String transport = transport(endpoint.getRpcType());
                if (!transport.isEmpty()) {
                    endpoints.add(
                            new SupplierState.StakedEndpoint(service.getServiceId(), transport));
                }
            }
        }
        return new SupplierState(
                supplier.getUnstakeSessionEndHeight() == 0
                        ? SupplierState.ACTIVE
                        : SupplierState.UNSTAKING,
                true,
                new ArrayList<>(services.keySet()),
                new ArrayList<>(endpoints),
                supplier.getUnstakeSessionEndHeight(),
                supplier.getOperatorAddress(),
                supplier.getOwnerAddress(),
                now,
                0,
                instance);
    }

    private static String transport(RPCType type) {
        return switch (type) {
            case GRPC -> "grpc";
            case WEBSOCKET -> "websocket";
            case JSON_RPC -> "jsonrpc";
            case REST -> "rest";
            case COMET_BFT -> "cometbft";
            default -> "";
        };
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
