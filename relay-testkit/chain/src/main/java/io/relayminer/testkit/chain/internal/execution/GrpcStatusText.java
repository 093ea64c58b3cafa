package io.relayminer.testkit.chain.internal.execution;

import io.grpc.Status;

/** Names of gRPC codes as Go prints them, e.g. {@code FailedPrecondition}. */
public final class GrpcStatusText {
    private GrpcStatusText() {}

    public static String name(Status.Code code) {
        if (code == Status.Code.CANCELLED) {
            return "Canceled";
        }
        StringBuilder text = new StringBuilder();
        boolean upper = true;
        for (char c : code.name().toCharArray()) {
            if (c == '_') {
                upper = true;
            } else {
                text.append(upper ? c : Character.toLowerCase(c));
                upper = false;
            }
        }
        return text.toString();
    }
}
