package io.relayminer.core.backend;

import com.google.protobuf.CodedOutputStream;

import io.relayminer.transport.Backend;
import io.relayminer.transport.BackendRequest;
import io.relayminer.transport.BackendResult;
import io.relayminer.transport.Cancellation;
import io.relayminer.transport.Headers;

import org.jspecify.annotations.Nullable;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletionStage;

/** The question of {@code grpc.health.v1.Health/Check}. */
final class GrpcProbe {

    private static final String OK = "0";
    private static final String UNIMPLEMENTED = "12";
    private static final int FRAME_HEAD = 5;

    /** {@code HealthCheckResponse{status: SERVING}}. */
    private static final byte[] SERVING = {8, 1};

    private GrpcProbe() {}

    /** Whether the server serves, or has no health service to say so. */
    static CompletionStage<Boolean> of(
            Backend backend,
            BackendRequest request,
            PoolSpec.HealthCheck check,
            Cancellation closing) {
        Headers.Builder headers = Headers.builder();
        request.headers().forEach(headers::add);
        headers.set("Content-Type", "application/grpc").set("TE", "trailers");
        return backend.send(
                        new BackendRequest(
                                request.target(),
                                "POST",
                                "/grpc.health.v1.Health/Check",
                                headers.build(),
                                ByteBuffer.wrap(question(check.endpoint().replace("/", ""))),
                                request.maxResponseBytes()),
                        check.timeout(),
                        closing)
                .thenApply(GrpcProbe::passes);
    }

    /** A framed {@code HealthCheckRequest} about a service. */
    private static byte[] question(String service) {
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        try {
            CodedOutputStream out = CodedOutputStream.newInstance(message);
            if (!service.isEmpty()) {
                out.writeString(1, service);
            }
            out.flush();
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return ByteBuffer.allocate(FRAME_HEAD + message.size())
                .put((byte) 0)
                .putInt(message.size())
                .put(message.toByteArray())
                .array();
    }

    private static boolean passes(BackendResult result) {
        if (!(result instanceof BackendResult.Response answer) || answer.status() != 200) {
            return false;
        }
        String status = status(answer);
        if (UNIMPLEMENTED.equals(status)) {
            return true;
        }
        ByteBuffer body = ByteBuffer.wrap(answer.body());
        return OK.equals(status)
                && body.remaining() >= FRAME_HEAD
                && body.position(FRAME_HEAD).equals(ByteBuffer.wrap(SERVING));
    }

    private static @Nullable String status(BackendResult.Response answer) {
        String trailer = answer.trailers().first("grpc-status");
        return trailer != null ? trailer : answer.headers().first("grpc-status");
    }
}
