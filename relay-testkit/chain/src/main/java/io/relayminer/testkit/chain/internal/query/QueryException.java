package io.relayminer.testkit.chain.internal.query;

import com.google.protobuf.ByteString;

import io.grpc.Status;

/** A query is answered with an error: a gRPC code and a message. */
public final class QueryException extends Exception {
    private static final long serialVersionUID = 1L;

    private static final String UNDECODABLE = "grpc: error unmarshalling request: unexpected EOF";

    private final Status.Code code;
    private final transient ByteString text;
    private final boolean plain;

    public QueryException(Status.Code code, String text) {
        this(code, ByteString.copyFromUtf8(text));
    }

    public QueryException(Status.Code code, ByteString text) {
        this(code, text, false);
    }

    private QueryException(Status.Code code, ByteString text, boolean plain) {
        super(text.toStringUtf8());
        this.code = code;
        this.text = text;
        this.plain = plain;
    }

    /** What was asked for is not there. */
    static QueryException notFound(String text) {
        return new QueryException(Status.Code.NOT_FOUND, text);
    }

    /** The request says what it must not. */
    static QueryException invalid(String text) {
        return new QueryException(Status.Code.INVALID_ARGUMENT, text);
    }

    /** An error of the node that is no gRPC status; gRPC reports it as UNKNOWN. */
    public static QueryException plain(String text) {
        return new QueryException(Status.Code.UNKNOWN, ByteString.copyFromUtf8(text), true);
    }

    public Status.Code code() {
        return code;
    }

    /** A request that does not decode: the node refuses it before it looks at any height. */
    static QueryException undecodable() {
        return new QueryException(Status.Code.INTERNAL, UNDECODABLE);
    }

    /** Whether the node's own error carries no gRPC code. */
    public boolean isPlain() {
        return plain;
    }

    public boolean isUndecodable() {
        return text().equals(UNDECODABLE);
    }

    public String text() {
        return text.toStringUtf8();
    }
}
