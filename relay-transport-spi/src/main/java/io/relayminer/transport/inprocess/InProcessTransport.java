package io.relayminer.transport.inprocess;

import io.relayminer.transport.Cancellation;
import io.relayminer.transport.Closing;
import io.relayminer.transport.Conversation;
import io.relayminer.transport.Headers;
import io.relayminer.transport.InboundRelay;
import io.relayminer.transport.Opening;
import io.relayminer.transport.OpeningReply;
import io.relayminer.transport.RelayHandler;
import io.relayminer.transport.RelayReply;
import io.relayminer.transport.Transport;
import io.relayminer.transport.TransportEvents;
import io.relayminer.transport.TransportOptions;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/**
 * A transport whose clients are method calls: {@link #request} and {@link #open} run the handler on
 * the calling thread and return its reply. It keeps the contract of a network transport: body
 * limits, events, panic recovery, streams, conversations, cancellation, drain and close behave
 * alike.
 */
public final class InProcessTransport implements Transport {

    private static final String PROTOCOL = "in-process";

    private final TransportOptions options;
    private final TransportEvents events;
    private final AtomicReference<@Nullable RelayHandler> handler = new AtomicReference<>();
    private final Set<Exchange> inFlight = ConcurrentHashMap.newKeySet();
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
        return PROTOCOL;
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
     *     answer by itself. A {@link RelayReply.Streamed} has to be begun by the caller
     * @throws IllegalStateException if the transport is not accepting
     */
    public Call request(String method, String path, Headers headers, byte[] body) {
        RelayHandler h = accepting();
        Call call = new Call(body.length);
        begin(call);
        if (body.length > options.maxBodyBytes()) {
            refuse(
                    call,
                    TransportEvents.Refusal.BODY_TOO_LARGE,
                    new RelayReply.Refused(413, "request body too large"));
            return call;
        }
        if (heldBytes.get() > options.maxHeldBodyBytes()) {
            refuse(
                    call,
                    TransportEvents.Refusal.OVERLOADED,
                    new RelayReply.Refused(503, "relayer overloaded"));
            return call;
        }
        InboundRelay relay =
                new InboundRelay(
                        name(),
                        PROTOCOL,
                        method,
                        path,
                        headers,
                        body,
                        peer(),
                        call.cancellation,
                        System.nanoTime());
        run(call, () -> h.handle(relay), call::answered);
        return call;
    }

    /** Opens a conversation at a path. */
    public Dialogue open(String path, String... namesAndValues) {
        return open("GET", path, Headers.of(namesAndValues));
    }

    /**
     * Opens a conversation of many messages.
     *
     * @return its begin; if it is accepted the caller has to begin it
     * @throws IllegalStateException if the transport is not accepting
     */
    public Dialogue open(String method, String path, Headers headers) {
        RelayHandler h = accepting();
        Dialogue dialogue = new Dialogue();
        begin(dialogue);
        Opening opening =
                new Opening(
                        name(),
                        PROTOCOL,
                        method,
                        path,
                        headers,
                        peer(),
                        dialogue.cancellation,
                        System.nanoTime());
        run(dialogue, () -> h.open(opening), dialogue::answered);
        return dialogue;
    }

    private RelayHandler accepting() {
        RelayHandler h = handler.get();
        if (h == null || !accepting) {
            throw new IllegalStateException("the in-process transport is not accepting requests");
        }
        return h;
    }

