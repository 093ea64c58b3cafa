package io.relayminer.testkit.chain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.InvalidProtocolBufferException;

import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.reflection.v1.ListServiceResponse;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import io.relayminer.testkit.chain.genesis.Genesis;
import io.relayminer.testkit.chain.genesis.LocalnetAccounts;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** A client that knows nothing of the messages learns them from the node, as grpcurl does. */
class ReflectionTest {
    private final DevChain chain = DevChain.start(Genesis.localnet().build());
    private final ManagedChannel channel =
            ManagedChannelBuilder.forTarget(chain.grpcAddress()).usePlaintext().build();
    private final BlockingQueue<ServerReflectionResponse> answers = new LinkedBlockingQueue<>();
    private final BlockingQueue<Status> ends = new LinkedBlockingQueue<>();
    private final StreamObserver<ServerReflectionRequest> stream =
            ServerReflectionGrpc.newStub(channel)
                    .serverReflectionInfo(observer(Function.identity()));
    private final Map<String, FileDescriptorProto> files = new HashMap<>();
    private final Map<String, FileDescriptor> built = new HashMap<>();

    @AfterEach
    void close() {
        channel.shutdownNow();
        chain.close();
    }

    private <R> StreamObserver<R> observer(Function<R, ServerReflectionResponse> toStable) {
        return new StreamObserver<>() {
            @Override
            public void onNext(R value) {
                answers.add(toStable.apply(value));
            }

            @Override
            public void onError(Throwable failure) {
                ends.add(Status.fromThrowable(failure));
            }

            @Override
            public void onCompleted() {
                ends.add(Status.OK);
            }
        };
    }

    private ServerReflectionResponse ask(ServerReflectionRequest.Builder request)
            throws InterruptedException {
        stream.onNext(request.build());
        return next();
    }

    private ServerReflectionResponse next() throws InterruptedException {
        ServerReflectionResponse answer = answers.poll(60, TimeUnit.SECONDS);
        if (answer == null) {
            throw new AssertionError("no answer, but " + ends.poll());
        }
        return answer;
    }

    private static List<String> names(ListServiceResponse response) {
        return response.getServiceList().stream().map(service -> service.getName()).toList();
    }

    private List<String> services() throws InterruptedException {
        return names(
                ask(ServerReflectionRequest.newBuilder().setListServices("*"))
                        .getListServicesResponse());
    }

    /** The file that defines a name. */
    private FileDescriptor fileOf(String symbol) throws Exception {
        ServerReflectionResponse answer =
                ask(ServerReflectionRequest.newBuilder().setFileContainingSymbol(symbol));
        assertFalse(answer.hasErrorResponse(), symbol + ": " + answer.getErrorResponse());
        String first = null;
        for (ByteString bytes : answer.getFileDescriptorResponse().getFileDescriptorProtoList()) {
            FileDescriptorProto file = FileDescriptorProto.parseFrom(bytes);
            files.put(file.getName(), file);
            first = first == null ? file.getName() : first;
        }
        return build(String.valueOf(first));
    }

    private FileDescriptor build(String name) throws Exception {
        if (!built.containsKey(name)) {
            if (!files.containsKey(name)) {
                for (ByteString bytes :
                        ask(ServerReflectionRequest.newBuilder().setFileByFilename(name))
                                .getFileDescriptorResponse()
                                .getFileDescriptorProtoList()) {
                    FileDescriptorProto file = FileDescriptorProto.parseFrom(bytes);
                    files.put(file.getName(), file);
                }
            }
            FileDescriptorProto file = files.get(name);
            List<FileDescriptor> dependencies = new ArrayList<>();
            for (String dependency : file.getDependencyList()) {
                dependencies.add(build(dependency));
            }
            built.put(
                    name,
                    FileDescriptor.buildFrom(file, dependencies.toArray(FileDescriptor[]::new)));
        }
        return built.get(name);
    }

    private ServiceDescriptor service(String name) throws Exception {
        return fileOf(name).findServiceByName(name.substring(name.lastIndexOf('.') + 1));
    }

    private DynamicMessage call(MethodDescriptor method, DynamicMessage request) {
        return ClientCalls.blockingUnaryCall(
                channel,
                io.grpc.MethodDescriptor.<DynamicMessage, DynamicMessage>newBuilder()
                        .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
                        .setFullMethodName(
                                method.getService().getFullName() + "/" + method.getName())
                        .setRequestMarshaller(
                                ProtoUtils.marshaller(
                                        DynamicMessage.getDefaultInstance(method.getInputType())))
                        .setResponseMarshaller(
                                ProtoUtils.marshaller(
                                        DynamicMessage.getDefaultInstance(method.getOutputType())))
                        .build(),
                CallOptions.DEFAULT.withDeadlineAfter(60, TimeUnit.SECONDS),
                request);
    }

