package io.relayminer.core.chain;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.relayminer.core.wire.shared.QueryGrpc;
import io.relayminer.core.wire.shared.QueryParamsRequest;

import org.jspecify.annotations.Nullable;

import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;

/**
 * Unary calls to the gRPC endpoints of the chain nodes, one connection per node, each attempt with
 * a deadline of its own. What a node answers from a state that is some blocks behind the block feed
 * is not believed; another one is asked. Thread-safe.
 */
final class GrpcNodes implements AutoCloseable {

    private static final int WINDOW_BYTES = 1 << 20;
    private static final int MAX_MESSAGE_BYTES = 10 << 20;
    private static final int MAX_TEXT = 512;

    private static final Failover.Classifier QUERIES =
            new Failover.Classifier() {
                @Override
                public boolean isWorthAnotherNode(Throwable failure) {
                    return isNodeFailure(failure);
                }

                @Override
                public boolean isBehind(Throwable failure) {
                    return statusOf(failure).getCause() instanceof Lagging
                            || ChainRefusedException.saysThatHeightIsAhead(
                                    statusOf(failure).getDescription());
                }
            };

    /** The height that a node has answered from, in the head of its answer. */
    private static final Metadata.Key<String> HEIGHT =
            Metadata.Key.of("x-cosmos-block-height", Metadata.ASCII_STRING_MARSHALLER);

    /** Blocks that a sound node may be behind the block feed, which hears of a block first. */
    private static final long TOLERANCE = 3;

    /** An answer from a state that is too old to be believed. */
    private static final class Lagging extends Exception {
        private static final long serialVersionUID = 1L;
    }

    private final Failover<ManagedChannel> nodes;
    private final Duration timeout;
    private final LongSupplier tip;

    GrpcNodes(
            ChainSettings settings,
            ScheduledExecutorService timer,
            InstantSource clock,
            RandomGenerator random,
            LongSupplier tip) {
        this.timeout = settings.queryTimeout();
        this.tip = tip;
        List<ManagedChannel> channels =
                settings.grpcTargets().stream()
                        .map(target -> connect(target, settings.plaintext()))
                        .toList();
        this.nodes = new Failover<>(channels, timer, clock, random);
    }

    private static ManagedChannel connect(String target, boolean plaintext) {
        NettyChannelBuilder builder =
                NettyChannelBuilder.forTarget(SystemNames.target(target))
                        .initialFlowControlWindow(WINDOW_BYTES)
                        .maxInboundMessageSize(MAX_MESSAGE_BYTES)
                        .keepAliveTime(60, TimeUnit.SECONDS)
                        .keepAliveTimeout(10, TimeUnit.SECONDS);
        return (plaintext ? builder.usePlaintext() : builder.useTransportSecurity()).build();
    }

    int count() {
        return nodes.nodes().size();
    }

    /** Asks one node after another; a failure is a {@link ChainException}. */
    <Q, A> CompletableFuture<A> ask(String question, MethodDescriptor<Q, A> method, Q request) {
        return nodes.ask(question, node -> call(node, method, request), QUERIES)
                .handle(
                        (answer, failure) -> {
                            if (failure == null) {
                                return answer;
                            }
                            throw translate(question, failure);
                        });
    }

    /** As {@link #ask}, with no answer where the chain says that there is no such thing. */
    <Q, A> CompletableFuture<Optional<A>> find(
            String question, MethodDescriptor<Q, A> method, Q request) {
        return nodes.ask(question, node -> call(node, method, request), QUERIES)
                .handle(
                        (answer, failure) -> {
                            if (failure == null) {
                                return Optional.of(answer);
                            }
                            if (statusOf(failure).getCode() == Status.Code.NOT_FOUND) {
                                return Optional.empty();
                            }
                            throw translate(question, failure);
                        });
    }

    /** Asks and leaves failures as gRPC gives them; {@code classifier} decides when to go on. */
    <Q, A> CompletableFuture<A> askRaw(
            String question,
            MethodDescriptor<Q, A> method,
            Q request,
            Failover.Classifier classifier) {
        return nodes.ask(question, node -> call(node, method, request), classifier);
    }

    /** Sends to one node and ignores what comes back. */
    <Q, A> void tell(int node, MethodDescriptor<Q, A> method, Q request) {
        call(nodes.nodes().get(node), method, request).exceptionally(ignored -> null);
    }

