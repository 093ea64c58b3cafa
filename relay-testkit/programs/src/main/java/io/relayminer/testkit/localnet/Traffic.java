package io.relayminer.testkit.localnet;

import com.google.protobuf.ByteString;

import io.relayminer.core.chain.ChainQueries;
import io.relayminer.core.wire.application.Application;
import io.relayminer.core.wire.service.RelayRequest;
import io.relayminer.core.wire.session.Session;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.core.wire.shared.Supplier;
import io.relayminer.ring.PrivateKey;
import io.relayminer.ring.PublicKey;
import io.relayminer.testkit.gateway.GatewayClient;
import io.relayminer.testkit.gateway.LoadGenerator;
import io.relayminer.testkit.gateway.RelaySigner;
import io.relayminer.testkit.gateway.RelayVerdict;

import java.net.URI;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * The gateway of a localnet: relays for all applications, spread over the suppliers of their
 * sessions and over the relayers, signed with the gateway's key and checked when answered.
 *
 * <p>Thread-safe.
 */
final class Traffic implements AutoCloseable {

    static final Duration RELAY_TIMEOUT = Duration.ofSeconds(10);
    private static final int PAD_FROM = 120;

    /** One relay ready to be sent. */
    record Relay(RowKey row, URI relayer, RelayRequest request, PublicKey supplier) {}

    /** Reasons of refusals and bad answers, with how often they occurred. */
    private final Map<String, AtomicLong> complaints = new ConcurrentHashMap<>();

    private final ChainQueries chain;
    private final String serviceId;
    private final List<Application> applications;
    private final Map<String, PublicKey> supplierKeys;
    private final List<URI> relayers;
    private final LongSupplier height;
    private final Ledger ledger;
    private final String padding;
    private final Map<String, RelaySigner> signers = new ConcurrentHashMap<>();
    private final Map<String, Session> sessions = new ConcurrentHashMap<>();
    private final AtomicLong turn = new AtomicLong();
    private final ExecutorService checks =
            Executors.newFixedThreadPool(
                    2, Thread.ofPlatform().daemon().name("gateway-check-", 0).factory());
    private final GatewayClient client = new GatewayClient(RELAY_TIMEOUT, checks);

    /**
     * A gateway.
     *
     * @param supplierKeys public keys of the suppliers that may be used, by operator address
     * @param relayBytes size that the JSON-RPC body is padded to
     */
    Traffic(
            ChainQueries chain,
            String serviceId,
            List<Application> applications,
            PrivateKey gateway,
            Map<String, PublicKey> supplierKeys,
            List<URI> relayers,
            LongSupplier height,
            int relayBytes,
            Ledger ledger) {
        this.chain = chain;
        this.serviceId = serviceId;
        this.applications = List.copyOf(applications);
        this.supplierKeys = Map.copyOf(supplierKeys);
        this.relayers = List.copyOf(relayers);
        this.height = height;
        this.ledger = ledger;
        this.padding = "x".repeat(Math.max(0, relayBytes - PAD_FROM));
        for (Application application : applications) {
            List<PublicKey> gateways = new ArrayList<>();
            for (String address : application.getDelegateeGatewayAddressesList()) {
                gateways.add(publicKey(address));
            }
            signers.put(
                    application.getAddress(),
                    new RelaySigner(
                            publicKey(application.getAddress()),
                            gateways,
                            gateway,
                            new SecureRandom()));
        }
    }

    private PublicKey publicKey(String address) {
        ByteString key =
                chain.publicKey(address)
                        .toCompletableFuture()
                        .orTimeout(30, TimeUnit.SECONDS)
                        .join()
                        .orElseThrow(
                                () ->
                                        new IllegalStateException(
                                                "the chain knows no public key of " + address));
        return PublicKey.of(key.toByteArray());
    }

    /**
     * A generator of this traffic. A relay belongs to the session it was signed in, so no more than
     * some 50 ms of relays are signed ahead: older ones would arrive when their session is over.
     */
    LoadGenerator<Relay> generator(double perSecond) {
        int ahead = Math.max(1, (int) (perSecond / 20));
        return new LoadGenerator<>(this::next, this::send, 2, ahead);
    }

