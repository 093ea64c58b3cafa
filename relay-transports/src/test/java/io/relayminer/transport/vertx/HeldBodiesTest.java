package io.relayminer.transport.vertx;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.relayminer.transport.Headers;
import io.relayminer.transport.InboundRelay;
import io.relayminer.transport.RelayHandler;
import io.relayminer.transport.RelayReply;
import io.relayminer.transport.TransportEvents.Refusal;
import io.relayminer.transport.TransportOptions;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** The bound on the memory of all request bodies together. */
@Timeout(60)
class HeldBodiesTest {

    private static final Duration LONG = Duration.ofSeconds(30);
    private static final int BODY = 256 * 1024;
    private static final int FIT = 4;
    private static final long SPACE = (long) FIT * BODY;
    private static final String OVERLOADED = "{\"error\":\"relayer overloaded\"}";

    private final RecordingEvents events = new RecordingEvents();
    private final List<InboundRelay> received = new CopyOnWriteArrayList<>();
    private final List<RawHttp> clients = new ArrayList<>();
    private HttpTransport transport;
    private InetSocketAddress address;

    @AfterEach
    void close() throws IOException {
        for (RawHttp client : clients) {
            client.close();
        }
        transport.close().toCompletableFuture().orTimeout(20, TimeUnit.SECONDS).join();
    }

    private static TransportOptions options() {
        return TransportOptions.listen("127.0.0.1", 0)
                .withMaxBodyBytes(BODY)
                .withMaxHeldBodyBytes(SPACE);
    }

    private void start(Function<InboundRelay, CompletionStage<RelayReply>> answers) {
        start(options(), answers);
    }

    private void start(
            TransportOptions options, Function<InboundRelay, CompletionStage<RelayReply>> answers) {
        transport = new HttpTransport(options, events);
        address =
                transport
                        .start(
                                new RelayHandler() {
                                    @Override
                                    public CompletionStage<RelayReply> handle(InboundRelay relay) {
                                        received.add(relay);
                                        return answers.apply(relay);
                                    }

                                    @Override
                                    public StatusPage status(String path) {
                                        return new StatusPage(200, "application/json", "{}");
                                    }
                                })
                        .toCompletableFuture()
                        .join();
    }

    private static CompletionStage<RelayReply> served() {
        return CompletableFuture.completedStage(reply());
    }

    private static RelayReply reply() {
        return new RelayReply.Signed("application/json", Headers.empty(), new byte[] {'o', 'k'});
    }

