package io.relayminer.core.redis;

import com.fasterxml.jackson.databind.JsonNode;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/**
 * What relayers know about a supplier: written by miners that hold its key, under {@link
 * RedisKeys#supplierState}.
 *
 * <p>{@code ownerAddress} and {@code updatedBy} flip between writers; do not read ownership from
 * them.
 *
 * @param status {@code active}, {@code unstaking} or {@code not_staked}
 * @param staked whether the supplier is staked
 * @param services service ids it is staked for; null is written as JSON null and means none
 * @param stakedEndpoints (service, transport) pairs on chain; empty means unknown, never a reason
 *     to reject a relay
 * @param unstakeSessionEndHeight unsigned; 0 when not unstaking
 * @param operatorAddress bech32 address of the operator, never empty
 * @param ownerAddress bech32 address of the owner, may be empty
 * @param lastUpdated Unix seconds
 * @param lastRefreshSessionStart height, 0 when unknown
 * @param updatedBy id of the writing instance, may be empty
 */
public record SupplierState(
        String status,
        boolean staked,
        @Nullable List<String> services,
        List<StakedEndpoint> stakedEndpoints,
        long unstakeSessionEndHeight,
        String operatorAddress,
        String ownerAddress,
        long lastUpdated,
        long lastRefreshSessionStart,
        String updatedBy) {

    /** Status of a supplier that is staked and not leaving. */
    public static final String ACTIVE = "active";

    /** Status of a supplier that is leaving; it still serves until its last session ends. */
    public static final String UNSTAKING = "unstaking";

    /** Status of an address without a stake. */
    public static final String NOT_STAKED = "not_staked";

    /** Copies the lists. */
    public SupplierState {
        services = services == null ? null : List.copyOf(services);
        stakedEndpoints = List.copyOf(stakedEndpoints);
    }

    /**
     * A transport a supplier is staked for.
     *
     * @param serviceId id of the service
     * @param rpcType {@code jsonrpc}, {@code rest}, {@code websocket}, {@code grpc} or {@code
     *     cometbft}
     */
    public record StakedEndpoint(String serviceId, String rpcType) {}

    /**
     * Whether this state must be treated as absent: a staked, active supplier without any service
     * is the trace of a writer that could not read the chain.
     */
    public boolean contaminated() {
        return staked && status.equals(ACTIVE) && (services == null || services.isEmpty());
    }

    /** Whether the supplier serves at all; an unstaking one still does. */
    public boolean active() {
        return staked && !status.equals(NOT_STAKED);
    }

    /** Whether the supplier serves that service. */
    public boolean activeFor(String serviceId) {
        return active() && services != null && services.contains(serviceId);
    }

    /** The stored form: JSON in UTF-8. */
    public byte[] encode() {
        if (operatorAddress.isEmpty()) {
            throw new RedisStateException.MalformedValue(
                    "a supplier state without an operator address cannot be stored");
        }
        GoJsonWriter json = new GoJsonWriter();
        json.beginObject().name("status").value(status).name("staked").value(staked);
        json.name("services").strings(services);
        if (!stakedEndpoints.isEmpty()) {
            json.name("staked_endpoints").beginArray();
            for (StakedEndpoint endpoint : stakedEndpoints) {
                json.beginObject().name("service_id").value(endpoint.serviceId());
                json.name("rpc_type").value(endpoint.rpcType()).endObject();
            }
            json.endArray();
        }
        json.name("unstake_session_end_height").unsigned(unstakeSessionEndHeight);
        json.name("operator_address").value(operatorAddress);
        json.name("owner_address").value(ownerAddress);
        json.name("last_updated").value(lastUpdated);
        if (lastRefreshSessionStart != 0) {
            json.name("last_refresh_session_start").value(lastRefreshSessionStart);
        }
        if (!updatedBy.isEmpty()) {
            json.name("updated_by").value(updatedBy);
        }
        return json.endObject().toBytes();
    }

    /**
     * Reads a stored state.
     *
     * @throws RedisStateException.MalformedValue if it is not such a JSON object
     */
    public static SupplierState decode(byte[] stored) {
        GoJsonReader json = GoJsonReader.parse("supplier state", stored);
        List<StakedEndpoint> endpoints = new ArrayList<>();
        JsonNode list = json.get("staked_endpoints");
        if (list != null) {
            if (!list.isArray()) {
                throw json.wrong("staked_endpoints", "a list");
            }
            for (JsonNode element : list) {
                GoJsonReader endpoint = GoJsonReader.of("staked endpoint", element);
                endpoints.add(
                        new StakedEndpoint(
                                endpoint.string("service_id"), endpoint.string("rpc_type")));
            }
        }
        return new SupplierState(
                json.string("status"),
                json.bool("staked"),
                json.strings("services"),
                endpoints,
                json.uint64("unstake_session_end_height"),
                json.string("operator_address"),
                json.string("owner_address"),
                json.int64("last_updated"),
                json.int64("last_refresh_session_start"),
                json.string("updated_by"));
    }
}
