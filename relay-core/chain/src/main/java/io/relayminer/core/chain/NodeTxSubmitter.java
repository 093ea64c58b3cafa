package io.relayminer.core.chain;

import com.google.protobuf.ByteString;

import io.grpc.Status;
import io.relayminer.core.tx.ExpiryNonces;
import io.relayminer.core.tx.GasPrice;
import io.relayminer.core.tx.SignedTx;
import io.relayminer.core.tx.TxContent;
import io.relayminer.core.wire.cosmos.abci.TxResponse;
import io.relayminer.core.wire.cosmos.auth.BaseAccount;
import io.relayminer.core.wire.cosmos.tx.BroadcastMode;
import io.relayminer.core.wire.cosmos.tx.BroadcastTxRequest;
import io.relayminer.core.wire.cosmos.tx.BroadcastTxResponse;
import io.relayminer.core.wire.cosmos.tx.GetTxRequest;
import io.relayminer.core.wire.cosmos.tx.ServiceGrpc;
import io.relayminer.core.wire.cosmos.tx.SimulateRequest;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.random.RandomGenerator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@link TxSubmitter} over the gRPC endpoints of the nodes, with unordered transactions.
 *
 * <p>Unordered transactions need no sequence, so any number of an account's may be under way at
 * once, and nothing has to be agreed between replicas beyond the expiry, which is made unique here.
 * Every transaction also carries its last height, so that a late one cannot execute, and cost its
 * fee, after its window.
 */
final class NodeTxSubmitter implements TxSubmitter {

    private static final Logger LOG = LoggerFactory.getLogger(NodeTxSubmitter.class);

    /** Code of CheckTx for bytes that the node knows already. */
    private static final long KNOWN_ALREADY = 19;

    private static final Pattern REQUIRED_FEE = Pattern.compile("required: (\\d{1,18})upokt");

    private final GrpcNodes grpc;
    private final ChainQueries queries;
    private final BlockFeed blocks;
    private final TxSettings settings;
    private final String chainId;
    private final ExpiryNonces nonces;
    private final Map<String, CompletableFuture<Long>> accountNumbers = new ConcurrentHashMap<>();
    private volatile GasPrice gasPrice;

    NodeTxSubmitter(
            GrpcNodes grpc,
            ChainQueries queries,
            BlockFeed blocks,
            TxSettings settings,
            String chainId,
            RandomGenerator random) {
        this.grpc = grpc;
        this.queries = queries;
        this.blocks = blocks;
        this.settings = settings;
        this.chainId = chainId;
        this.nonces = new ExpiryNonces(random);
        this.gasPrice = settings.gasPrice();
    }

    @Override
    public CompletionStage<SignedTx> prepare(TxRequest request) {
        return accountNumber(request.signer().address())
                .thenCombine(chainTime(), (number, now) -> content(request, number, now))
                .thenCompose(content -> withGas(request, content))
                .thenApply(content -> signed(request, content));
    }

    /** The block that the expiry is counted from: the newest known, unless that is old. */
    private CompletionStage<Block> chainTime() {
        try {
            return CompletableFuture.completedStage(blocks.latest());
        } catch (IllegalStateException e) {
            // Never the wall clock: the chain compares with its own time.
            return queries.latestBlock();
        }
    }

    private TxContent content(TxRequest request, long accountNumber, Block newest) {
        long left = request.lastHeight() - newest.height();
        Duration timeLeft = blocks.blockInterval().multipliedBy(Math.max(left, 0));
        Instant wanted = newest.time().plus(settings.lifetime().of(timeLeft).lifetime());
        Instant bound =
                newest.time()
                        .plus(io.relayminer.core.tx.TxLifetime.CHAIN_LIMIT)
                        .minus(ExpiryNonces.SPREAD.multipliedBy(2));
        Instant expiry =
                nonces.next(request.signer().address(), wanted.isAfter(bound) ? bound : wanted);
        return new TxContent(
                TxContent.typed(request.messages()),
                settings.memo(),
                Math.max(request.lastHeight(), 0),
                true,
                Optional.of(expiry),
                0,
                List.of(),
                ByteString.copyFrom(request.signer().publicKey()),
                0,
                chainId,
                accountNumber);
    }

