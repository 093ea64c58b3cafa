package io.relayminer.transport.inprocess;

import io.relayminer.transport.Cancellation;
import io.relayminer.transport.Headers;
import io.relayminer.transport.InboundRelay;
import io.relayminer.transport.RelayHandler;
import io.relayminer.transport.RelayReply;
import io.relayminer.transport.Transport;
import io.relayminer.transport.TransportEvents;
import io.relayminer.transport.TransportOptions;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/**
 * A transport whose clients are method calls: {@link #request} runs the handler on the calling
 * thread and returns its reply. It keeps the contract of a network transport: body limits, events,
 * panic recovery, cancellation, drain and close behave alike.
 */
public final class InProcessTransport implements Transport {

    private final TransportOptions options;
    private final TransportEvents events;
    private final AtomicReference<@Nullable RelayHandler> handler = new AtomicReference<>();
    private final Set<Call> inFlight = ConcurrentHashMap.newKeySet();
    private final AtomicLong heldBytes = new AtomicLong();
    private volatile boolean accepting;

    /** A transport that is not started yet. */
    public InProcessTransport(TransportOptions options, TransportEvents events) {
        this.options = options;
        this.events = events;
    }

    /** With default options and no events. */
    public InProcessTransport() {
        this(TransportOptions.listen("in-process", 0), TransportEvents.NONE);
    }

    @Override
    public String name() {
        return "in-process";
    }

    @Override
    public CompletionStage<InetSocketAddress> start(RelayHandler relayHandler) {
        if (!handler.compareAndSet(null, relayHandler)) {
            throw new IllegalStateException("the in-process transport has been started before");
        }
        accepting = true;
        return CompletableFuture.completedFuture(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    }

    /** A POST with the given body. */
    public Call request(byte[] body, String... namesAndValues) {
        return request("POST", "/", Headers.of(namesAndValues), body);
    }

    /**
     * Sends one request.
     *
     * @return the call; its reply is {@link RelayReply.Refused} where a network transport would
     *     answer by itself
     * @throws IllegalStateException if the transport is not accepting
     */
    public Call request(String method, String path, Headers headers, byte[] body) {
        RelayHandler h = handler.get();
        if (h == null || !accepting) {
            throw new IllegalStateException("the in-process transport is not accepting requests");
        }
        Call call = new Call(body.length);
        long held = heldBytes.addAndGet(body.length);
        inFlight.add(call);
        events.requestStarted("in-process");
        if (body.length > options.maxBodyBytes()) {
            events.requestRefused(TransportEvents.Refusal.BODY_TOO_LARGE);
            finish(call, new RelayReply.Refused(413, "request body too large"));
            return call;
        }
        if (held > options.maxHeldBodyBytes()) {
            events.requestRefused(TransportEvents.Refusal.OVERLOADED);
            finish(call, new RelayReply.Refused(503, "relayer overloaded"));
            return call;
        }
        InboundRelay relay =
                new InboundRelay(
                        name(),
                        "in-process",
                        method,
                        path,
                        headers,
                        body,
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                        call.cancellation,
                        System.nanoTime());
        try {
            h.handle(relay)
                    .whenComplete(
                            (reply, failure) -> {
                                if (failure != null) {
                                    failed(call, failure);
                                } else {
                                    finish(call, reply);
                                }
                            });
        } catch (RuntimeException e) {
            failed(call, e);
        }
        return call;
    }

    private void failed(Call call, Throwable cause) {
        events.handlerFailed("in_process_handler", cause);
        finish(call, new RelayReply.Refused(500, "Internal Server Error"));
    }

    private void finish(Call call, RelayReply reply) {
        if (inFlight.remove(call)) {
            heldBytes.addAndGet(-call.bodyBytes);
            events.requestFinished();
            call.reply.complete(reply);
        }
    }

    @Override
    public CompletionStage<Integer> drain(Duration grace) {
        accepting = false;
        CompletableFuture<?>[] waiting =
                inFlight.stream().map(c -> c.reply).toArray(CompletableFuture<?>[]::new);
        return CompletableFuture.allOf(waiting)
                .completeOnTimeout(null, grace.toNanos(), TimeUnit.NANOSECONDS)
                .thenApply(done -> inFlight.size());
    }

    @Override
    public CompletionStage<Void> close() {
        accepting = false;
        inFlight.forEach(Call::disconnect);
        return CompletableFuture.completedFuture(null);
    }

    /** One request in flight, from the client's side. */
    public static final class Call {
        private final CompletableFuture<RelayReply> reply = new CompletableFuture<>();
        private final Cancellation cancellation = new Cancellation();

        private final int bodyBytes;

        private Call(int bodyBytes) {
            this.bodyBytes = bodyBytes;
        }

        /** The reply; never completed exceptionally. */
        public CompletableFuture<RelayReply> reply() {
            return reply;
        }

        /** Hangs up, which fires the relay's cancellation. */
        public void disconnect() {
            cancellation.cancel();
        }
    }
}