    /** Prepares the next relay. */
    Relay next() {
        long n = turn.getAndIncrement();
        int apps = applications.size();
        String application = applications.get((int) (n % apps)).getAddress();
        Session session = session(application);
        List<Supplier> usable =
                session.getSuppliersList().stream()
                        .filter(s -> supplierKeys.containsKey(s.getOperatorAddress()))
                        .toList();
        if (usable.isEmpty()) {
            throw new IllegalStateException(
                    "no supplier of the session of " + application + " is one of ours");
        }
        long round = n / apps;
        String supplier = usable.get((int) (round % usable.size())).getOperatorAddress();
        URI relayer = relayers.get((int) (round / usable.size() % relayers.size()));
        SessionHeader header = session.getHeader();
        String body =
                "{\"jsonrpc\":\"2.0\",\"id\":"
                        + n
                        + ",\"method\":\"eth_blockNumber\",\"params\":[\""
                        + padding
                        + "\"]}";
        RelaySigner signer = Objects.requireNonNull(signers.get(application));
        return new Relay(
                new RowKey(
                        header.getSessionEndBlockHeight(),
                        application,
                        header.getSessionId(),
                        supplier),
                relayer,
                signer.sign(header, supplier, RelaySigner.jsonRpc(body)),
                Objects.requireNonNull(supplierKeys.get(supplier)));
    }

    private Session session(String application) {
        Session known = sessions.get(application);
        if (known != null && height.getAsLong() <= known.getHeader().getSessionEndBlockHeight()) {
            return known;
        }
        Session current =
                chain.session(application, serviceId, 0)
                        .toCompletableFuture()
                        .orTimeout(30, TimeUnit.SECONDS)
                        .join();
        sessions.put(application, current);
        return current;
    }

    /** Sends a relay and books its answer. */
    CompletionStage<RelayVerdict> send(Relay relay) {
        Ledger.Row row = ledger.row(relay.row());
        ByteString name = Ledger.nameOf(relay.request());
        row.fates.put(name, Ledger.Fate.SENT);
        return client.send(relay.relayer(), relay.request(), relay.supplier())
                .whenComplete(
                        (verdict, failure) -> {
                            if (verdict != null) {
                                row.fates.put(name, book(row, verdict));
                            }
                        });
    }

    private Ledger.Fate book(Ledger.Row row, RelayVerdict verdict) {
        return switch (verdict) {
            case RelayVerdict.Accepted accepted -> {
                row.served.incrementAndGet();
                yield Ledger.Fate.SERVED;
            }
            case RelayVerdict.Refused refused -> {
                row.refused.incrementAndGet();
                complain(refused.status() + " " + refused.body());
                if (isLogUnavailable(refused)) {
                    row.unconfirmed.incrementAndGet();
                    yield Ledger.Fate.UNCONFIRMED;
                }
                yield Ledger.Fate.REFUSED;
            }
            case RelayVerdict.Invalid invalid -> {
                row.unanswered.incrementAndGet();
                complain("bad answer: " + invalid.reason());
                yield Ledger.Fate.UNCONFIRMED;
            }
            case RelayVerdict.Unanswered unanswered -> {
                row.unanswered.incrementAndGet();
                yield Ledger.Fate.UNCONFIRMED;
            }
        };
    }

    /**
     * The refusal of a relayer that gave a relay to Redis and heard nothing of it: the entry may be
     * there or not.
     */
    private static boolean isLogUnavailable(RelayVerdict.Refused refused) {
        return refused.status() == 503 && refused.body().contains("relay log unavailable");
    }

    private void complain(String reason) {
        String shortened = reason.length() > 200 ? reason.substring(0, 200) : reason;
        if (complaints.size() < 50 || complaints.containsKey(shortened)) {
            complaints.computeIfAbsent(shortened, r -> new AtomicLong()).incrementAndGet();
        }
    }

    /** What the relayers refused or answered wrongly, with counts. */
    Map<String, AtomicLong> complaints() {
        return complaints;
    }

    @Override
    public void close() {
        client.close();
        checks.shutdownNow();
        signers.values().forEach(RelaySigner::close);
    }
}
