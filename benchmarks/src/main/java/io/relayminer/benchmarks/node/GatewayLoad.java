package io.relayminer.benchmarks.node;

import io.relayminer.core.chain.ChainQueries;
import io.relayminer.core.wire.service.RelayRequest;
import io.relayminer.core.wire.session.Session;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.ring.PrivateKey;
import io.relayminer.ring.PublicKey;
import io.relayminer.testkit.chain.genesis.LocalnetAccounts;
import io.relayminer.testkit.gateway.GatewayClient;
import io.relayminer.testkit.gateway.LoadGenerator;
import io.relayminer.testkit.gateway.RelaySigner;
import io.relayminer.testkit.gateway.RelayVerdict;

import org.jspecify.annotations.Nullable;

import java.net.URI;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;

/**
 * One gateway that sends relays of one application to one supplier. Every relay has a ring
 * signature of its own over a ring of two, and every answer is checked as gateways do, after its
 * latency was taken.
 *
 * <p>Thread-safe.
 */
final class GatewayLoad implements AutoCloseable {

    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    /** Heights, ports and the like, without which a complaint is the same as the one before. */
    private static final Pattern NUMBERS = Pattern.compile("(?<!status=)\\b[0-9]+");

    /** A relay that can be sent. */
    @SuppressWarnings("ArrayRecordComponent") // handed over; never compared
    record SignedRelay(RelayRequest request, byte[] bytes) {}

    private final ChainQueries chain;
    private final String service;
    private final LocalnetAccounts.Entry application;
    private final LocalnetAccounts.Entry supplier;
    private final PublicKey supplierKey;
    private final URI relayer;
    private final LongSupplier height;
    private final RelayBody body;
    private final RelaySigner signer;
    private final ExecutorService checks =
            Executors.newFixedThreadPool(
                    1, Thread.ofPlatform().daemon().name("gateway-check-", 0).factory());
    private final GatewayClient client = new GatewayClient(TIMEOUT, checks);
    private final ReentrantLock sessionLock = new ReentrantLock();
    private volatile @Nullable Session session;
    private final AtomicLong served = new AtomicLong();
    private final AtomicLong failed = new AtomicLong();
    private final Map<String, AtomicLong> complaints = new ConcurrentHashMap<>();

    /**
     * A gateway.
     *
     * @param relayer base URL
     * @param height height of the newest block
     * @param relayBytes size of the JSON-RPC body
     */
    GatewayLoad(
            ChainQueries chain, String service, URI relayer, LongSupplier height, int relayBytes) {
        this.chain = chain;
        this.service = service;
        this.relayer = relayer;
        this.height = height;
        this.application = LocalnetAccounts.named("app1");
        this.supplier = LocalnetAccounts.named("supplier1");
        this.supplierKey = PublicKey.of(supplier.publicKey().toByteArray());
        this.body = new RelayBody(relayBytes);
        LocalnetAccounts.Entry gateway = LocalnetAccounts.named("gateway1");
        this.signer =
                new RelaySigner(
                        PublicKey.of(application.publicKey().toByteArray()),
                        List.of(PublicKey.of(gateway.publicKey().toByteArray())),
                        PrivateKey.of(gateway.privateKey().toByteArray()),
                        new SecureRandom());
    }

    /** Operator address of the supplier. */
    String supplier() {
        return supplier.address();
    }

    /** The session of the newest block. */
    Session session() {
        long now = height.getAsLong();
        Session known = session;
        if (known != null && now <= known.getHeader().getSessionEndBlockHeight()) {
            return known;
        }
        sessionLock.lock();
        try {
            known = session;
            if (known != null && now <= known.getHeader().getSessionEndBlockHeight()) {
                return known;
            }
            Session current =
                    chain.session(application.address(), service, 0)
                            .toCompletableFuture()
                            .orTimeout(30, TimeUnit.SECONDS)
                            .join();
            session = current;
            return current;
        } finally {
            sessionLock.unlock();
        }
    }

    /** Header of the session that relays were signed for last. */
    SessionHeader lastSession() {
        Session known = session;
        return known == null ? session().getHeader() : known.getHeader();
    }

    /** Signs the next relay for the session of the newest block. */
    SignedRelay sign() {
        RelayRequest request =
                signer.sign(
                        session().getHeader(),
                        supplier.address(),
                        RelaySigner.jsonRpc(body.next()));
        return new SignedRelay(request, request.toByteArray());
    }

    private CompletionStage<GatewayClient.Answer> send(SignedRelay relay) {
        CompletionStage<GatewayClient.Answer> answer = client.send(relayer, relay.bytes());
        answer.thenAcceptAsync(a -> book(relay, a), checks);
        return answer;
    }

    private void book(SignedRelay relay, GatewayClient.Answer answer) {
        RelayVerdict verdict = GatewayClient.verdict(relay.request(), supplierKey, answer);
        if (verdict instanceof RelayVerdict.Accepted) {
            served.incrementAndGet();
            return;
        }
        failed.incrementAndGet();
        String reason = NUMBERS.matcher(verdict.toString()).replaceAll("#");
        if (complaints.size() < 20 || complaints.containsKey(reason)) {
            complaints.computeIfAbsent(reason, r -> new AtomicLong()).incrementAndGet();
        }
    }

    /** Sends relays at a steady rate, signed as they are needed, and waits for the answers. */
    LoadGenerator.Report steady(double perSecond, long count) throws InterruptedException {
        int ahead = Math.max(1, (int) (perSecond / 20));
        return new LoadGenerator<>(this::sign, this::send, 1, ahead).run(perSecond, count);
    }

    /** Keeps relays in flight, signed as they are needed, until told to stop. */
    void warmUp(BooleanSupplier goOn, int inFlight) throws InterruptedException {
        ClosedLoop.run(goOn, () -> send(sign()), inFlight);
    }

    /** Signs relays for the session of the newest block. */
    List<SignedRelay> signed(int count) throws InterruptedException {
        Queue<SignedRelay> relays = new ConcurrentLinkedQueue<>();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            int share = i == 0 ? count / 2 : count - count / 2;
            threads.add(
                    Thread.ofPlatform()
                            .daemon()
                            .start(
                                    () -> {
                                        for (int k = 0; k < share; k++) {
                                            relays.add(sign());
                                        }
                                    }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        return List.copyOf(relays);
    }

    /**
     * Sends signed relays as fast as they are answered; the answers are checked afterwards.
     *
     * @return from the first relay to the last answer
     */
    Duration flood(List<SignedRelay> relays, int inFlight) throws InterruptedException {
        List<CompletionStage<GatewayClient.Answer>> answers = new ArrayList<>(relays.size());
        AtomicLong next = new AtomicLong();
        Duration elapsed =
                ClosedLoop.run(
                        () -> next.get() < relays.size(),
                        () -> {
                            SignedRelay relay = relays.get((int) next.getAndIncrement());
                            var answer = client.send(relayer, relay.bytes());
                            answers.add(answer);
                            return answer;
                        },
                        inFlight);
        for (int i = 0; i < relays.size(); i++) {
            book(relays.get(i), answers.get(i).toCompletableFuture().join());
        }
        return elapsed;
    }

    /** Relays whose answers verified. */
    long served() {
        return served.get();
    }

    /** Relays without a good answer. */
    long failed() {
        return failed.get();
    }

    /** What was wrong with answers, with counts. */
    String complaints() {
        return complaints.toString();
    }

    @Override
    public void close() {
        client.close();
        checks.shutdownNow();
        signer.close();
    }
}
