package io.relayminer.testkit.chain;

import com.google.protobuf.ByteString;

import io.grpc.Status;

/** A query is answered with an error: a gRPC code and a message. */
final class QueryException extends Exception {
    private static final long serialVersionUID = 1L;

    private final Status.Code code;
    private final transient ByteString text;

    QueryException(Status.Code code, String text) {
        this(code, ByteString.copyFromUtf8(text));
    }

    QueryException(Status.Code code, ByteString text) {
        super(text.toStringUtf8());
        this.code = code;
        this.text = text;
    }

    Status.Code code() {
        return code;
    }

    String text() {
        return text.toStringUtf8();
    }
}
