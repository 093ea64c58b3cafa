package io.relayminer.testkit.chain.internal.rpc;

/** A JSON-RPC call is answered with an error. */
final class RpcException extends Exception {
    private static final long serialVersionUID = 1L;

    static final int PARSE_ERROR = -32700;
    static final int INVALID_REQUEST = -32600;
    static final int METHOD_NOT_FOUND = -32601;
    static final int INVALID_PARAMS = -32602;
    static final int INTERNAL_ERROR = -32603;

    private final int code;
    private final String title;

    private RpcException(int code, String title, String data) {
        super(data);
        this.code = code;
        this.title = title;
    }

    static RpcException internal(String data) {
        return new RpcException(INTERNAL_ERROR, "Internal error", data);
    }

    static RpcException invalidParams(String data) {
        return new RpcException(INVALID_PARAMS, "Invalid params", data);
    }

    static RpcException parseError(String data) {
        return new RpcException(PARSE_ERROR, "Parse error. Invalid JSON", data);
    }

    static RpcException invalidRequest(String data) {
        return new RpcException(INVALID_REQUEST, "Invalid Request", data);
    }

    static RpcException methodNotFound() {
        return new RpcException(METHOD_NOT_FOUND, "Method not found", "");
    }

    int code() {
        return code;
    }

    String title() {
        return title;
    }

    /** Detail, empty for none. */
    String data() {
        return java.util.Objects.requireNonNullElse(getMessage(), "");
    }
}
