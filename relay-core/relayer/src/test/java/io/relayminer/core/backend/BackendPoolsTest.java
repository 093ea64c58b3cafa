package io.relayminer.core.backend;

import static io.relayminer.core.backend.BackendFixture.call;
import static io.relayminer.core.backend.BackendFixture.endpoints;
import static io.relayminer.core.backend.BackendFixture.failure;
import static io.relayminer.core.backend.BackendFixture.status;
import static io.relayminer.core.backend.BackendFixture.withUrl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.relayminer.transport.BackendRequest;
import io.relayminer.transport.BackendResult;
import io.relayminer.transport.BackendResult.Kind;
import io.relayminer.transport.Cancellation;
import io.relayminer.transport.ChannelResult;
import io.relayminer.transport.Closing;
import io.relayminer.transport.Conversation;
import io.relayminer.transport.Frame;
import io.relayminer.transport.FrameReceiver;
import io.relayminer.transport.Headers;
import io.relayminer.transport.inprocess.FrameInbox;
import io.relayminer.transport.inprocess.InProcessBackend;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.zip.GZIPOutputStream;

class BackendPoolsTest {

    private static PoolSpec pool(int maxRetries, LoadBalancing balancing, String... names) {
        return new PoolSpec(
                List.of(endpoints(names)),
                "",
                balancing,
                Map.of(),
                BackendAuthentication.NONE,
                maxRetries,
                PoolSpec.Breaker.DEFAULT,
                null);
    }

    private static Function<BackendRequest, CompletionStage<BackendResult>> byHost(
            Map<String, Integer> statuses) {
        return request -> status(statuses.get(request.target().host()));
    }

    private static BackendAnswer.Answered answered(BackendAnswer answer) {
        return assertInstanceOf(BackendAnswer.Answered.class, answer, answer.toString());
    }

    private static void assertUnanswered(Outcome outcome, BackendAnswer answer) {
        assertEquals(
                outcome,
                assertInstanceOf(BackendAnswer.Unanswered.class, answer, answer.toString())
                        .outcome());
    }

    // ---- finding a pool ------------------------------------------------------------------------

    @Test
    void poolIsFoundByExactMatchOnly() {
        BackendFixture f = new BackendFixture(PoolSpec.of(endpoints("a")), r -> status(200));
        BackendCall c = call();
        for (String type : List.of("rest", "", "JSONRPC", "foo")) {
            BackendCall other =
                    new BackendCall(
                            "eth",
                            type,
                            c.method(),
                            c.url(),
                            c.headers(),
                            c.body(),
                            c.outerHeaders(),
                            c.supplier(),
                            c.application(),
                            c.cancellation());
            assertInstanceOf(BackendAnswer.NoPool.class, f.send(other));
            assertEquals(Availability.NO_POOL, f.pools.availability("eth", type));
        }
        assertEquals(Availability.NO_POOL, f.pools.availability("zzz", "jsonrpc"));
        assertEquals(Availability.AVAILABLE, f.pools.availability("eth", "jsonrpc"));
        assertTrue(f.hosts().isEmpty());
    }

    // ---- the request ---------------------------------------------------------------------------

    @Test
    void requestCarriesTheInnerRequest() {
        BackendFixture f =
                new BackendFixture(
                        PoolSpec.of(Endpoint.parse("", "http://n:8545/ext/bc/C/rpc?key=1")),
                        r -> status(200));
        answered(f.send(withUrl("", "https://gw.example/?a=b")));
        BackendRequest sent = f.backend.requests().getFirst();
        assertEquals("GET", sent.method());
        assertEquals("/ext/bc/C/rpc?key=1&a=b", sent.uri());
        assertEquals(new BackendRequest.Target(false, "n", 8545), sent.target());
        assertEquals(ByteBuffer.wrap("{}".getBytes(UTF_8)), sent.body());
        assertEquals(1000, sent.maxResponseBytes());
    }

    private static Headers sentHeaders(PoolSpec spec, Headers inner, Headers outer) {
        BackendFixture f = new BackendFixture(spec, r -> status(200));
        answered(f.send(call(inner, outer)));
        return f.backend.requests().getFirst().headers();
    }

    @Test
    void innerHeadersWinOverOuterOnes() {
        Headers sent =
                sentHeaders(
                        PoolSpec.of(endpoints("a")),
                        Headers.of(
                                "Content-Type", "application/json", "X-Many", "1", "X-Many", "2"),
                        Headers.of(
                                "content-type",
                                "application/x-protobuf",
                                "Accept",
                                "*/*",
                                "User-Agent",
                                "gw/1",
                                "X-Outer",
                                "no"));
        assertEquals(List.of("application/json"), sent.all("content-type"));
        assertEquals("*/*", sent.first("accept"));
        assertEquals("gw/1", sent.first("user-agent"));
        assertEquals(List.of("1", "2"), sent.all("x-many"));
        assertNull(sent.first("x-outer"));
        assertEquals(
                "application/x-protobuf",
                sentHeaders(
                                PoolSpec.of(endpoints("a")),
                                Headers.empty(),
                                Headers.of("Content-Type", "application/x-protobuf"))
                        .first("content-type"));
    }

