package io.relayminer.transport.inprocess;

import io.relayminer.transport.Backend;
import io.relayminer.transport.BackendRequest;
import io.relayminer.transport.BackendResult;
import io.relayminer.transport.BodyReceiver;
import io.relayminer.transport.Cancellation;
import io.relayminer.transport.ChannelResult;
import io.relayminer.transport.Closing;
import io.relayminer.transport.Headers;
import io.relayminer.transport.StreamChoice;

import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * A backend that answers from functions. It keeps the contract of a network backend: it never fails
 * its stages, observes timeout, cancellation and the response limit, streams or collects as the
 * caller wants, and records what it was asked.
 */
public final class InProcessBackend implements Backend {

    private final Function<BackendRequest, CompletionStage<BackendResult>> script;
    private final Function<BackendRequest, CompletionStage<ChannelResult>> channels;
    private final List<BackendRequest> requests = new CopyOnWriteArrayList<>();
    private final Set<GuardedBody> streams = ConcurrentHashMap.newKeySet();
    private final Set<Link> links = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    /**
     * A backend answering with the stage that the script returns; a stage that is never completed
     * is a backend that hangs. It has no channels.
     */
    public InProcessBackend(Function<BackendRequest, CompletionStage<BackendResult>> script) {
        this(
                script,
                request ->
                        CompletableFuture.completedFuture(
                                failure(
                                        BackendResult.Kind.NOT_OFFERED,
                                        "this backend has no channels")));
    }

    /** As {@link #InProcessBackend(Function)}, with a script for channels as well. */
    public InProcessBackend(
            Function<BackendRequest, CompletionStage<BackendResult>> script,
            Function<BackendRequest, CompletionStage<ChannelResult>> channels) {
        this.script = script;
        this.channels = channels;
    }

    /** A backend answering at once. */
    public static InProcessBackend answering(Function<BackendRequest, BackendResult> script) {
        return new InProcessBackend(
                request -> CompletableFuture.completedFuture(script.apply(request)));
    }

    /** All requests sent and channels asked for so far, oldest first. */
    public List<BackendRequest> requests() {
        return List.copyOf(requests);
    }

    @Override
    public CompletionStage<BackendResult> send(
            BackendRequest request,
            StreamChoice choice,
            Duration timeout,
            Cancellation cancellation) {
        if (closed) {
            return CompletableFuture.completedFuture(
                    failure(BackendResult.Kind.CLOSED, "backend closed"));
        }
        requests.add(request);
        Attempt attempt = new Attempt(request, choice);
        attempt.limit(timeout, cancellation);
        script.apply(request)
                .whenComplete(
                        (answer, error) ->
                                attempt.answered(error == null ? answer : broken(error)));
        return attempt.result;
    }

    /** One request, until its answer, streamed or not, is over. */
    private final class Attempt {

        private final BackendRequest request;
        private final StreamChoice choice;
        private final CompletableFuture<BackendResult> result = new CompletableFuture<>();
        private final CompletableFuture<BackendResult.Failure> abandoned =
                new CompletableFuture<>();
        private Runnable withdraw = () -> {};

        Attempt(BackendRequest request, StreamChoice choice) {
            this.request = request;
            this.choice = choice;
        }

        void limit(Duration timeout, Cancellation cancellation) {
            givenUp().thenAccept(this::finish);
            withdraw =
                    cancellation.onCancel(
                            () ->
                                    abandoned.complete(
                                            failure(BackendResult.Kind.CANCELLED, "cancelled")));
            abandoned.completeOnTimeout(
                    failure(BackendResult.Kind.TIMEOUT, "no answer within " + timeout),
                    timeout.toNanos(),
                    TimeUnit.NANOSECONDS);
        }

        private CompletionStage<BackendResult.Failure> givenUp() {
            return abandoned;
        }

        void answered(BackendResult answer) {
            switch (answer) {
                case BackendResult.Response r when choice.streams(r.status(), r.headers()) ->
                        stream(r.status(), r.headers(), bodyOf(r));
                case BackendResult.Response whole -> finish(limited(request, whole));
                case BackendResult.Streamed s when choice.streams(s.status(), s.headers()) ->
                        stream(s.status(), s.headers(), s.body());
                case BackendResult.Streamed s -> {
                    GuardedBody body = new GuardedBody(s.body(), done -> {});
                    givenUp().thenAccept(body::abandon);
                    body.begin(new Collector(request, s, body, this));
                }
                case BackendResult.Failure failure -> finish(failure);
            }
        }