    @Test
    void everyMethodShownIsAnswered() throws Exception {
        List<String> services = services();
        assertTrue(services.contains("pocket.session.Query"), services.toString());
        assertTrue(services.contains("cosmos.tx.v1beta1.Service"), services.toString());
        int methods = 0;
        for (String name : services) {
            if (name.startsWith("grpc.reflection.")) {
                continue;
            }
            for (MethodDescriptor method : service(name).getMethods()) {
                methods++;
                try {
                    call(method, DynamicMessage.getDefaultInstance(method.getInputType()));
                } catch (StatusRuntimeException e) {
                    assertNotEquals(
                            Status.Code.UNIMPLEMENTED, e.getStatus().getCode(), method.toString());
                }
            }
        }
        assertTrue(methods > 40, methods + " methods");
    }

    @Test
    void unknownClientQueriesASession() throws Exception {
        MethodDescriptor method = service("pocket.session.Query").findMethodByName("GetSession");
        var input = method.getInputType();
        DynamicMessage response =
                call(
                        method,
                        DynamicMessage.newBuilder(input)
                                .setField(
                                        input.findFieldByName("application_address"),
                                        LocalnetAccounts.named("app1").address())
                                .setField(input.findFieldByName("service_id"), "develop-http")
                                .build());
        DynamicMessage session =
                (DynamicMessage)
                        response.getField(
                                response.getDescriptorForType().findFieldByName("session"));
        assertEquals(
                15,
                session.getRepeatedFieldCount(
                        session.getDescriptorForType().findFieldByName("suppliers")));
    }

    /** Older clients read no editions, so everything is told in proto3. */
    @Test
    void schemasAreProto3() throws Exception {
        for (String name : services()) {
            fileOf(name);
        }
        assertTrue(files.size() > 10, files.keySet().toString());
        files.forEach((name, file) -> assertEquals("proto3", file.getSyntax(), name));
    }

    @Test
    void messagesInsideAnyAreFound() throws Exception {
        for (String name :
                List.of(
                        "cosmos.auth.v1beta1.BaseAccount",
                        "cosmos.crypto.secp256k1.PubKey",
                        "cosmos.crypto.ed25519.PubKey",
                        "cosmos.bank.v1beta1.MsgSend",
                        "cosmos.authz.v1beta1.MsgExec",
                        "pocket.proof.MsgCreateClaim")) {
            assertTrue(
                    fileOf(name).findMessageTypeByName(name.substring(name.lastIndexOf('.') + 1))
                            != null,
                    name);
        }
    }

    /** The version of reflection that most tools ask for. */
    @Test
    @SuppressWarnings("deprecation")
    void alphaReflectionSaysTheSame() throws Exception {
        List<String> stable = services();
        StreamObserver<io.grpc.reflection.v1alpha.ServerReflectionRequest> alpha =
                io.grpc.reflection.v1alpha.ServerReflectionGrpc.newStub(channel)
                        .serverReflectionInfo(
                                observer(
                                        (io.grpc.reflection.v1alpha.ServerReflectionResponse
                                                        response) -> {
                                            try {
                                                return ServerReflectionResponse.parseFrom(
                                                        response.toByteString());
                                            } catch (InvalidProtocolBufferException e) {
                                                throw new IllegalStateException(e);
                                            }
                                        }));
        alpha.onNext(
                io.grpc.reflection.v1alpha.ServerReflectionRequest.newBuilder()
                        .setListServices("*")
                        .build());
        assertEquals(stable, names(next().getListServicesResponse()));
        alpha.onCompleted();
    }

    @Test
    void unreachableNodeReflectsNothing() throws Exception {
        chain.faults().unreachable(true);
        StreamObserver<ServerReflectionRequest> refused =
                ServerReflectionGrpc.newStub(channel)
                        .serverReflectionInfo(observer(Function.identity()));
        refused.onNext(ServerReflectionRequest.newBuilder().setListServices("*").build());
        Status end = ends.poll(60, TimeUnit.SECONDS);
        assertEquals(Status.Code.UNAVAILABLE, end == null ? null : end.getCode());
    }
}