    @Test
    void relayContextComesFromTheSignedRequestOnly() {
        Headers sent =
                sentHeaders(
                        PoolSpec.of(endpoints("a")),
                        Headers.of(
                                "Pocket-Supplier",
                                "forged",
                                "Pocket-Application",
                                "forged",
                                "Accept-Encoding",
                                "gzip"),
                        Headers.of(
                                "Pocket-Service", "forged",
                                "Pocket-Session-Id", "s1",
                                "Pocket-Signature", "secret",
                                "Pocket-Simulation-Key-Id", "key",
                                "Accept-Encoding", "br"));
        assertEquals(List.of("pokt1supplier"), sent.all("pocket-supplier"));
        assertEquals(List.of("eth"), sent.all("pocket-service"));
        assertEquals(List.of("pokt1app"), sent.all("pocket-application"));
        assertEquals(List.of("identity"), sent.all("accept-encoding"));
        assertEquals("s1", sent.first("pocket-session-id"));
        assertNull(sent.first("pocket-signature"));
        assertNull(sent.first("pocket-simulation-key-id"));
    }

    @Test
    void hopByHopHeadersStayBehind() {
        Headers sent =
                sentHeaders(
                        PoolSpec.of(endpoints("a")),
                        Headers.of(
                                "Connection", "close, X-Foo",
                                "X-Foo", "1",
                                "Keep-Alive", "5",
                                "TE", "trailers",
                                "Upgrade", "websocket",
                                "Proxy-Authorization", "x",
                                "Transfer-Encoding", "chunked",
                                "Content-Length", "99",
                                "Host", "evil",
                                "Expect", "100-continue",
                                "X-Bar", "2"),
                        Headers.empty());
        for (String name :
                List.of(
                        "Connection",
                        "X-Foo",
                        "Keep-Alive",
                        "TE",
                        "Upgrade",
                        "Proxy-Authorization",
                        "Transfer-Encoding",
                        "Content-Length",
                        "Host",
                        "Expect")) {
            assertNull(sent.first(name), name);
        }
        assertEquals("2", sent.first("X-Bar"));
    }

    private static PoolSpec with(Map<String, String> headers, BackendAuthentication auth) {
        return new PoolSpec(
                List.of(endpoints("a")),
                "",
                LoadBalancing.FIRST_HEALTHY,
                headers,
                auth,
                1,
                PoolSpec.Breaker.DEFAULT,
                null);
    }

    @Test
    void operatorsHeadersWinOverTheClients() {
        Headers sent =
                sentHeaders(
                        with(
                                Map.of("X-Api", "operator", "Host", "node.example"),
                                BackendAuthentication.NONE),
                        Headers.of("x-api", "client", "Authorization", "client"),
                        Headers.empty());
        assertEquals(List.of("operator"), sent.all("X-Api"));
        assertEquals("node.example", sent.first("Host"));
        assertEquals("client", sent.first("Authorization"), "no credentials configured");
    }

    @ParameterizedTest
    @CsvSource({
        "u,p,b,t,Basic dTpw",
        "u,'',b,t,Bearer b",
        "'',p,b,t,Bearer b",
        "'','',b,t,Bearer b",
        "'','','',t,t"
    })
    void credentialsByPrecedence(
            String user, String password, String bearer, String plain, String sent) {
        BackendAuthentication auth = new BackendAuthentication(user, password, bearer, plain);
        assertEquals(
                List.of(sent),
                sentHeaders(with(Map.of(), auth), Headers.of("Authorization", "x"), Headers.empty())
                        .all("authorization"));
        assertEquals("credentials (hidden)", auth.toString());
    }

    @Test
    void credentialsOfTheUrlAreUsedUnlessConfigured() {
        Endpoint endpoint = Endpoint.parse("", "https://u:p@node.example/x");
        assertEquals("https://***@node.example/x", endpoint.displayUrl());
        assertFalse(endpoint.toString().contains("u:p"));
        assertEquals("node.example", endpoint.name());
        assertEquals(
                "Basic dTpw",
                sentHeaders(PoolSpec.of(endpoint), Headers.empty(), Headers.empty())
                        .first("authorization"));
    }

    @ParameterizedTest
    @CsvSource({
        "POST,http://%zz,invalid request url: bad host",
        "POST,/%zz,invalid request url: bad percent-escape",
        "BAD METHOD,/,invalid request method",
        "CONNECT,/,invalid request method"
    })
    void requestThatCannotBeSentTouchesNoEndpoint(String method, String url, String reason) {
        BackendFixture f = new BackendFixture(PoolSpec.of(endpoints("a")), r -> status(200));
        for (int i = 0; i < 6; i++) {
            assertEquals(
                    reason,
                    assertInstanceOf(
                                    BackendAnswer.InvalidRequest.class,
                                    f.send(withUrl(method, url)))
                            .reason());
        }
        assertTrue(f.hosts().isEmpty());
        assertEquals(Availability.AVAILABLE, f.pools.availability("eth", "jsonrpc"));
    }

    @Test
    void headersThatCannotBeSentAreRefused() {
        BackendFixture f = new BackendFixture(PoolSpec.of(endpoints("a")), r -> status(200));
        for (Headers bad :
                List.of(
                        Headers.of("X A", "1"),
                        Headers.of("", "1"),
                        Headers.of("X-A", "1\r\nX-B: 2"),
                        Headers.of("X-A", "snow\u2603"))) {
            assertInstanceOf(
                    BackendAnswer.InvalidRequest.class, f.send(call(bad, Headers.empty())));
        }
        assertTrue(f.hosts().isEmpty());
    }

    // ---- balancing -----------------------------------------------------------------------------

    @Test
    void roundRobinStartsAtTheSecond() {
        BackendFixture f = new BackendFixture(PoolSpec.of(endpoints("a", "b")), r -> status(200));
        for (int i = 0; i < 3; i++) {
            answered(f.send());
        }
        assertEquals(List.of("b", "a", "b"), f.hosts());
    }

