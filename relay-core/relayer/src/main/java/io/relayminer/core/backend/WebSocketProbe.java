package io.relayminer.core.backend;

import io.relayminer.transport.Backend;
import io.relayminer.transport.BackendRequest;
import io.relayminer.transport.BackendResult;
import io.relayminer.transport.Cancellation;
import io.relayminer.transport.ChannelResult;
import io.relayminer.transport.Closing;
import io.relayminer.transport.Frame;
import io.relayminer.transport.FrameReceiver;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/** Opens a channel, says what it is told to, and waits for the first message that comes back. */
final class WebSocketProbe implements FrameReceiver {

    private final String expected;
    private final CompletableFuture<Boolean> outcome = new CompletableFuture<>();

    private WebSocketProbe(String expected) {
        this.expected = expected;
    }

    /** Whether the channel opens and, if there is something to say, is answered as expected. */
    static CompletionStage<Boolean> of(
            Backend backend,
            BackendRequest request,
            PoolSpec.HealthCheck check,
            Cancellation closing) {
        return backend.open(request, check.timeout(), closing)
                .thenCompose(
                        result ->
                                switch (result) {
                                    case ChannelResult.Opened opened -> converse(opened, check);
                                    case BackendResult.Response declined ->
                                            CompletableFuture.completedStage(false);
                                    case BackendResult.Failure failed ->
                                            CompletableFuture.completedStage(false);
                                });
    }

    private static CompletionStage<Boolean> converse(
            ChannelResult.Opened opened, PoolSpec.HealthCheck check) {
        WebSocketProbe probe = new WebSocketProbe(check.expectedBody());
        FrameReceiver peer = opened.channel().begin(probe);
        if (check.requestBody().isEmpty()) {
            probe.outcome.complete(true);
        } else {
            peer.receive(new Frame(check.requestBody().getBytes(StandardCharsets.UTF_8), true))
                    .exceptionally(
                            lost -> {
                                probe.outcome.complete(false);
                                return null;
                            });
        }
        return probe.outcome
                .completeOnTimeout(false, check.timeout().toNanos(), TimeUnit.NANOSECONDS)
                .whenComplete((passed, defect) -> peer.close(Closing.NORMAL));
    }

    @Override
    public CompletionStage<Void> receive(Frame frame) {
        outcome.complete(new String(frame.bytes(), StandardCharsets.UTF_8).contains(expected));
        return CompletableFuture.completedStage(null);
    }

    @Override
    public void end() {
        outcome.complete(false);
    }

    @Override
    public void close(Closing closing) {
        outcome.complete(false);
    }
}
