package io.relayminer.core.chain;

import com.google.protobuf.ByteString;

import io.grpc.HandlerRegistry;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerMethodDefinition;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;

import org.jspecify.annotations.Nullable;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A gRPC server whose answers are bytes that a test decides on. */
final class ScriptedGrpcNode implements AutoCloseable {

    /** Answers a call, or throws a status; null leaves the call without an answer. */
    interface Script {
        @Nullable ByteString answer(String method, ByteString request);
    }

    private final Server server;
    private final List<String> calls = new CopyOnWriteArrayList<>();
    private volatile Script script;
    private volatile long height;

    ScriptedGrpcNode(Script script) throws IOException {
        this.script = script;
        this.server =
                NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0))
                        .fallbackHandlerRegistry(new Registry())
                        .build()
                        .start();
    }

    String target() {
        return "127.0.0.1:" + server.getPort();
    }

    /** Full names of the methods called so far, in order. */
    List<String> calls() {
        return calls;
    }

    /** Says in every answer from which height it comes; 0 to say nothing. */
    void height(long value) {
        height = value;
    }

    void script(Script other) {
        script = other;
    }

    @Override
    public void close() {
        server.shutdownNow();
    }

    private final class Registry extends HandlerRegistry {
        @Override
        public ServerMethodDefinition<?, ?> lookupMethod(String name, @Nullable String authority) {
            MethodDescriptor<ByteString, ByteString> method =
                    MethodDescriptor.<ByteString, ByteString>newBuilder()
                            .setType(MethodDescriptor.MethodType.UNARY)
                            .setFullMethodName(name)
                            .setRequestMarshaller(new Bytes())
                            .setResponseMarshaller(new Bytes())
                            .build();
            return ServerMethodDefinition.create(method, new Handler());
        }
    }

    private final class Handler implements ServerCallHandler<ByteString, ByteString> {
        @Override
        public ServerCall.Listener<ByteString> startCall(
                ServerCall<ByteString, ByteString> call, Metadata headers) {
            call.request(1);
            return new ServerCall.Listener<>() {
                @Override
                public void onMessage(ByteString request) {
                    String name = "/" + call.getMethodDescriptor().getFullMethodName();
                    calls.add(name);
                    try {
                        ByteString answer = script.answer(name, request);
                        if (answer != null) {
                            Metadata head = new Metadata();
                            if (height > 0) {
                                head.put(
                                        Metadata.Key.of(
                                                "x-cosmos-block-height",
                                                Metadata.ASCII_STRING_MARSHALLER),
                                        Long.toString(height));
                            }
                            call.sendHeaders(head);
                            call.sendMessage(answer);
                            call.close(Status.OK, new Metadata());
                        }
                    } catch (StatusRuntimeException e) {
                        call.close(e.getStatus(), new Metadata());
                    }
                }
            };
        }
    }

    private static final class Bytes implements MethodDescriptor.Marshaller<ByteString> {
        @Override
        public InputStream stream(ByteString value) {
            return new ByteArrayInputStream(value.toByteArray());
        }

        @Override
        public ByteString parse(InputStream stream) {
            try {
                return ByteString.readFrom(stream);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