    private CompletionStage<TxContent> withGas(TxRequest request, TxContent content) {
        OptionalLong fixed = request.gasLimit();
        if (fixed.isEmpty() && settings.gasLimit() > 0) {
            fixed =
                    OptionalLong.of(
                            Math.multiplyExact(
                                    settings.gasLimit(), (long) request.messages().size()));
        }
        if (fixed.isPresent()) {
            return CompletableFuture.completedStage(
                    withGas(content, GasPrice.gasLimit(fixed.getAsLong(), request.gasFactor())));
        }
        return simulate(content.sign(request.signer()))
                .thenApply(
                        used ->
                                withGas(
                                        content,
                                        GasPrice.gasLimit(
                                                used,
                                                settings.gasAdjustment() * request.gasFactor())));
    }

    private TxContent withGas(TxContent content, long gas) {
        return content.withFee(gas, gasPrice.feeCoins(gas));
    }

    private CompletionStage<Long> simulate(ByteString tx) {
        return grpc.askRaw(
                        "simulation",
                        ServiceGrpc.getSimulateMethod(),
                        SimulateRequest.newBuilder().setTxBytes(tx).build(),
                        GrpcNodes::isNodeFailure)
                .handle(
                        (answer, thrown) -> {
                            if (thrown != null) {
                                Throwable failure = Failover.unwrap(thrown);
                                Status status =
                                        GrpcNodes.statusOf(failure == null ? thrown : failure);
                                throw new TxException(TxFailures.ofStatus(status));
                            }
                            if (!answer.hasGasInfo() || answer.getGasInfo().getGasUsed() == 0) {
                                throw new TxException(
                                        new TxFailure(
                                                TxFailure.Kind.NODE_FAILURE,
                                                "",
                                                0,
                                                OptionalInt.empty(),
                                                "simulation gave no gas"));
                            }
                            return answer.getGasInfo().getGasUsed();
                        });
    }

    private static SignedTx signed(TxRequest request, TxContent content) {
        ByteString bytes = content.sign(request.signer());
        BigInteger fee =
                content.fee().isEmpty()
                        ? BigInteger.ZERO
                        : new BigInteger(content.fee().get(0).getAmount());
        return new SignedTx(
                bytes,
                TxContent.hash(bytes),
                content.expiry().orElseThrow(),
                content.lastHeight(),
                content.gasLimit(),
                fee);
    }

    private CompletionStage<Long> accountNumber(String address) {
        // One question per account at a time; a failure is not remembered.
        CompletableFuture<Long> asked = new CompletableFuture<>();
        CompletableFuture<Long> known = accountNumbers.putIfAbsent(address, asked);
        if (known != null) {
            return known;
        }
        queries.account(address)
                .whenComplete(
                        (found, thrown) -> {
                            Throwable failure = Failover.unwrap(thrown);
                            if (failure != null) {
                                accountNumbers.remove(address, asked);
                                asked.completeExceptionally(
                                        new TxException(unavailable(failure), failure));
                            } else if (found.isEmpty()) {
                                accountNumbers.remove(address, asked);
                                asked.completeExceptionally(
                                        new TxException(
                                                new TxFailure(
                                                        TxFailure.Kind.UNKNOWN_ACCOUNT,
                                                        "",
                                                        0,
                                                        OptionalInt.empty(),
                                                        "account "
                                                                + address
                                                                + " does not exist: send it some"
                                                                + " upokt")));
                            } else {
                                asked.complete(
                                        found.map(BaseAccount::getAccountNumber).orElseThrow());
                            }
                        });
        return asked;
    }

    private static TxFailure unavailable(Throwable failure) {
        String text = failure.getMessage() == null ? "" : failure.getMessage();
        return new TxFailure(
                failure instanceof ChainUnavailableException
                        ? TxFailure.Kind.UNAVAILABLE
                        : TxFailure.Kind.OTHER,
                "",
                0,
                OptionalInt.empty(),
                GrpcNodes.printable(text));
    }

