package io.relayminer.testkit.chain.internal.grpc;

import com.google.protobuf.ByteString;

import io.grpc.BindableService;
import io.grpc.HandlerRegistry;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.ProtoReflectionService;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import io.relayminer.testkit.chain.internal.block.PocketChain;
import io.relayminer.testkit.chain.internal.faults.FaultState;
import io.relayminer.testkit.chain.internal.query.QueryException;
import io.relayminer.testkit.chain.internal.query.QueryRouter;

import org.jspecify.annotations.Nullable;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * The node's gRPC interface: every unary method of the {@link QueryRouter}, on bytes, and server
 * reflection on them, in its stable and its alpha version.
 *
 * <p>Honours {@code x-cosmos-block-height} on requests and states the height it answered from in
 * the response headers, on errors too. Calls run on virtual threads, so a slow or hanging answer
 * occupies nothing.
 */
public final class GrpcInterface implements AutoCloseable {
    private static final Metadata.Key<String> HEIGHT_HEADER =
            Metadata.Key.of("x-cosmos-block-height", Metadata.ASCII_STRING_MARSHALLER);
    private static final int MAX_MESSAGE = 100_000_000;
    private static final int STOP_SECONDS = 5;
    private static final Status DOWN =
            Status.UNAVAILABLE.withDescription("injected fault: node down");
    private static final String BROADCAST = "/cosmos.tx.v1beta1.Service/BroadcastTx";

    private final PocketChain chain;
    private final QueryRouter router;
    private final FaultState faults;
    private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
    private final Server server;

    public GrpcInterface(
            PocketChain chain, QueryRouter router, FaultState faults, String host, int port) {
        this.chain = chain;
        this.router = router;
        this.faults = faults;
        try {
            server =
                    NettyServerBuilder.forAddress(new InetSocketAddress(host, port))
                            .executor(executor)
                            .maxInboundMessageSize(MAX_MESSAGE)
                            .permitKeepAliveTime(1, TimeUnit.SECONDS)
                            .permitKeepAliveWithoutCalls(true)
                            .addService(reflection(ProtoReflectionServiceV1.newInstance()))
                            .addService(reflection(alphaReflection()))
                            .fallbackHandlerRegistry(new Registry())
                            .build()
                            .start();
        } catch (IOException e) {
            throw new UncheckedIOException("the gRPC interface cannot listen on port " + port, e);
        }
    }

    /** The version of reflection that a node speaks, and with it most tools of the network. */
    @SuppressWarnings("deprecation")
    private static BindableService alphaReflection() {
        return ProtoReflectionService.newInstance();
    }

    /** A reflection service that shares the node's faults. */
    private ServerServiceDefinition reflection(BindableService service) {
        return ServerInterceptors.intercept(
                service,
                new ServerInterceptor() {
                    @Override
                    public <Q, R> ServerCall.Listener<Q> interceptCall(
                            ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
                        if (faults.isHanging()) {
                            return new ServerCall.Listener<>() {};
                        }
                        if (faults.isUnreachable()) {
                            call.close(DOWN, new Metadata());
                            return new ServerCall.Listener<>() {};
                        }
                        return next.startCall(call, headers);
                    }
                });
    }

    public int port() {
        return server.getPort();
    }