    private static InetSocketAddress peer() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    }

    private void begin(Exchange exchange) {
        heldBytes.addAndGet(exchange.bodyBytes);
        inFlight.add(exchange);
        events.requestStarted(PROTOCOL);
    }

    private <R> void run(
            Exchange exchange, Supplier<CompletionStage<R>> work, ReplyTaker<R> answered) {
        try {
            work.get()
                    .whenComplete(
                            (reply, failure) -> {
                                if (failure != null) {
                                    failed(exchange, failure);
                                } else if (reply == null) {
                                    failed(
                                            exchange,
                                            new IllegalStateException(
                                                    "the relay handler answered null"));
                                } else {
                                    answered.take(reply);
                                }
                            });
        } catch (RuntimeException e) {
            failed(exchange, e);
        }
    }

    @FunctionalInterface
    private interface ReplyTaker<R> {
        void take(R reply);
    }

    private void failed(Exchange exchange, Throwable cause) {
        events.handlerFailed("in_process_handler", cause);
        finish(exchange, new RelayReply.Refused(500, "Internal Server Error"));
    }

    private void refuse(
            Exchange exchange, TransportEvents.Refusal refusal, RelayReply.Refused reply) {
        events.requestRefused(refusal);
        finish(exchange, reply);
    }

    private void finish(Exchange exchange, RelayReply.Refused reply) {
        over(exchange);
        exchange.refused(reply);
    }

    private void over(Exchange exchange) {
        if (inFlight.remove(exchange)) {
            heldBytes.addAndGet(-exchange.bodyBytes);
            events.requestFinished();
            exchange.over.complete(null);
        }
    }

    /** Keeps the exchange in flight until the conversation is over. */
    private Conversation linked(Exchange exchange, Conversation conversation) {
        Link link =
                new Link(
                        conversation,
                        options.maxBodyBytes(),
                        Long.MAX_VALUE,
                        cause -> events.handlerFailed("in_process_handler", cause),
                        done -> over(exchange));
        exchange.link.set(link);
        if (exchange.cancellation.isCancelled()) {
            link.close(Closing.DISCONNECTED);
        } else if (!accepting) {
            exchange.drain(link);
        }
        return link;
    }

    @Override
    public CompletionStage<Integer> drain(Duration grace) {
        accepting = false;
        List<Exchange> waiting = List.copyOf(inFlight);
        for (Exchange exchange : waiting) {
            Link link = exchange.link.get();
            if (link != null) {
                exchange.drain(link);
            }
        }
        return CompletableFuture.allOf(
                        waiting.stream().map(e -> e.over).toArray(CompletableFuture<?>[]::new))
                .completeOnTimeout(null, grace.toNanos(), TimeUnit.NANOSECONDS)
                .thenApply(done -> inFlight.size());
    }

    @Override
    public CompletionStage<Void> close() {
        accepting = false;
        inFlight.forEach(Exchange::disconnect);
        return CompletableFuture.completedFuture(null);
    }

    /** What a client has going on with the transport. */
    abstract static sealed class Exchange permits Call, Dialogue {

        final Cancellation cancellation = new Cancellation();
        final CompletableFuture<Void> over = new CompletableFuture<>();
        final AtomicReference<@Nullable Link> link = new AtomicReference<>();
        final int bodyBytes;

        Exchange(int bodyBytes) {
            this.bodyBytes = bodyBytes;
        }

        abstract void refused(RelayReply.Refused reply);

        abstract void drain(Link running);

        void disconnect() {
            cancellation.cancel();
            Link running = link.get();
            if (running != null) {
                running.close(Closing.DISCONNECTED);
            }
        }
    }

    /** One request in flight, from the client's side. */
    public final class Call extends Exchange {
        private final CompletableFuture<RelayReply> reply = new CompletableFuture<>();

        private Call(int bodyBytes) {
            super(bodyBytes);
        }

        /** The reply; never completed exceptionally. */
        public CompletableFuture<RelayReply> reply() {
            return reply;
        }

        /** Hangs up, which fires the relay's cancellation and closes its stream. */
        @Override
        public void disconnect() {
            super.disconnect();
        }

        private void answered(RelayReply answer) {
            if (answer instanceof RelayReply.Streamed s) {
                Conversation stream = linked(this, s.conversation());
                reply.complete(new RelayReply.Streamed(s.status(), s.headers(), stream));
            } else {
                over(this);
                reply.complete(answer);
            }
        }

        @Override
        void refused(RelayReply.Refused refusal) {
            reply.complete(refusal);
        }

        @Override
        void drain(Link running) {
            running.end();
        }
    }

    /** One conversation, from the client's side. */
    public final class Dialogue extends Exchange {
        private final CompletableFuture<OpeningReply> reply = new CompletableFuture<>();

        private Dialogue() {
            super(0);
        }

        /** What the opening was answered; never completed exceptionally. */
        public CompletableFuture<OpeningReply> reply() {
            return reply;
        }

        /** Vanishes without a word. */
        @Override
        public void disconnect() {
            super.disconnect();
        }

        private void answered(OpeningReply answer) {
            switch (answer) {
                case OpeningReply.Accepted accepted ->
                        reply.complete(
                                new OpeningReply.Accepted(
                                        accepted.headers(), linked(this, accepted.conversation())));
                case RelayReply.Refused refusal -> finish(this, refusal);
            }
        }

        @Override
        void refused(RelayReply.Refused refusal) {
            reply.complete(refusal);
        }

        @Override
        void drain(Link running) {
            running.close(Closing.GOING_AWAY);
        }
    }
}
