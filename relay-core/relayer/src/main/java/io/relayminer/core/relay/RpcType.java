package io.relayminer.core.relay;

import org.jspecify.annotations.Nullable;

/** The kinds of backends, by the names they have in configurations and metrics. */
public enum RpcType {
    /** gRPC, header code 1. */
    GRPC("grpc", "1"),
    /** WebSocket, header code 2. */
    WEBSOCKET("websocket", "2"),
    /** JSON-RPC over HTTP, header code 3. */
    JSONRPC("jsonrpc", "3"),
    /** Any other HTTP API, header code 4. */
    REST("rest", "4"),
    /** CometBFT RPC, header code 5. */
    COMETBFT("cometbft", "5"),
    /** Something a client made up; no backend has this type. */
    UNKNOWN("unknown", "");

    /** Header by which a gateway names the type. */
    public static final String HEADER = "Rpc-Type";

    private final String label;
    private final String code;

    RpcType(String label, String code) {
        this.label = label;
        this.code = code;
    }

    /** Name in configurations and metric labels. */
    public String label() {
        return label;
    }

    /**
     * The type a header or configuration value names, by code or by name; case matters.
     *
     * @param text value, null or empty for none
     * @param fallback what none means
     * @return {@link #UNKNOWN} for anything else
     */
    public static RpcType of(@Nullable String text, RpcType fallback) {
        if (text == null || text.isEmpty()) {
            return fallback;
        }
        for (RpcType type : values()) {
            if (type != UNKNOWN && (type.code.equals(text) || type.label.equals(text))) {
                return type;
            }
        }
        return UNKNOWN;
    }
}