    @Override
    public void close() {
        server.shutdownNow();
        try {
            server.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        executor.shutdownNow();
    }

    /**
     * Resolves every method name; unknown ones to a handler that says so in the network's words.
     */
    private final class Registry extends HandlerRegistry {
        private final List<ServerServiceDefinition> services = new ArrayList<>();

        Registry() {
            for (Reflection.Service service : Reflection.services(router)) {
                ServiceDescriptor.Builder descriptor =
                        ServiceDescriptor.newBuilder(service.descriptor().getFullName())
                                .setSchemaDescriptor(service);
                List<MethodDescriptor<ByteString, ByteString>> methods = new ArrayList<>();
                service.descriptor()
                        .getMethods()
                        .forEach(
                                method ->
                                        methods.add(
                                                method(
                                                        service.descriptor().getFullName()
                                                                + "/"
                                                                + method.getName())));
                methods.forEach(descriptor::addMethod);
                ServerServiceDefinition.Builder definition =
                        ServerServiceDefinition.builder(descriptor.build());
                methods.forEach(
                        method ->
                                definition.addMethod(
                                        method, new Calls("/" + method.getFullMethodName())));
                services.add(definition.build());
            }
        }

        /** What reflection lists. */
        @Override
        public List<ServerServiceDefinition> getServices() {
            return services;
        }

        @Override
        public ServerMethodDefinition<?, ?> lookupMethod(
                String methodName, @Nullable String authority) {
            return ServerMethodDefinition.create(method(methodName), new Calls("/" + methodName));
        }

        private static MethodDescriptor<ByteString, ByteString> method(String fullName) {
            return MethodDescriptor.<ByteString, ByteString>newBuilder()
                    .setType(MethodDescriptor.MethodType.UNARY)
                    .setFullMethodName(fullName)
                    .setRequestMarshaller(BYTES)
                    .setResponseMarshaller(BYTES)
                    .build();
        }
    }

    private static final MethodDescriptor.Marshaller<ByteString> BYTES =
            new MethodDescriptor.Marshaller<>() {
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
            };

    private final class Calls implements ServerCallHandler<ByteString, ByteString> {
        private final String path;

        Calls(String path) {
            this.path = path;
        }

        @Override
        public ServerCall.Listener<ByteString> startCall(
                ServerCall<ByteString, ByteString> call, Metadata headers) {
            if (!router.has(path) && !faults.isHanging()) {
                // Also the streaming ones, whose clients wait for an answer before they close
                // their side.
                answer(call, headers, ByteString.EMPTY);
                return new ServerCall.Listener<>() {};
            }
            call.request(2);
            return new ServerCall.Listener<>() {
                private ByteString request = ByteString.EMPTY;

                @Override
                public void onMessage(ByteString message) {
                    request = message;
                }

                @Override
                public void onHalfClose() {
                    answer(call, headers, request);
                }
            };
        }

        private void answer(
                ServerCall<ByteString, ByteString> call, Metadata headers, ByteString request) {
            if (faults.isHanging()) {
                return;
            }
            if (faults.isUnreachable()) {
                call.close(DOWN, new Metadata());
                return;
            }
            pause(faults.queryDelay());
            FaultState.QueryFault fault = faults.queryFault(path);
            if (fault != null) {
                call.close(
                        fault.code().toStatus().withDescription(fault.message()), new Metadata());
                return;
            }
            Metadata responseHeaders = new Metadata();
            try {
                if (!router.has(path)) {
                    throw router.unknown(path);
                }
                long height = heightOf(headers);
                responseHeaders.put(HEIGHT_HEADER, Long.toString(height));
                ByteString response =
                        router.answer(
                                path,
                                new QueryRouter.QueryContext(chain.stateAt(height), height),
                                request);
                if (path.equals(BROADCAST)) {
                    pause(faults.broadcastReplyDelay());
                }
                call.sendHeaders(responseHeaders);
                call.sendMessage(response);
                call.close(Status.OK, new Metadata());
            } catch (QueryException e) {
                call.sendHeaders(e.isUndecodable() ? new Metadata() : responseHeaders);
                call.close(e.code().toStatus().withDescription(e.text()), new Metadata());
            }
        }
    }

    private static void pause(Duration duration) {
        if (duration.isZero()) {
            return;
        }
        try {
            Thread.sleep(duration);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private long heightOf(Metadata headers) throws QueryException {
        long tip = Math.max(0, chain.height() - faults.queryLag());
        String text = headers.get(HEIGHT_HEADER);
        if (text == null) {
            return tip;
        }
        long height;
        try {
            height = Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw new QueryException(
                    Status.Code.UNKNOWN,
                    "codespace sdk code 18: invalid request: Baseapp.RegisterGRPCServer: invalid"
                        + " height header \"x-cosmos-block-height\": strconv.ParseInt: parsing \""
                            + text
                            + "\": invalid syntax");
        }
        if (height < 0) {
            throw new QueryException(
                    Status.Code.UNKNOWN,
                    "codespace sdk code 18: invalid request: cannot query with height < 0; please"
                            + " provide a valid height");
        }
        if (height > tip) {
            throw new QueryException(
                    Status.Code.UNKNOWN,
                    "codespace sdk code 26: invalid height: cannot query with height in the future;"
                            + " please provide a valid height");
        }
        return height == 0 ? tip : height;
    }
}