    @Test
    void firstHealthyStaysAtTheFirstUntilItIsDown() {
        Map<String, Integer> statuses = new java.util.HashMap<>(Map.of("a", 200, "b", 200));
        BackendFixture f =
                new BackendFixture(
                        pool(0, LoadBalancing.FIRST_HEALTHY, "a", "b"),
                        r -> status(statuses.get(r.target().host())));
        f.send();
        f.send();
        assertEquals(List.of("a", "a"), f.hosts());
        statuses.put("a", 500);
        for (int i = 0; i < 5; i++) {
            f.send();
        }
        f.send();
        assertEquals("b", f.hosts().getLast());
    }

    @Test
    void balancingSetting() {
        assertEquals(LoadBalancing.ROUND_ROBIN, LoadBalancing.parse("", 2));
        assertEquals(LoadBalancing.FIRST_HEALTHY, LoadBalancing.parse("", 1));
        assertEquals(LoadBalancing.ROUND_ROBIN, LoadBalancing.parse("round_robin", 1));
        assertEquals(LoadBalancing.FIRST_HEALTHY, LoadBalancing.parse("first_healthy", 9));
        assertThrows(IllegalArgumentException.class, () -> LoadBalancing.parse("least_latency", 2));
    }

    // ---- retries -------------------------------------------------------------------------------

    @Test
    void failedAttemptIsRepeatedElsewhere() {
        BackendFixture f =
                new BackendFixture(
                        pool(1, LoadBalancing.FIRST_HEALTHY, "a", "b"),
                        byHost(Map.of("a", 500, "b", 200)));
        BackendAnswer.Answered answer = answered(f.send());
        assertEquals(200, answer.status());
        assertEquals(1, answer.retries());
        assertEquals(Outcome.SUCCESS, answer.outcome());
        assertEquals(List.of("a", "b"), f.hosts());
        assertEquals("call success 200", f.events.getLast());
        assertEquals(1, f.events.stream().filter(e -> e.startsWith("call")).count());
    }

    @Test
    void singleEndpointIsAskedOnce() {
        BackendFixture f = new BackendFixture(PoolSpec.of(endpoints("a")), r -> status(500));
        BackendAnswer.Answered answer = answered(f.send());
        assertEquals(500, answer.status());
        assertEquals(0, answer.retries());
        assertEquals(Outcome.BACKEND_5XX, answer.outcome());
        assertEquals(List.of("a"), f.hosts());
    }

    @Test
    void retriesCanBeSwitchedOff() {
        BackendFixture f =
                new BackendFixture(
                        pool(0, LoadBalancing.FIRST_HEALTHY, "a", "b"),
                        byHost(Map.of("a", 500, "b", 200)));
        assertEquals(500, answered(f.send()).status());
        assertEquals(List.of("a"), f.hosts());
        assertThrows(
                IllegalArgumentException.class, () -> pool(4, LoadBalancing.FIRST_HEALTHY, "a"));
    }

    @Test
    void noEndpointIsTriedTwice() {
        BackendFixture f =
                new BackendFixture(
                        pool(3, LoadBalancing.ROUND_ROBIN, "a", "b", "c"), r -> status(502));
        answered(f.send());
        assertEquals(List.of("b", "c", "a"), f.hosts());
    }