    @Override
    public CompletionStage<Void> broadcast(SignedTx tx) {
        BroadcastTxRequest request =
                BroadcastTxRequest.newBuilder()
                        .setTxBytes(tx.bytes())
                        .setMode(BroadcastMode.BROADCAST_MODE_SYNC)
                        .build();
        return grpc.askRaw(
                        "broadcast of " + tx.hash(),
                        ServiceGrpc.getBroadcastTxMethod(),
                        request,
                        GrpcNodes::isNodeFailure)
                .handle(
                        (answer, thrown) -> {
                            if (thrown == null) {
                                return checked(tx, request, answer);
                            }
                            Throwable failure = Failover.unwrap(thrown);
                            Status status = GrpcNodes.statusOf(failure == null ? thrown : failure);
                            return CompletableFuture.<Void>failedStage(
                                    new TxException(TxFailures.ofStatus(status)));
                        })
                .thenCompose(stage -> stage);
    }

    private CompletionStage<Void> checked(
            SignedTx tx, BroadcastTxRequest request, BroadcastTxResponse answer) {
        TxResponse result = answer.getTxResponse();
        long code = Integer.toUnsignedLong(result.getCode());
        boolean known = code == KNOWN_ALREADY && result.getCodespace().equals("sdk");
        if (code == 0 || known) {
            // Others learn of it from this node, but not if it goes down now.
            if (grpc.count() > 1) {
                grpc.tell(grpc.count() - 1, ServiceGrpc.getBroadcastTxMethod(), request);
            }
            return CompletableFuture.completedStage(null);
        }
        TxFailure failure = TxFailures.ofCode(result.getCodespace(), code, result.getRawLog());
        switch (failure.kind()) {
            case NONCE_USED, EXPIRED, HEIGHT_PASSED -> {
                // Said as well of a transaction that is in a block already.
                return find(tx.hash())
                        .exceptionally(ignored -> Optional.empty())
                        .thenCompose(
                                found ->
                                        found.isPresent()
                                                ? CompletableFuture.<Void>completedStage(null)
                                                : CompletableFuture.failedStage(
                                                        new TxException(failure)));
            }
            case UNAUTHORIZED -> accountNumbers.clear();
            case FEE_TOO_LOW -> raiseGasPrice(tx, result.getRawLog());
            default -> {}
        }
        return CompletableFuture.failedStage(new TxException(failure));
    }

    /** A node that wants a higher price says how much the fee would have had to be. */
    private void raiseGasPrice(SignedTx tx, String log) {
        Matcher required = REQUIRED_FEE.matcher(log);
        if (!required.find() || tx.gasLimit() <= 0) {
            return;
        }
        BigDecimal asked =
                new BigDecimal(required.group(1))
                        .divide(
                                BigDecimal.valueOf(tx.gasLimit()),
                                18,
                                java.math.RoundingMode.CEILING);
        if (asked.compareTo(settings.maxGasPrice().upokt()) > 0) {
            LOG.error(
                    "the chain asks for a gas price of {}upokt, more than the {} allowed",
                    asked.stripTrailingZeros().toPlainString(),
                    settings.maxGasPrice());
        } else if (asked.compareTo(gasPrice.upokt()) > 0) {
            LOG.warn("gas price raised to {}upokt", asked.stripTrailingZeros().toPlainString());
            gasPrice = new GasPrice(asked);
        }
    }

    @Override
    public CompletionStage<Optional<TxInclusion>> find(String txHash) {
        return grpc.find(
                        "transaction " + txHash,
                        ServiceGrpc.getGetTxMethod(),
                        GetTxRequest.newBuilder().setHash(txHash).build())
                .thenApply(found -> found.map(answer -> inclusion(answer.getTxResponse())));
    }

    private static TxInclusion inclusion(TxResponse result) {
        long code = Integer.toUnsignedLong(result.getCode());
        return new TxInclusion(
                result.getHeight(),
                result.getGasUsed(),
                result.getGasWanted(),
                code == 0
                        ? Optional.empty()
                        : Optional.of(
                                TxFailures.ofCode(
                                        result.getCodespace(), code, result.getRawLog())));
    }

    @Override
    public void close() {
        // The connections belong to the client.
    }
}