        private void stream(int status, Headers headers, BackendResult.Body script) {
            GuardedBody body =
                    new GuardedBody(
                            script,
                            done -> {
                                streams.remove(done);
                                over();
                            });
            streams.add(body);
            result.complete(new BackendResult.Streamed(status, headers, body));
            givenUp().thenAccept(body::abandon);
        }

        void finish(BackendResult answer) {
            over();
            result.complete(answer);
        }

        private void over() {
            withdraw.run();
            abandoned.cancel(false);
        }
    }

    private static BackendResult.Body bodyOf(BackendResult.Response whole) {
        return receiver -> {
            CompletionStage<Void> taken =
                    whole.body().length == 0
                            ? CompletableFuture.completedStage(null)
                            : receiver.chunk(whole.body());
            taken.thenRun(() -> receiver.end(whole.trailers()));
        };
    }

    @Override
    public CompletionStage<ChannelResult> open(
            BackendRequest request, Duration timeout, Cancellation cancellation) {
        if (closed) {
            return CompletableFuture.completedFuture(
                    failure(BackendResult.Kind.CLOSED, "backend closed"));
        }
        requests.add(request);
        CompletableFuture<ChannelResult> result = new CompletableFuture<>();
        Runnable withdraw =
                cancellation.onCancel(
                        () -> result.complete(failure(BackendResult.Kind.CANCELLED, "cancelled")));
        channels.apply(request)
                .whenComplete(
                        (answer, error) -> {
                            if (error != null) {
                                result.complete(broken(error));
                            } else if (answer instanceof ChannelResult.Opened opened) {
                                opened(request, opened, cancellation, result);
                            } else {
                                result.complete(answer);
                            }
                        });
        return result.completeOnTimeout(
                        failure(BackendResult.Kind.TIMEOUT, "no channel within " + timeout),
                        timeout.toNanos(),
                        TimeUnit.NANOSECONDS)
                .whenComplete((answer, error) -> withdraw.run());
    }

    private void opened(
            BackendRequest request,
            ChannelResult.Opened opened,
            Cancellation cancellation,
            CompletableFuture<ChannelResult> result) {
        Link link =
                new Link(
                        opened.channel(),
                        Long.MAX_VALUE,
                        request.maxResponseBytes(),
                        defect -> {},
                        links::remove);
        links.add(link);
        if (result.complete(new ChannelResult.Opened(opened.headers(), link))) {
            cancellation.onCancel(() -> link.close(Closing.GOING_AWAY));
        } else {
            link.close(Closing.GOING_AWAY);
        }
    }

    private static BackendResult.Failure broken(Throwable error) {
        return failure(BackendResult.Kind.CONNECTION_LOST, String.valueOf(error.getMessage()));
    }

    private static BackendResult limited(BackendRequest request, BackendResult.Response answer) {
        return answer.body().length > request.maxResponseBytes() ? tooLarge(request) : answer;
    }

    private static BackendResult.Failure tooLarge(BackendRequest request) {
        return failure(
                BackendResult.Kind.TOO_LARGE,
                "response longer than " + request.maxResponseBytes() + " bytes");
    }

    private static BackendResult.Failure failure(BackendResult.Kind kind, String detail) {
        return new BackendResult.Failure(kind, detail, null);
    }

    @Override
    public CompletionStage<Void> close() {
        closed = true;
        streams.forEach(
                body ->
                        body.abandon(
                                failure(BackendResult.Kind.CONNECTION_LOST, "backend closed")));
        links.forEach(link -> link.close(Closing.GOING_AWAY));
        return CompletableFuture.completedFuture(null);
    }

    /** Makes a whole answer of a streamed one. */
    private static final class Collector implements BodyReceiver {

        private final BackendRequest request;
        private final BackendResult.Streamed head;
        private final GuardedBody source;
        private final Attempt attempt;
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        Collector(
                BackendRequest request,
                BackendResult.Streamed head,
                GuardedBody source,
                Attempt attempt) {
            this.request = request;
            this.head = head;
            this.source = source;
            this.attempt = attempt;
        }

        @Override
        public CompletionStage<Void> chunk(byte[] chunk) {
            if (bytes.size() + (long) chunk.length > request.maxResponseBytes()) {
                source.abandon(tooLarge(request));
                return CompletableFuture.failedStage(
                        new IllegalStateException("the response is too long"));
            }
            bytes.writeBytes(chunk);
            return CompletableFuture.completedStage(null);
        }

        @Override
        public void end(Headers trailers) {
            attempt.finish(
                    new BackendResult.Response(
                            head.status(), head.headers(), trailers, bytes.toByteArray()));
        }

        @Override
        public void failed(BackendResult.Failure failure) {
            attempt.finish(failure);
        }
    }
}