    private static byte[] body(int length) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) 'x');
        return bytes;
    }

    private RawHttp client() throws IOException {
        RawHttp client = new RawHttp(address);
        clients.add(client);
        return client;
    }

    private RawHttp upload(int announced, int sent) throws IOException {
        return client().write(
                        "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: " + announced + "\r\n\r\n")
                .write(body(sent));
    }

    private void awaitFree(long bytes) {
        await().atMost(LONG).until(() -> transport.bodySpace().free() == bytes);
    }

    private int post(byte[] bytes) throws IOException {
        return client().request("POST", "/", "", bytes).read().status();
    }

    @Test
    void slowUploadsHoldTheSpaceAndTheNextBodyIsRefusedUntilTheyEnd() throws IOException {
        start(r -> served());
        List<RawHttp> slow = new ArrayList<>();
        for (int i = 0; i < FIT; i++) {
            slow.add(upload(BODY, BODY - 1));
        }
        awaitFree(0);
        RawHttp next = client();
        RawHttp.Answer refused = next.request("POST", "/", "", body(BODY)).read();
        assertEquals(503, refused.status());
        assertEquals("application/json", refused.headers().get("content-type"));
        assertEquals(OVERLOADED, refused.text());
        assertEquals(
                200,
                next.request("POST", "/", "", new byte[0]).read().status(),
                "the rest of the refused body is dropped and the connection stays usable");
        assertEquals(List.of(Refusal.OVERLOADED), events.refusals);

        for (RawHttp upload : slow) {
            assertEquals(200, upload.write(body(1)).read().status());
        }
        awaitFree(SPACE);
        assertEquals(200, next.request("POST", "/", "", body(BODY)).read().status());
        for (InboundRelay relay : received) {
            assertTrue(relay.body().length == 0 || Arrays.equals(body(BODY), relay.body()));
        }
    }

    @Test
    void anUploadThatFindsTheSpaceTakenWhileItGrowsIsRefusedAndGivesUpItsShare()
            throws IOException {
        start(r -> served());
        int little = 4096;
        RawHttp growing = upload(BODY, little - 1);
        awaitFree(SPACE - little);
        for (int i = 1; i < FIT; i++) {
            upload(BODY, BODY - 1);
        }
        upload(BODY - little, BODY - little - 1);
        awaitFree(0);
        RawHttp.Answer refused = growing.write(body(BODY - little + 1)).read();
        assertEquals(503, refused.status());
        assertEquals(OVERLOADED, refused.text());
        awaitFree(little);
    }

    @Test
    void aBodyIsHeldUntilItsRelayIsAnswered() throws IOException {
        List<CompletableFuture<RelayReply>> pending = new CopyOnWriteArrayList<>();
        start(
                r -> {
                    CompletableFuture<RelayReply> answer = new CompletableFuture<>();
                    pending.add(answer);
                    return answer;
                });
        List<RawHttp> handled = new ArrayList<>();
        for (int i = 0; i < FIT; i++) {
            handled.add(client().request("POST", "/", "", body(BODY)));
        }
        await().atMost(LONG).until(() -> pending.size() == FIT);
        assertEquals(0, transport.bodySpace().free());
        assertEquals(503, post(body(1)));

        handled.getFirst().close();
        await().atMost(LONG)
                .until(() -> received.stream().anyMatch(r -> r.cancellation().isCancelled()));
        assertEquals(503, post(body(1)), "a relay that nobody waits for is still being handled");

        pending.forEach(answer -> answer.complete(reply()));
        for (RawHttp client : handled.subList(1, FIT)) {
            assertEquals(200, client.read().status());
        }
        awaitFree(SPACE);
    }

    @Test
    void anAnnouncedLengthTakesNothing() throws IOException {
        start(r -> served());
        int many = 40;
        for (int i = 0; i < many; i++) {
            upload(BODY, 100);
        }
        await().atMost(LONG).until(() -> transport.bodySpace().free() <= SPACE - many * 100);
        assertTrue(transport.bodySpace().free() >= SPACE - many * 4096);
        assertEquals(200, post(body(BODY)), "although ten times the space has been announced");
    }

    @Test
    void aBodyWithoutAnnouncedLengthTakesWhatItIs() throws IOException {
        start(r -> new CompletableFuture<>());
        byte[] body = body(100_001);
        RawHttp client =
                client().write("POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
        for (int at = 0; at < body.length; at += 1000) {
            int length = Math.min(1000, body.length - at);
            client.write(Integer.toHexString(length) + "\r\n")
                    .write(Arrays.copyOfRange(body, at, at + length))
                    .write("\r\n");
        }
        client.write("0\r\n\r\n");
        awaitFree(SPACE - body.length);
        assertArrayEquals(body, received.getFirst().body());
    }

    @Test
    void nothingLeaksHoweverAnExchangeEnds() throws IOException {
        start(
                options().withTimeouts(Duration.ofMillis(500), LONG, LONG),
                r -> {
                    if (r.path().equals("/defect")) {
                        throw new IllegalStateException("defect");
                    }
                    return served();
                });
        // Clients that leave, in the body and at once.
        for (int i = 0; i < FIT; i++) {
            upload(BODY, BODY / 2).close();
        }
        // Too large, by announcement and by bytes.
        assertEquals(413, post(body(BODY + 1)));
        RawHttp chunked =
                client().write("POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
        for (int i = 0; i <= BODY / 1024; i++) {
            chunked.write("400\r\n").write(body(1024)).write("\r\n");
        }
        assertEquals(413, chunked.read().status());
        // A handler with a defect, a protocol that is not offered, a status page with a body.
        assertEquals(500, client().request("POST", "/defect", "", body(1000)).read().status());
        assertEquals(
                505,
                client().request("POST", "/", "Content-Type: application/grpc\r\n", body(1000))
                        .read()
                        .status());
        assertEquals(200, client().request("GET", "/health", "", body(1000)).read().status());
        // Too slow.
        assertEquals(400, upload(BODY, BODY / 2).read().status());

        awaitFree(SPACE);
        assertEquals(0, events.refusals.stream().filter(Refusal.OVERLOADED::equals).count());
        for (int i = 0; i < 3; i++) {
            assertEquals(200, post(body(BODY)));
        }
        awaitFree(SPACE);
    }

    @Test
    void streamsOfOneHttp2ConnectionShareTheSpaceToo() {
        start(r -> served());
        Vertx vertx = Vertx.vertx();
        try {
            HttpClient client =
                    vertx.createHttpClient(
                            new HttpClientOptions()
                                    .setProtocolVersion(HttpVersion.HTTP_2)
                                    .setHttp2ClearTextUpgrade(false));
            List<HttpClientRequest> slow = new ArrayList<>();
            for (int i = 0; i < FIT; i++) {
                HttpClientRequest upload = join(stream(client));
                upload.putHeader("content-length", Integer.toString(BODY));
                upload.write(Buffer.buffer(body(BODY - 1)));
                slow.add(upload);
            }
            awaitFree(0);
            HttpClientResponse refused =
                    join(stream(client).compose(r -> r.send(Buffer.buffer(body(BODY)))));
            assertEquals(503, refused.statusCode());
            assertEquals("application/json", refused.getHeader("content-type"));
            assertEquals(List.of(Refusal.OVERLOADED), events.refusals);

            slow.get(0).reset();
            slow.get(1).reset();
            awaitFree(SPACE / 2);
            for (HttpClientRequest upload : slow.subList(2, FIT)) {
                Future<HttpClientResponse> answer = upload.response();
                upload.end(Buffer.buffer(body(1)));
                assertEquals(200, join(answer).statusCode());
            }
            awaitFree(SPACE);
            assertEquals(
                    200,
                    join(stream(client).compose(r -> r.send(Buffer.buffer(body(BODY)))))
                            .statusCode());
        } finally {
            join(vertx.close());
        }
    }

    private Future<HttpClientRequest> stream(HttpClient client) {
        return client.request(HttpMethod.POST, address.getPort(), "127.0.0.1", "/");
    }

    private static <T> T join(Future<T> future) {
        return future.toCompletionStage()
                .toCompletableFuture()
                .orTimeout(30, TimeUnit.SECONDS)
                .join();
    }
}