    /** Asks each node something that every node of the chain can answer. */
    List<CompletableFuture<Optional<NodeProblem>>> examine(
            List<String> targets, boolean plaintext) {
        List<CompletableFuture<Optional<NodeProblem>>> looks = new ArrayList<>();
        for (int i = 0; i < targets.size(); i++) {
            String target = targets.get(i);
            looks.add(
                    call(
                                    nodes.nodes().get(i),
                                    QueryGrpc.getParamsMethod(),
                                    QueryParamsRequest.getDefaultInstance())
                            .handle(
                                    (answer, failure) ->
                                            failure == null
                                                    ? Optional.<NodeProblem>empty()
                                                    : Optional.<NodeProblem>of(
                                                            silent(target, plaintext, failure)))
                            .toCompletableFuture());
        }
        return looks;
    }

    private static NodeProblem silent(String target, boolean plaintext, Throwable failure) {
        Status status = statusOf(failure);
        return new NodeProblem.Silent(
                "gRPC",
                target,
                status.getCode()
                        + " "
                        + printable(status.getDescription())
                        + (status.getCause() == null
                                ? ""
                                : " (" + printable(status.getCause().getMessage()) + ")")
                        + (plaintext
                                ? "; it was spoken to without TLS"
                                : "; it was spoken to with TLS"));
    }

    private <Q, A> CompletionStage<A> call(
            ManagedChannel channel, MethodDescriptor<Q, A> method, Q request) {
        CompletableFuture<A> result = new CompletableFuture<>();
        ClientCall<Q, A> call =
                channel.newCall(
                        method,
                        CallOptions.DEFAULT.withDeadlineAfter(
                                timeout.toNanos(), TimeUnit.NANOSECONDS));
        call.start(
                new ClientCall.Listener<A>() {
                    private @Nullable A answer;
                    private long height = Long.MAX_VALUE;

                    @Override
                    public void onHeaders(Metadata headers) {
                        height = heightOf(headers);
                    }

                    @Override
                    public void onMessage(A message) {
                        answer = message;
                    }

                    @Override
                    public void onClose(Status status, Metadata trailers) {
                        if (!status.isOk()) {
                            result.completeExceptionally(status.asRuntimeException());
                        } else if (answer == null) {
                            result.completeExceptionally(
                                    Status.UNAVAILABLE
                                            .withDescription("no answer")
                                            .asRuntimeException());
                        } else if (height < tip.getAsLong() - TOLERANCE) {
                            result.completeExceptionally(
                                    Status.UNAVAILABLE
                                            .withDescription("the node is behind at " + height)
                                            .withCause(new Lagging())
                                            .asRuntimeException());
                        } else {
                            result.complete(answer);
                        }
                    }
                },
                new Metadata());
        try {
            call.request(2);
            call.sendMessage(request);
            call.halfClose();
        } catch (RuntimeException e) {
            call.cancel("the request could not be sent", e);
        }
        return result;
    }

    /** What a node that does not say where it stands is taken to be: up to date. */
    private static long heightOf(Metadata headers) {
        String height = headers.get(HEIGHT);
        try {
            return height == null ? Long.MAX_VALUE : Long.parseLong(height);
        } catch (NumberFormatException e) {
            return Long.MAX_VALUE;
        }
    }

    /** Whether a node failed, as opposed to having answered no. */
    static boolean isNodeFailure(Throwable failure) {
        return switch (statusOf(failure).getCode()) {
            case UNAVAILABLE,
                    DEADLINE_EXCEEDED,
                    RESOURCE_EXHAUSTED,
                    ABORTED,
                    CANCELLED,
                    DATA_LOSS ->
                    true;
            default -> false;
        };
    }

    static Status statusOf(Throwable failure) {
        return failure instanceof StatusRuntimeException e ? e.getStatus() : Status.UNAVAILABLE;
    }

    static ChainException translate(String question, Throwable failure) {
        Throwable cause = Failover.unwrap(failure);
        if (cause instanceof ChainException known) {
            return known;
        }
        Status status = statusOf(cause == null ? failure : cause);
        if (status.getCause() instanceof Lagging) {
            return new ChainUnavailableException(
                    question + ": every chain node that answers is behind the newest block", null);
        }
        if (isNodeFailure(status.asRuntimeException())) {
            // The description of a connection failure names the node's address.
            return new ChainUnavailableException(
                    question + ": no chain node answered (" + status.getCode() + ")", null);
        }
        return new ChainRefusedException(
                question, status.getCode().name(), printable(status.getDescription()));
    }

    /** A text of the chain, bounded and on one line. */
    static String printable(@Nullable String text) {
        if (text == null) {
            return "";
        }
        StringBuilder printable = new StringBuilder();
        for (int i = 0; i < text.length() && i < MAX_TEXT; i++) {
            char c = text.charAt(i);
            printable.append(c < ' ' || c == 0x7F ? ' ' : c);
        }
        return printable.toString();
    }

    @Override
    public void close() {
        nodes.nodes().forEach(ManagedChannel::shutdownNow);
    }
}