    @Test
    void lastResultIsTheAnswer() {
        BackendFixture f =
                new BackendFixture(
                        pool(1, LoadBalancing.FIRST_HEALTHY, "a", "b"),
                        r -> r.target().host().equals("a") ? status(500) : failure(Kind.CONNECT));
        assertUnanswered(Outcome.BACKEND_NETWORK_ERROR, f.send());
        BackendFixture g =
                new BackendFixture(
                        pool(1, LoadBalancing.FIRST_HEALTHY, "a", "b"),
                        r -> r.target().host().equals("a") ? failure(Kind.CONNECT) : status(500));
        assertEquals(500, answered(g.send()).status());
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void whatIsRepeatedAndHowItIsClassified(Kind kind) {
        BackendFixture f =
                new BackendFixture(
                        pool(1, LoadBalancing.FIRST_HEALTHY, "a", "b"), r -> failure(kind));
        BackendAnswer answer = f.send();
        switch (kind) {
            case TIMEOUT -> assertUnanswered(Outcome.BACKEND_TIMEOUT, answer);
            case CANCELLED -> assertUnanswered(Outcome.CLIENT_DISCONNECTED, answer);
            case INVALID_REQUEST -> assertInstanceOf(BackendAnswer.InvalidRequest.class, answer);
            default -> assertUnanswered(Outcome.BACKEND_NETWORK_ERROR, answer);
        }
        int attempts =
                switch (kind) {
                    case TIMEOUT, CANCELLED, INVALID_REQUEST, NOT_OFFERED, CLOSED -> 1;
                    default -> 2;
                };
        assertEquals(attempts, f.hosts().size());
    }

    @ParameterizedTest
    @ValueSource(ints = {200, 204, 301, 404, 600, 777})
    void otherAnswersAreNotRepeated(int code) {
        BackendFixture f = new BackendFixture(PoolSpec.of(endpoints("a", "b")), r -> status(code));
        assertEquals(code, answered(f.send()).status());
        assertEquals(1, f.hosts().size());
    }

    @Test
    void cancelledRelayIsNotRepeated() {
        Cancellation cancellation = new Cancellation();
        BackendFixture f =
                new BackendFixture(
                        PoolSpec.of(endpoints("a", "b")),
                        r -> {
                            cancellation.cancel();
                            return status(500);
                        });
        BackendCall c = call();
        f.send(
                new BackendCall(
                        c.serviceId(),
                        c.type(),
                        c.method(),
                        c.url(),
                        c.headers(),
                        c.body(),
                        c.outerHeaders(),
                        c.supplier(),
                        c.application(),
                        cancellation));
        assertEquals(1, f.hosts().size());
    }

    @Test
    void allAttemptsShareOneDeadline() {
        ArrayDeque<BackendFixture> self = new ArrayDeque<>();
        BackendFixture f =
                new BackendFixture(
                        pool(3, LoadBalancing.FIRST_HEALTHY, "a", "b", "c"),
                        r -> {
                            self.getFirst().clock.advance(Duration.ofSeconds(16));
                            return status(500);
                        });
        self.add(f);
        answered(f.send());
        assertEquals(List.of("a", "b"), f.hosts(), "16 s each, 30 s for all");
    }

    @Test
    void throwingBackendIsANetworkError() {
        BackendFixture f =
                new BackendFixture(
                        PoolSpec.of(endpoints("a")),
                        r -> {
                            throw new IllegalStateException("defect");
                        });
        assertUnanswered(Outcome.BACKEND_NETWORK_ERROR, f.send());
        assertEquals(0, f.pools.inFlight("eth"));
    }

    // ---- breaker -------------------------------------------------------------------------------

    private static boolean down(BackendFixture f) {
        return f.pools.availability("eth", "jsonrpc") == Availability.NONE_HEALTHY;
    }

    @Test
    void fiveFailuresInARowTakeAnEndpointOut() {
        int[] code = {500};
        BackendFixture f = new BackendFixture(PoolSpec.of(endpoints("a")), r -> status(code[0]));
        for (int i = 0; i < 4; i++) {
            f.send();
        }
        code[0] = 200;
        f.send();
        code[0] = 500;
        for (int i = 0; i < 4; i++) {
            f.send();
            assertFalse(down(f), "the success in between has reset the count");
        }
        f.send();
        assertTrue(down(f));
        int asked = f.hosts().size();
        assertInstanceOf(BackendAnswer.NoHealthyEndpoint.class, f.send());
        assertEquals(asked, f.hosts().size());
        assertEquals(1, f.events.stream().filter("down jsonrpc a"::equals).count());
        assertFalse(f.pools.endpoints("eth").getFirst().healthy());
    }

    @ParameterizedTest
    @EnumSource(
            value = Kind.class,
            names = {"CANCELLED", "TOO_LARGE", "INVALID_REQUEST", "CLOSED"})
    void neutralResultsNeitherTripNorReset(Kind kind) {
        boolean[] neutral = {true};
        BackendFixture f =
                new BackendFixture(
                        PoolSpec.of(endpoints("a")), r -> neutral[0] ? failure(kind) : status(500));
        for (int i = 0; i < 10; i++) {
            f.send();
        }
        assertFalse(down(f), "not tripped");
        neutral[0] = false;
        for (int i = 0; i < 4; i++) {
            f.send();
        }
        neutral[0] = true;
        f.send();
        assertFalse(down(f));
        neutral[0] = false;
        f.send();
        assertTrue(down(f), "the count went on from four");
    }

    @Test
    void oneTrialAfterTheRecoveryTime() {
        ArrayDeque<CompletableFuture<BackendResult>> pending = new ArrayDeque<>();
        boolean[] hold = {false};
        BackendFixture f =
                new BackendFixture(
                        PoolSpec.of(endpoints("a")),
                        r -> {
                            if (!hold[0]) {
                                return status(500);
                            }
                            CompletableFuture<BackendResult> p = new CompletableFuture<>();
                            pending.add(p);
                            return p;
                        });
        for (int i = 0; i < 5; i++) {
            f.send();
        }
        f.clock.advance(Duration.ofMillis(29_999));
        assertTrue(down(f));
        f.clock.advance(Duration.ofMillis(1));
        assertFalse(down(f));
        hold[0] = true;
        CompletableFuture<BackendAnswer> trial = f.pools.send(call()).toCompletableFuture();
        assertTrue(down(f), "only one relay tries");
        assertInstanceOf(BackendAnswer.NoHealthyEndpoint.class, f.send());
        pending.remove().complete(response(500));
        trial.join();
        f.clock.advance(Duration.ofSeconds(29));
        assertTrue(down(f), "a failed trial starts the wait anew");
        f.clock.advance(Duration.ofSeconds(1));
        trial = f.pools.send(call()).toCompletableFuture();
        pending.remove().complete(new BackendResult.Failure(Kind.TIMEOUT, "slow", null));
        trial.join();
        assertTrue(down(f), "a trial without a verdict leaves it out");
        f.clock.advance(Duration.ofSeconds(30));
        trial = f.pools.send(call()).toCompletableFuture();
        pending.remove().complete(response(200));
        trial.join();
        assertFalse(down(f));
        assertEquals(
                "up jsonrpc a",
                f.events.stream().filter(e -> e.contains("jsonrpc")).toList().getLast());
    }

    private static BackendResult response(int code) {
        return new BackendResult.Response(code, Headers.empty(), Headers.empty(), new byte[0]);
    }

    @Test
    void recoveryCanBeSwitchedOff() {
        PoolSpec spec =
                new PoolSpec(
                        List.of(endpoints("a")),
                        "",
                        LoadBalancing.FIRST_HEALTHY,
                        Map.of(),
                        BackendAuthentication.NONE,
                        1,
                        new PoolSpec.Breaker(2, 0, Duration.ZERO),
                        null);
        BackendFixture f = new BackendFixture(spec, r -> status(500));
        f.send();
        assertFalse(down(f));
        f.send();
        assertTrue(down(f), "the configured threshold is two");
        f.clock.advance(Duration.ofDays(1));
        assertTrue(down(f));
    }

    /** 21.34: the count of failures is neither raised nor reset. */
    @Test
    void timeoutsHaveAThresholdOfTheirOwn() {
        Kind[] kind = {Kind.CONNECT};
        BackendFixture f = new BackendFixture(PoolSpec.of(endpoints("a")), r -> failure(kind[0]));
        for (int i = 0; i < 4; i++) {
            f.send();
        }
        kind[0] = Kind.TIMEOUT;
        f.send();
        f.send();
        assertFalse(down(f), "two timeouts and four failures");
        kind[0] = Kind.CONNECT;
        f.send();
        assertTrue(down(f), "the fifth failure");
    }

    @Test
    void hungEndpointIsTakenOutAfterAFewTimeouts() {
        BackendFixture f =
                new BackendFixture(
                        PoolSpec.of(endpoints("a", "b")),
                        r -> r.target().host().equals("a") ? failure(Kind.TIMEOUT) : status(200));
        int unanswered = 0;
        for (int i = 0; i < 24; i++) {
            unanswered += f.send() instanceof BackendAnswer.Unanswered ? 1 : 0;
        }
        assertEquals(3, unanswered);
        assertEquals(1, f.events.stream().filter("down jsonrpc a"::equals).count());
        f.clock.advance(Duration.ofSeconds(30));
        for (int i = 0; i < 24; i++) {
            unanswered += f.send() instanceof BackendAnswer.Unanswered ? 1 : 0;
        }
        assertEquals(4, unanswered, "one relay tries it");
    }

    @Test
    void anAnswerResetsTheTimeouts() {
        int[] sent = {0};
        BackendFixture f =
                new BackendFixture(
                        PoolSpec.of(endpoints("a")),
                        r -> sent[0]++ % 3 == 2 ? status(200) : failure(Kind.TIMEOUT));
        for (int i = 0; i < 12; i++) {
            f.send();
        }
        assertFalse(down(f));
    }

    @Test
    void timeoutsCanBeKeptFromTripping() {
        BackendFixture f =
                new BackendFixture(
                        new PoolSpec(
                                List.of(endpoints("a")),
                                "",
                                LoadBalancing.FIRST_HEALTHY,
                                Map.of(),
                                BackendAuthentication.NONE,
                                1,
                                new PoolSpec.Breaker(5, 0, Duration.ofSeconds(30)),
                                null),
                        r -> failure(Kind.TIMEOUT));
        for (int i = 0; i < 50; i++) {
            f.send();
        }
        assertFalse(down(f));
    }

    @ParameterizedTest
    @CsvSource({"GET,10,2", "HEAD,10,2", "POST,10,1", "GET,29,1", "GET,30,1"})
    void timedOutRelayIsRepeatedIfItIsSafeAndThereIsTime(String method, int seconds, int attempts) {
        ArrayDeque<BackendFixture> self = new ArrayDeque<>();
        BackendFixture f =
                new BackendFixture(
                        pool(1, LoadBalancing.FIRST_HEALTHY, "a", "b"),
                        r -> {
                            if (r.target().host().equals("b")) {
                                return status(200);
                            }
                            self.getFirst().clock.advance(Duration.ofSeconds(seconds));
                            return failure(Kind.TIMEOUT);
                        });
        self.add(f);
        BackendAnswer answer = f.send(withUrl(method, "/"));
        assertEquals(attempts, f.hosts().size());
        assertEquals(attempts == 2, answer instanceof BackendAnswer.Answered);
    }

    /** What is left of the deadline says nothing about the endpoint that gets it. */
    @Test
    void endpointIsNotBlamedForTimeThatAnotherUsedUp() {
        ArrayDeque<BackendFixture> self = new ArrayDeque<>();
        BackendFixture f =
                new BackendFixture(
                        pool(1, LoadBalancing.FIRST_HEALTHY, "a", "b"),
                        r -> {
                            self.getFirst().clock.advance(Duration.ofSeconds(20));
                            return r.target().host().equals("a")
                                    ? status(500)
                                    : failure(Kind.TIMEOUT);
                        });
        self.add(f);
        for (int i = 0; i < 4; i++) {
            f.send();
        }
        assertEquals(8, f.hosts().size());
        assertFalse(f.events.contains("down jsonrpc b"));
    }

    // ---- pauses --------------------------------------------------------------------------------

    private static CompletionStage<BackendResult> tooMany(String... retryAfter) {
        return status(
                429,
                retryAfter.length == 0 ? Headers.empty() : Headers.of("Retry-After", retryAfter[0]),
                "slow down".getBytes(UTF_8));
    }

    @ParameterizedTest
    @CsvSource({
        "7, 7",
        "'Thu, 01 Jan 2026 00:00:09 GMT', 9",
        "'', 1",
        "soon, 1",
        "-5, 1",
        "99999999999999, 300",
        "'Thu, 01 Jan 2099 00:00:00 GMT', 300"
    })
    void endpointThatAnswers429IsPassedOver(String retryAfter, int seconds) {
        String[] busy = {"a"};
        BackendFixture f =
                new BackendFixture(
                        PoolSpec.of(endpoints("a", "b")),
                        r ->
                                r.target().host().equals(busy[0])
                                        ? retryAfter.isEmpty() ? tooMany() : tooMany(retryAfter)
                                        : status(200));
        for (int i = 0; i < 20; i++) {
            assertEquals(200, answered(f.send()).status());
        }
        assertEquals(1, f.hosts().stream().filter("a"::equals).count(), "asked once");
        busy[0] = "";
        f.clock.advance(Duration.ofSeconds(seconds).minusMillis(1));
        f.send();
        f.send();
        assertEquals(1, f.hosts().stream().filter("a"::equals).count());
        f.clock.advance(Duration.ofMillis(1));
        f.send();
        f.send();
        assertEquals(2, f.hosts().stream().filter("a"::equals).count());
        assertFalse(f.events.stream().anyMatch(e -> e.startsWith("down")));
    }

    @Test
    void whereAllAreBusyTheAnswerGoesThrough() {
        for (String[] names : new String[][] {{"a"}, {"a", "b"}}) {
            BackendFixture f = new BackendFixture(PoolSpec.of(endpoints(names)), r -> tooMany("9"));
            for (int i = 0; i < 3; i++) {
                BackendAnswer.Answered a = answered(f.send());
                assertEquals(429, a.status());
                assertEquals(List.of("9"), a.headers().get("Retry-After"));
            }
            assertEquals(2 + names.length, f.hosts().size(), "one attempt each but at first");
        }
    }

    // ---- health checks -------------------------------------------------------------------------

    private static PoolSpec checked(PoolSpec.HealthCheck check, String basePath) {
        return new PoolSpec(
                List.of(endpoints("a", "b")),
                basePath,
                LoadBalancing.FIRST_HEALTHY,
                Map.of("X-Pool", "1"),
                new BackendAuthentication("", "", "b", ""),
                1,
                PoolSpec.Breaker.DEFAULT,
                check);
    }

    @Test
    void probesTakeEndpointsOutAndBringThemBack() {
        String[] body = {"synced"};
        PoolSpec.HealthCheck check =
                new PoolSpec.HealthCheck(
                        "/status",
                        Duration.ofSeconds(10),
                        Duration.ofSeconds(5),
                        3,
                        2,
                        "POST",
                        "[1]",
                        "",
                        "synced",
                        List.of(200, 206),
                        Map.of("X-Check", "2"));
        BackendFixture f =
                new BackendFixture(
                        checked(check, "/base"),
                        r ->
                                r.uri().equals("/base/status")
                                        ? status(206, Headers.empty(), body[0].getBytes(UTF_8))
                                        : status(200));
        f.pools.start();
        BackendRequest probe = f.backend.requests().getFirst();
        assertEquals("POST", probe.method());
        assertEquals("application/json", probe.headers().first("content-type"));
        assertEquals("Bearer b", probe.headers().first("authorization"));
        assertEquals("1", probe.headers().first("x-pool"));
        assertEquals("2", probe.headers().first("x-check"));
        assertEquals(List.of("a", "b"), f.hosts(), "both at once after the start");
        assertEquals(1, f.scheduler.waiting.size());
        assertTrue(f.scheduler.delays.getFirst().compareTo(Duration.ofSeconds(10)) <= 0);
        body[0] = "syncing";
        f.scheduler.runNext();
        f.scheduler.runNext();
        assertEquals(Availability.AVAILABLE, f.pools.availability("eth", "jsonrpc"));
        f.scheduler.runNext();
        assertTrue(down(f));
        f.clock.advance(Duration.ofDays(1));
        assertTrue(down(f), "what probes took out, only probes bring back");
        body[0] = "synced";
        f.scheduler.runNext();
        assertTrue(down(f));
        f.scheduler.runNext();
        assertFalse(down(f));
        assertTrue(f.events.contains("probe a false") && f.events.contains("probe b true"));
        f.pools.close().toCompletableFuture().join();
        int asked = f.hosts().size();
        f.scheduler.runNext();
        assertEquals(asked, f.hosts().size(), "no probe after close");
    }

    @Test
    void successOfAnOlderRequestDoesNotOverruleTheProbes() {
        CompletableFuture<BackendResult> slow = new CompletableFuture<>();
        BackendFixture f =
                new BackendFixture(
                        checked(PoolSpec.HealthCheck.get("/h", Duration.ofSeconds(1)), ""),
                        r -> r.uri().equals("/h") ? status(500) : slow);
        CompletableFuture<BackendAnswer> relay = f.pools.send(call()).toCompletableFuture();
        f.pools.start();
        f.scheduler.runNext();
        f.scheduler.runNext();
        assertTrue(down(f));
        slow.complete(response(200));
        relay.join();
        assertTrue(down(f));
    }

    private static CompletionStage<BackendResult> grpc(String status, byte... message) {
        byte[] body =
                ByteBuffer.allocate(5 + message.length)
                        .putInt(1, message.length)
                        .put(5, message)
                        .array();
        return CompletableFuture.completedStage(
                new BackendResult.Response(
                        200,
                        Headers.of("content-type", "application/grpc"),
                        Headers.of("grpc-status", status),
                        body));
    }

    private static BackendFixture probed(
            String type, PoolSpec.HealthCheck check, InProcessBackend backend) {
        BackendFixture f =
                new BackendFixture(type, checked(check, ""), Duration.ofSeconds(1), 100, backend);
        f.pools.start();
        return f;
    }

    @Test
    void grpcEndpointsAreAskedAsTheHealthServiceIs() {
        Map<String, CompletionStage<BackendResult>> answers = new LinkedHashMap<>();
        answers.put("serving", grpc("0", (byte) 8, (byte) 1));
        answers.put("not serving", grpc("0", (byte) 8, (byte) 2));
        answers.put("no health service", grpc("12"));
        answers.put("unknown service", grpc("5"));
        answers.put("no gRPC", status(200));
        answers.put("down", failure(Kind.CONNECT));
        List<String> up = new ArrayList<>();
        answers.forEach(
                (name, answer) -> {
                    BackendFixture f =
                            probed(
                                    "grpc",
                                    PoolSpec.HealthCheck.get("/", Duration.ofSeconds(1)),
                                    new InProcessBackend(r -> answer));
                    if (f.events.contains("probe a true")) {
                        up.add(name);
                    }
                    BackendRequest asked = f.backend.requests().getFirst();
                    assertEquals("/grpc.health.v1.Health/Check", asked.uri());
                    assertEquals("POST", asked.method());
                    assertEquals("application/grpc", asked.headers().first("content-type"));
                    assertEquals("trailers", asked.headers().first("te"));
                    assertEquals("Bearer b", asked.headers().first("authorization"));
                    assertEquals(ByteBuffer.wrap(new byte[5]), asked.body());
                    assertTrue(asked.target().http2());
                });
        assertEquals(List.of("serving", "no health service"), up);
        BackendFixture named =
                probed(
                        "grpc",
                        PoolSpec.HealthCheck.get("/demo", Duration.ofSeconds(1)),
                        new InProcessBackend(r -> grpc("0", (byte) 8, (byte) 1)));
        assertEquals(
                ByteBuffer.wrap(new byte[] {0, 0, 0, 0, 6, 10, 4, 'd', 'e', 'm', 'o'}),
                named.backend.requests().getFirst().body());
    }

    private static InProcessBackend conversing(Conversation node) {
        return new InProcessBackend(
                r -> status(500),
                r ->
                        CompletableFuture.completedStage(
                                new ChannelResult.Opened(Headers.empty(), node)));
    }

    private static PoolSpec.HealthCheck saying(String question, String expected) {
        return new PoolSpec.HealthCheck(
                "/",
                Duration.ofSeconds(1),
                Duration.ofSeconds(30),
                3,
                2,
                "GET",
                question,
                "",
                expected,
                List.of(),
                Map.of());
    }

    @Test
    void webSocketEndpointsAreProbedByAHandshake() {
        FrameInbox node = new FrameInbox();
        BackendFixture f = probed("websocket", saying("", ""), conversing(outlet -> node));
        assertTrue(f.events.contains("probe a true"));
        assertEquals(Closing.NORMAL, node.closed().join());
        BackendFixture without =
                probed("websocket", saying("", ""), new InProcessBackend(r -> status(200)));
        assertTrue(without.events.contains("probe a false"));
    }

    /** 21.98, whatever the service's limit for bodies. */
    @Test
    void messagesOfChannelsHaveALimitOfTheirOwn() {
        BackendFixture f =
                new BackendFixture(
                        "jsonrpc",
                        PoolSpec.of(endpoints("a")),
                        Duration.ofSeconds(1),
                        100,
                        conversing(outlet -> new FrameInbox()));
        assertInstanceOf(
                ChannelAnswer.Opened.class, f.pools.open(call()).toCompletableFuture().join());
        assertEquals(15 * 1024 * 1024, f.backend.requests().getFirst().maxResponseBytes());
    }

    @ParameterizedTest
    @CsvSource({"synced, true", "syncing, false"})
    void webSocketEndpointsMayBeAskedForAMessage(String answer, boolean up) {
        List<String> asked = new ArrayList<>();
        BackendFixture f =
                probed(
                        "websocket",
                        saying("how are you", "synced"),
                        conversing(
                                outlet ->
                                        new FrameReceiver() {
                                            @Override
                                            public CompletionStage<Void> receive(Frame frame) {
                                                asked.add(new String(frame.bytes(), UTF_8));
                                                return outlet.receive(
                                                        Frame.binary(answer.getBytes(UTF_8)));
                                            }

                                            @Override
                                            public void end() {}

                                            @Override
                                            public void close(Closing closing) {}
                                        }));
        assertEquals(List.of("how are you", "how are you"), asked);
        assertTrue(f.events.contains("probe a " + up));
    }

    @Test
    void grpcBackendsAndThoseThatAreToldToSpeakHttp2() {
        BackendFixture grpc =
                new BackendFixture(
                        "grpc",
                        PoolSpec.of(Endpoint.parse("", "node:50051")),
                        Duration.ofSeconds(1),
                        100,
                        r -> status(200));
        BackendCall c = call();
        grpc.send(
                new BackendCall(
                        "eth",
                        "grpc",
                        "POST",
                        "/demo.Demo/Get",
                        Headers.of("TE", "trailers", "Content-Type", "application/grpc"),
                        c.body(),
                        Headers.of("traceparent", "00-1-2-01", "tracestate", "a=b"),
                        c.supplier(),
                        c.application(),
                        c.cancellation()));
        BackendRequest sent = grpc.backend.requests().getFirst();
        assertEquals(new BackendRequest.Target(false, "node", 50051, true), sent.target());
        assertEquals("trailers", sent.headers().first("te"));
        assertNull(sent.headers().first("accept-encoding"));
        assertEquals("00-1-2-01", sent.headers().first("traceparent"), "the trace goes on");
        assertEquals("a=b", sent.headers().first("tracestate"));
        BackendFixture h2c =
                new BackendFixture(
                        PoolSpec.of(Endpoint.parse("", "http://node").overHttp2()),
                        r -> status(200));
        h2c.send();
        assertTrue(h2c.backend.requests().getFirst().target().http2());
    }

    // ---- the answer ----------------------------------------------------------------------------

    private static byte[] gzip(byte[] body) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gz = new GZIPOutputStream(out)) {
            gz.write(body);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    private static BackendAnswer answer(Headers headers, byte[] body) {
        return new BackendFixture(PoolSpec.of(endpoints("a")), r -> status(200, headers, body))
                .send();
    }

    @Test
    void headersAreCanonicalSortedAndGrouped() {
        BackendAnswer.Answered a =
                answered(
                        answer(
                                Headers.of(
                                        "x-lower", "v",
                                        "Set-Cookie", "a=1",
                                        "X-UPPER", "v",
                                        "set-cookie", "b=2",
                                        "Connection", "keep-alive, X-Hop",
                                        "x-hop", "1",
                                        "Keep-Alive", "timeout=5",
                                        "Upgrade", "h2c",
                                        "Proxy-Connection", "keep-alive",
                                        "transfer-encoding", "chunked",
                                        "Content-Length", "7"),
                                "{\"h\":1}".getBytes(UTF_8)));
        assertEquals(
                "{Content-Length=[7], Set-Cookie=[a=1, b=2]," + " X-Lower=[v], X-Upper=[v]}",
                a.headers().toString());
    }

    @Test
    void trailersAreMerged() {
        BackendFixture f =
                new BackendFixture(
                        PoolSpec.of(endpoints("a")),
                        r ->
                                CompletableFuture.completedStage(
                                        new BackendResult.Response(
                                                200,
                                                Headers.of("trailer", "grpc-status"),
                                                Headers.of("grpc-status", "0"),
                                                new byte[0])));
        assertEquals("{Grpc-Status=[0]}", answered(f.send()).headers().toString());
    }

    @Test
    void gzipIsUnpackedByHeaderOrMagic() { // 21.36
        byte[] plain = "{\"gz\":1}".getBytes(UTF_8);
        for (Headers headers :
                List.of(
                        Headers.of("content-encoding", "GZIP", "Content-Length", "28"),
                        Headers.of("content-length", "28"))) {
            BackendAnswer.Answered a = answered(answer(headers, gzip(plain)));
            assertArrayEquals(plain, a.body());
            assertEquals("{Content-Length=[8]}", a.headers().toString());
        }
    }

    @Test
    void whatIsNotGzipStaysAsItIs() { // 21.37
        byte[] fake = {0x1f, (byte) 0x8b, 1, 2, 3};
        for (Headers headers : List.of(Headers.empty(), Headers.of("Content-Encoding", "gzip"))) {
            BackendAnswer.Answered a = answered(answer(headers, fake));
            assertArrayEquals(fake, a.body());
            assertEquals(headers.first("Content-Encoding") == null, a.headers().isEmpty());
        }
        byte[] text = "plain".getBytes(UTF_8);
        BackendAnswer.Answered a = answered(answer(Headers.of("Content-Encoding", "gzip"), text));
        assertArrayEquals(text, a.body());
        assertEquals(List.of("gzip"), a.headers().get("Content-Encoding"));
        byte[] cut = Arrays.copyOf(gzip(new byte[500]), 15);
        assertArrayEquals(cut, answered(answer(Headers.empty(), cut)).body(), "nobody said gzip");
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 5, 12, 20, 27})
    void announcedGzipThatIsCutShortIsNoAnswer(int length) {
        byte[] cut = Arrays.copyOf(gzip("{\"gz\":1}".getBytes(UTF_8)), length);
        assertUnanswered(
                Outcome.BACKEND_NETWORK_ERROR, answer(Headers.of("Content-Encoding", "gzip"), cut));
    }

