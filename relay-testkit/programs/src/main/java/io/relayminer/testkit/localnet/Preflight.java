package io.relayminer.testkit.localnet;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.protocol.ProtocolVersion;
import io.relayminer.core.chain.Block;
import io.relayminer.core.chain.ChainClient;
import io.relayminer.core.chain.ChainException;
import io.relayminer.core.chain.ChainQueries;
import io.relayminer.core.chain.ChainSettings;
import io.relayminer.core.wire.application.Application;
import io.relayminer.core.wire.shared.Supplier;
import io.relayminer.testkit.chain.genesis.LocalnetAccounts;

import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Looks at a chain and a Redis that were given, before anything is started on them, and says what
 * is missing.
 */
final class Preflight {

    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final long BLOCKS_MEASURED = 10;

    /** A server that refuses the handshake closes the connection, and the reason may get lost. */
    private static final ClientOptions WITHOUT_HANDSHAKE =
            ClientOptions.builder()
                    .protocolVersion(ProtocolVersion.RESP2)
                    .pingBeforeActivateConnection(false)
                    .build();

    private Preflight() {}

    /**
     * Makes sure that a Redis answers.
     *
     * @throws LocalnetException if it does not
     */
    static void redis(String url) {
        RedisURI uri;
        try {
            uri = RedisURI.create(url);
        } catch (IllegalArgumentException e) {
            throw new LocalnetException("--redis takes a URL such as redis://127.0.0.1:6379");
        }
        uri.setTimeout(PATIENCE);
        String where =
                uri.getSocket() != null ? uri.getSocket() : uri.getHost() + ":" + uri.getPort();
        try (RedisClient client = RedisClient.create(uri)) {
            client.setOptions(WITHOUT_HANDSHAKE);
            try (StatefulRedisConnection<String, String> connection = client.connect()) {
                connection.sync().ping();
            }
        } catch (RedisException e) {
            throw new LocalnetException(
                    "no usable Redis at %s (%s); start one there, or leave out --redis"
                            .formatted(where, innermost(e)));
        }
    }

    /**
     * Makes sure that a node answers on both interfaces, and finds out the chain id and block time.
     *
     * @param rpc CometBFT RPC
     * @param grpc gRPC, without TLS
     * @return settings for clients of the node
     * @throws LocalnetException if it does not
     */
    static ChainSettings node(URI rpc, String grpc) {
        try (ChainClient client =
                ChainClient.open(settings(rpc, grpc, "", Duration.ofSeconds(1)))) {
            ChainQueries chain = client.queries();
            String chainId =
                    answer(chain.chainId(), "no CometBFT RPC of a chain node answers at " + rpc);
            answer(chain.sharedParams(), "no gRPC of a Pocket node answers at " + grpc);
            return settings(rpc, grpc, chainId, blockTime(chain));
        }
    }

    private static Duration blockTime(ChainQueries chain) {
        Block latest = answer(chain.latestBlock(), "the node has no block yet");
        // The first block's time is the genesis time, which may be years ago.
        long earlier = Math.max(2, latest.height() - BLOCKS_MEASURED);
        if (latest.height() <= earlier) {
            return Duration.ofSeconds(1);
        }
        Block before = answer(chain.block(earlier), "the node lacks block " + earlier);
        return Duration.between(before.time(), latest.time()).dividedBy(latest.height() - earlier);
    }

    static ChainSettings settings(URI rpc, String grpc, String chainId, Duration blockTime) {
        return new ChainSettings(
                List.of(rpc), List.of(grpc), true, Duration.ofSeconds(5), blockTime, chainId);
    }

    /**
     * Makes sure that a chain knows the accounts.
     *
     * @param applications how many applications are wanted
     * @param suppliers the suppliers whose relays are to be served
     * @return the applications to send relays for
     * @throws LocalnetException with everything that is missing
     */
    static List<Application> accounts(
            ChainQueries chain,
            String service,
            int applications,
            List<LocalnetAccounts.Entry> suppliers) {
        List<String> missing = new ArrayList<>();
        if (answer(chain.service(service), "the node does not answer").isEmpty()) {
            missing.add("the service " + service + " does not exist");
        }
        LocalnetAccounts.Entry gateway = LocalnetAccounts.named("gateway1");
        requireKey(chain, gateway, missing);
        List<Application> usable = new ArrayList<>();
        List<String> unusable = new ArrayList<>();
        for (int i = 1; i <= 5 && usable.size() < applications; i++) {
            LocalnetAccounts.Entry entry = LocalnetAccounts.named("app" + i);
            Optional<Application> application =
                    answer(chain.application(entry.address()), "the node does not answer");
            if (application.isEmpty() || !isStakedFor(application.get(), service)) {
                unusable.add(name(entry) + " is not staked for " + service);
            } else if (!application
                    .get()
                    .getDelegateeGatewayAddressesList()
                    .contains(gateway.address())) {
                unusable.add(name(entry) + " is not delegated to " + name(gateway));
            } else if (requireKey(chain, entry, unusable)) {
                usable.add(application.get());
            }
        }
        if (usable.isEmpty()) {
            missing.addAll(unusable);
        }
        for (LocalnetAccounts.Entry entry : suppliers) {
            Optional<Supplier> supplier =
                    answer(chain.supplier(entry.address()), "the node does not answer");
            if (supplier.stream()
                    .flatMap(s -> s.getServicesList().stream())
                    .noneMatch(s -> s.getServiceId().equals(service))) {
                missing.add(name(entry) + " is not staked for " + service);
            } else {
                requireKey(chain, entry, missing);
            }
        }
        if (!missing.isEmpty()) {
            throw LocalnetException.of(
                    "the chain lacks accounts of the localnet; give it a genesis that has them:",
                    missing);
        }
        return usable;
    }

    private static boolean isStakedFor(Application application, String service) {
        return application.getServiceConfigsList().stream()
                .anyMatch(c -> c.getServiceId().equals(service));
    }

    /** Signatures are checked with keys that the chain has from an account's first transaction. */
    private static boolean requireKey(
            ChainQueries chain, LocalnetAccounts.Entry entry, List<String> missing) {
        if (answer(chain.account(entry.address()), "the node does not answer").isEmpty()) {
            missing.add(name(entry) + " does not exist");
            return false;
        }
        if (answer(chain.publicKey(entry.address()), "the node does not answer").isEmpty()) {
            missing.add(
                    name(entry)
                            + " has no public key on the chain; send one transaction from it, such"
                            + " as a transfer of 1upokt to itself");
            return false;
        }
        return true;
    }

    private static String name(LocalnetAccounts.Entry entry) {
        return entry.name() + " (" + entry.address() + ")";
    }

    private static <T> T answer(CompletionStage<T> question, String otherwise) {
        try {
            return question.toCompletableFuture()
                    .orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS)
                    .join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof ChainException
                    || e.getCause() instanceof TimeoutException) {
                throw new LocalnetException(otherwise + " (" + innermost(e) + ")");
            }
            throw e;
        }
    }

    private static String innermost(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        String message = cause.getMessage();
        return message == null ? cause.getClass().getSimpleName() : message;
    }
}
