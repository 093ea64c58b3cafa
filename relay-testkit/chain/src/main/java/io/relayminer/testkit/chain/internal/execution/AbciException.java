package io.relayminer.testkit.chain.internal.execution;

import com.google.protobuf.ByteString;

import io.grpc.Status;
import io.relayminer.testkit.chain.internal.state.GasMeter;

/**
 * A transaction or one of its messages is refused: codespace, code and log as the chain reports
 * them.
 */
public final class AbciException extends Exception {
    private static final long serialVersionUID = 1L;

    public static final String SDK = "sdk";
    static final String UNDEFINED = "undefined";
    private static final int INTERNAL = 1;
    private static final int PANIC = 111_222;

    private final String codespace;
    private final int code;
    private final transient ByteString log;

    private AbciException(String codespace, int code, ByteString log) {
        super(log.toStringUtf8());
        this.codespace = codespace;
        this.code = code;
        this.log = log;
    }

    public static AbciException of(String codespace, int code, String log) {
        return new AbciException(codespace, code, ByteString.copyFromUtf8(log));
    }

    /** A refusal whose log holds bytes that are not UTF-8. */
    public static AbciException ofBytes(String codespace, int code, ByteString log) {
        return new AbciException(codespace, code, log);
    }

    public static AbciException sdk(SdkError error, String detail) {
        return of(SDK, error.code, detail.isEmpty() ? error.text : detail + ": " + error.text);
    }

    public static AbciException outOfGas(GasMeter.OutOfGasException cause) {
        AbciException refusal = of(SDK, SdkError.OUT_OF_GAS.code, cause.log());
        refusal.initCause(cause);
        return refusal;
    }

    /** A handler error that is a gRPC status: it loses its number on the way and keeps its text. */
    public static AbciException grpc(Status.Code status, String detail) {
        return of(
                UNDEFINED,
                INTERNAL,
                "rpc error: code = " + GrpcStatusText.name(status) + " desc = " + detail);
    }

    public static AbciException panic(String detail) {
        return of(UNDEFINED, PANIC, "recovered: " + detail + ": panic");
    }

    String codespace() {
        return codespace;
    }

    public int code() {
        return code;
    }

    /** The log, byte for byte; not always valid UTF-8. */
    public ByteString log() {
        return log;
    }

    /** The same refusal with text in front of its log. */
    public AbciException prefixed(String prefix) {
        AbciException refusal =
                new AbciException(codespace, code, ByteString.copyFromUtf8(prefix).concat(log));
        refusal.initCause(this);
        return refusal;
    }

    /** Registered errors of codespace {@code sdk}. */
    public enum SdkError {
        TX_DECODE(2, "tx parse error"),
        INVALID_SEQUENCE(3, "invalid sequence"),
        UNAUTHORIZED(4, "unauthorized"),
        INSUFFICIENT_FUNDS(5, "insufficient funds"),
        UNKNOWN_REQUEST(6, "unknown request"),
        INVALID_ADDRESS(7, "invalid address"),
        INVALID_PUBKEY(8, "invalid pubkey"),
        UNKNOWN_ADDRESS(9, "unknown address"),
        INVALID_COINS(10, "invalid coins"),
        OUT_OF_GAS(11, "out of gas"),
        MEMO_TOO_LARGE(12, "memo too large"),
        INSUFFICIENT_FEE(13, "insufficient fee"),
        TOO_MANY_SIGNATURES(14, "maximum number of signatures exceeded"),
        NO_SIGNATURES(15, "no signatures supplied"),
        INVALID_REQUEST(18, "invalid request"),
        TX_IN_MEMPOOL_CACHE(19, "tx already in mempool"),
        MEMPOOL_IS_FULL(20, "mempool is full"),
        TX_TOO_LARGE(21, "tx too large"),
        KEY_NOT_FOUND(22, "key not found"),
        INVALID_HEIGHT(26, "invalid height"),
        TX_TIMEOUT_HEIGHT(30, "tx timeout height"),
        UNKNOWN_EXTENSION_OPTIONS(31, "unknown extension options"),
        WRONG_SEQUENCE(32, "incorrect account sequence"),
        NOT_SUPPORTED(37, "feature not supported"),
        TX_TIMEOUT(42, "tx timeout");

        public final int code;
        public final String text;

        SdkError(int code, String text) {
            this.code = code;
            this.text = text;
        }
    }
}