    @Test
    void announcedGzipThatIsDamagedIsNoAnswer() {
        byte[] damaged = gzip("{\"gz\":1}".getBytes(UTF_8));
        damaged[damaged.length - 6] ^= 1; // its checksum
        assertUnanswered(
                Outcome.BACKEND_NETWORK_ERROR,
                answer(Headers.of("Content-Encoding", "gzip"), damaged));
    }

    @Test
    void gzipBombIsAnOversizedAnswer() {
        BackendFixture f =
                new BackendFixture(
                        PoolSpec.of(endpoints("a")),
                        r -> status(200, Headers.empty(), gzip(new byte[1001])));
        for (int i = 0; i < 6; i++) {
            assertUnanswered(Outcome.BACKEND_NETWORK_ERROR, f.send());
        }
        assertFalse(down(f), "the endpoint is not blamed");
        assertEquals(1000, answered(answer(Headers.empty(), gzip(new byte[1000]))).body().length);
    }

    // ---- endpoints -----------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({
        "backend:50051,false,backend,50051,backend:50051",
        "10.0.0.1:50051,false,10.0.0.1,50051,10.0.0.1:50051",
        "http://h,false,h,80,h",
        "https://h/p,true,h,443,h",
        "wss://h:9,true,h,9,h:9",
        "grpc://h:9,false,h,9,h:9",
        "grpcs://h,true,h,443,h",
        "http://eth_node:8545,false,eth_node,8545,eth_node:8545",
        "eth_node:8545,false,eth_node,8545,eth_node:8545",
        "wss://u:p@my_node,true,my_node,443,my_node",
        "http://[::1]:8545/x,false,::1,8545,[::1]:8545"
    })
    void endpointUrls(String url, boolean tls, String host, int port, String name) {
        Endpoint e = Endpoint.parse("", url);
        assertEquals(new BackendRequest.Target(tls, host, port), e.target());
        assertEquals(name, e.name());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ftp://h",
                "http://",
                "http://h:99999",
                "http://u:secret@h:x y",
                "http://u:secret@a_b:x",
                ""
            })
    void unusableEndpointUrls(String url) {
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> Endpoint.parse("", url));
        assertFalse(e.getMessage().contains("secret"), e.getMessage());
    }
}
