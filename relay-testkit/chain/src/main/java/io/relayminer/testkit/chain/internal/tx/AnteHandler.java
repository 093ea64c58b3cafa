package io.relayminer.testkit.chain.internal.tx;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Timestamp;

import io.relayminer.core.wire.cosmos.base.Coin;
import io.relayminer.core.wire.cosmos.secp256k1.PubKey;
import io.relayminer.core.wire.cosmos.signing.SignMode;
import io.relayminer.core.wire.cosmos.tx.AuthInfo;
import io.relayminer.core.wire.cosmos.tx.Fee;
import io.relayminer.core.wire.cosmos.tx.SignDoc;
import io.relayminer.core.wire.cosmos.tx.SignerInfo;
import io.relayminer.core.wire.cosmos.tx.TxBody;
import io.relayminer.testkit.chain.internal.bank.Bank;
import io.relayminer.testkit.chain.internal.claims.Signatures;
import io.relayminer.testkit.chain.internal.encoding.Bech32Text;
import io.relayminer.testkit.chain.internal.encoding.Clocks;
import io.relayminer.testkit.chain.internal.execution.AbciEvent;
import io.relayminer.testkit.chain.internal.execution.AbciException;
import io.relayminer.testkit.chain.internal.execution.AbciException.SdkError;
import io.relayminer.testkit.chain.internal.execution.ExecutionContext;
import io.relayminer.testkit.chain.internal.params.ChainParams;
import io.relayminer.testkit.chain.internal.state.ChainAccount;
import io.relayminer.testkit.chain.internal.state.GasMeter;
import io.relayminer.testkit.chain.internal.state.Keys;
import io.relayminer.testkit.chain.internal.tx.TxDecoder.DecodedTx;

import org.jspecify.annotations.Nullable;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Everything a transaction must pass before its messages run: well-formedness, timeouts, memo,
 * size, fee, keys, signatures and sequence or unordered nonce, in the order in which the chain
 * checks them.
 */
public final class AnteHandler {
    public static final String FEE_COLLECTOR = Bech32Text.moduleAddress("fee_collector");

    private static final Duration MAX_UNORDERED_TTL = Duration.ofMinutes(10);
    private static final long UNORDERED_GAS = 2_240;
    private static final int SIMULATED_SIGNATURE_BYTES = 64;
    private static final int SIMULATED_SIGNATURE_OVERHEAD = 6;
    private static final DateTimeFormatter SECONDS =
            DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss");

    /** What a transaction is run for. */
    public enum Mode {
        CHECK,
        SIMULATE,
        DELIVER
    }

    private final String chainId;
    private final BigDecimal minimumGasPrice;

    /**
     * The checks of one network's node.
     *
     * @param minimumGasPrice upokt per gas unit that the node asks for, 0 for none
     */
    public AnteHandler(String chainId, BigDecimal minimumGasPrice) {
        this.chainId = chainId;
        this.minimumGasPrice = minimumGasPrice;
    }

    /**
     * Runs all checks, with their effects (fee, public key, sequence, nonce) on {@code context}.
     *
     * @throws AbciException when the transaction is refused; the effects so far are to be thrown
     *     away
     * @throws GasMeter.OutOfGasException when its gas limit is passed
     */
    void run(ExecutionContext context, DecodedTx tx, Mode mode, GasMeter meter)
            throws AbciException {
        TxBody body = tx.body();
        AuthInfo auth = tx.authInfo();
        Fee fee = auth.getFee();
        context.state().meter(meter);
        if (fee.getGasLimit() < 0) {
            throw AbciException.sdk(
                    SdkError.INVALID_REQUEST,
                    "invalid gas supplied; "
                            + Long.toUnsignedString(fee.getGasLimit())
                            + " > "
                            + Long.MAX_VALUE);
        }
        if (body.getExtensionOptionsCount() > 0) {
            throw AbciException.sdk(SdkError.UNKNOWN_EXTENSION_OPTIONS, "");
        }
        List<String> signers = signers(body, fee);
        validateBasic(tx, fee, signers, mode);
        checkTimeouts(context, body);
        io.relayminer.core.wire.cosmos.auth.Params params = checkMemo(context, body);
        if (params == null) {
            params = ChainParams.auth(context.state());
        }
        meter.consume(tx.bytes().size() * params.getTxSizeCostPerByte(), "txSize");
        if (mode == Mode.SIMULATE) {
            chargeSimulatedSignatures(tx, params.getTxSizeCostPerByte(), meter);
        }
        deductFee(context, fee, signers, mode);
        setPublicKeys(context, tx, signers, mode);
        if (signers.size() > params.getTxSigLimit()) {
            throw AbciException.sdk(
                    SdkError.TOO_MANY_SIGNATURES,
                    "signatures: " + signers.size() + ", limit: " + params.getTxSigLimit());
        }
        for (int i = 0; i < signers.size(); i++) {
            meter.consume(params.getSigVerifyCostSecp256K1(), "ante verify: secp256k1");
        }
        verifySignatures(context, tx, signers, mode, meter);
        if (!body.getUnordered()) {
            for (String signer : signers) {
                ChainAccount account = Bank.account(context.state(), signer);
                if (account != null) {
                    Bank.putAccount(context.state(), account.withSequence(account.sequence() + 1));
                }
            }
        }
    }

    private static List<String> signers(TxBody body, Fee fee) throws AbciException {
        Set<String> signers = new LinkedHashSet<>();
        for (Any message : body.getMessagesList()) {
            signers.add(Messages.signer(message));
        }
        if (!fee.getPayer().isEmpty()) {
            signers.add(fee.getPayer());
        }
        return new ArrayList<>(signers);
    }

    private static void validateBasic(DecodedTx tx, Fee fee, List<String> signers, Mode mode)
            throws AbciException {
        for (Coin coin : fee.getAmountList()) {
            if (Bank.amount(coin).signum() < 0) {
                throw AbciException.sdk(
                        SdkError.INSUFFICIENT_FEE,
                        "invalid fee provided: " + Bank.text(fee.getAmountList()));
            }
        }
        int signatures = tx.raw().getSignaturesCount();
        if (signatures == 0) {
            throw AbciException.sdk(SdkError.NO_SIGNATURES, "");
        }
        if (signatures != signers.size()) {
            throw AbciException.sdk(
                    SdkError.UNAUTHORIZED,
                    "wrong number of signers; expected " + signers.size() + ", got " + signatures);
        }
        if (mode != Mode.SIMULATE && tx.authInfo().getSignerInfosCount() != signers.size()) {
            throw AbciException.sdk(
                    SdkError.UNAUTHORIZED,
                    "invalid number of signers;  expected: "
                            + signers.size()
                            + ", got "
                            + tx.authInfo().getSignerInfosCount());
        }
    }

    private static void checkTimeouts(ExecutionContext context, TxBody body) throws AbciException {
        long timeoutHeight = body.getTimeoutHeight();
        if (timeoutHeight != 0 && Long.compareUnsigned(context.height(), timeoutHeight) > 0) {
            throw AbciException.sdk(
                    SdkError.TX_TIMEOUT_HEIGHT,
                    "block height: "
                            + context.height()
                            + ", timeout height: "
                            + Long.toUnsignedString(timeoutHeight));
        }
        Instant timeout = timeoutOf(body);
        if (timeout != null && context.time().isAfter(timeout)) {
            throw AbciException.sdk(
                    SdkError.TX_TIMEOUT,
                    "block time: "
                            + goTime(context.time())
                            + ", timeout timestamp: "
                            + goTime(timeout));
        }
    }

    /** The timeout of a transaction; zero seconds and nanoseconds count as none. */
    public static @Nullable Instant timeoutOf(TxBody body) {
        Timestamp timestamp = body.getTimeoutTimestamp();
        if (!body.hasTimeoutTimestamp()
                || (timestamp.getSeconds() == 0 && timestamp.getNanos() == 0)) {
            return null;
        }
        return Instant.ofEpochSecond(timestamp.getSeconds(), timestamp.getNanos());
    }

    /** A time as Go prints it by default. */
    static String goTime(Instant time) {
        return SECONDS.format(LocalDateTime.ofInstant(time, ZoneOffset.UTC))
                + Clocks.fraction(time)
                + " +0000 UTC";
    }

    private static io.relayminer.core.wire.cosmos.auth.@Nullable Params checkMemo(
            ExecutionContext context, TxBody body) throws AbciException {
        int length = body.getMemoBytes().size();
        if (length == 0) {
            return null;
        }
        io.relayminer.core.wire.cosmos.auth.Params params = ChainParams.auth(context.state());
        if (length > params.getMaxMemoCharacters()) {
            throw AbciException.sdk(
                    SdkError.MEMO_TOO_LARGE,
                    "maximum number of characters is "
                            + params.getMaxMemoCharacters()
                            + " but received "
                            + length
                            + " characters");
        }
        return params;
    }

    private static void chargeSimulatedSignatures(DecodedTx tx, long perByte, GasMeter meter) {
        for (int i = 0; i < tx.raw().getSignaturesCount(); i++) {
            if (tx.raw().getSignatures(i).isEmpty()) {
                int keyLength =
                        i < tx.authInfo().getSignerInfosCount()
                                ? tx.authInfo().getSignerInfos(i).getPublicKey().getSerializedSize()
                                : 0;
                meter.consume(
                        (SIMULATED_SIGNATURE_BYTES + SIMULATED_SIGNATURE_OVERHEAD + keyLength)
                                * perByte,
                        "txSize");
            }
        }
    }

    private void deductFee(ExecutionContext context, Fee fee, List<String> signers, Mode mode)
            throws AbciException {
        if (mode == Mode.CHECK && minimumGasPrice.signum() > 0) {
            BigInteger required =
                    minimumGasPrice
                            .multiply(BigDecimal.valueOf(fee.getGasLimit()))
                            .setScale(0, RoundingMode.CEILING)
                            .toBigInteger();
            BigInteger offered = BigInteger.ZERO;
            for (Coin coin : fee.getAmountList()) {
                if (coin.getDenom().equals(Bank.DENOM)) {
                    offered = offered.add(Bank.amount(coin));
                }
            }
            if (offered.compareTo(required) < 0) {
                throw AbciException.sdk(
                        SdkError.INSUFFICIENT_FEE,
                        "insufficient fees; got: "
                                + Bank.text(fee.getAmountList())
                                + " required: "
                                + Bank.text(required));
            }
        }
        String payer = fee.getPayer().isEmpty() ? signers.get(0) : fee.getPayer();
        if (!fee.getGranter().isEmpty() && !fee.getGranter().equals(payer)) {
            throw AbciException.sdk(SdkError.INVALID_REQUEST, "fee grants are not enabled");
        }
        if (Bank.account(context.state(), payer) == null) {
            throw unknownPayer(payer);
        }
        List<Coin> coins =
                fee.getAmountList().stream()
                        .filter(coin -> Bank.amount(coin).signum() > 0)
                        .toList();
        if (!coins.isEmpty()) {
            try {
                Bank.send(context, payer, FEE_COLLECTOR, coins);
            } catch (AbciException e) {
                throw AbciException.sdk(SdkError.INSUFFICIENT_FUNDS, e.log().toStringUtf8());
            }
        }
        context.emit(AbciEvent.of("tx", "fee", Bank.text(fee.getAmountList()), "fee_payer", payer));
    }

    /**
     * The address stands in this text as its raw bytes, which are not UTF-8: that is what a node
     * answers.
     */
    private static AbciException unknownPayer(String payer) {
        ByteString address;
        try {
            address = Bech32Text.decodeAccount(payer);
        } catch (Bech32Text.AddressException e) {
            return AbciException.sdk(SdkError.INVALID_ADDRESS, e.text());
        }
        return AbciException.ofBytes(
                AbciException.SDK,
                SdkError.UNKNOWN_ADDRESS.code,
                ByteString.copyFromUtf8("fee payer address: ")
                        .concat(address)
                        .concat(
                                ByteString.copyFromUtf8(
                                        " does not exist: " + SdkError.UNKNOWN_ADDRESS.text)));
    }

    private static void setPublicKeys(
            ExecutionContext context, DecodedTx tx, List<String> signers, Mode mode)
            throws AbciException {
        AuthInfo auth = tx.authInfo();
        for (int i = 0; i < signers.size() && i < auth.getSignerInfosCount(); i++) {
            ByteString key = publicKey(auth.getSignerInfos(i));
            if (key.isEmpty()) {
                if (mode != Mode.SIMULATE) {
                    throw AbciException.panic(
                            "runtime error: invalid memory address or nil pointer dereference");
                }
                continue;
            }
            if (mode != Mode.SIMULATE && !Signatures.addressOf(key).equals(signers.get(i))) {
                throw AbciException.sdk(
                        SdkError.INVALID_PUBKEY,
                        "pubKey does not match signer address "
                                + signers.get(i)
                                + " with signer index: "
                                + i);
            }
            ChainAccount account = Bank.account(context.state(), signers.get(i));
            if (account == null) {
                throw AbciException.sdk(
                        SdkError.UNKNOWN_ADDRESS, "account " + signers.get(i) + " does not exist");
            }
            if (account.publicKey().isEmpty()) {
                Bank.putAccount(context.state(), account.withPublicKey(key));
            }
        }
        for (int i = 0; i < signers.size() && i < auth.getSignerInfosCount(); i++) {
            if (!tx.body().getUnordered()) {
                context.emit(
                        AbciEvent.of(
                                "tx",
                                "acc_seq",
                                signers.get(i)
                                        + "/"
                                        + Long.toUnsignedString(
                                                auth.getSignerInfos(i).getSequence())));
            }
        }
        for (ByteString signature : tx.raw().getSignaturesList()) {
            context.emit(
                    AbciEvent.of(
                            "tx",
                            "signature",
                            Base64.getEncoder().encodeToString(signature.toByteArray())));
        }
    }

    private static ByteString publicKey(SignerInfo signer) throws AbciException {
        if (!signer.hasPublicKey()) {
            return ByteString.EMPTY;
        }
        try {
            return PubKey.parseFrom(signer.getPublicKey().getValue()).getKey();
        } catch (InvalidProtocolBufferException e) {
            throw AbciException.sdk(
                    SdkError.TX_DECODE, "invalid public key: " + SdkError.TX_DECODE.text);
        }
    }

    private void verifySignatures(
            ExecutionContext context, DecodedTx tx, List<String> signers, Mode mode, GasMeter meter)
            throws AbciException {
        boolean unordered = tx.body().getUnordered();
        if (unordered) {
            useNonces(context, tx, signers, mode, meter);
        }
        for (int i = 0; i < signers.size(); i++) {
            SignerInfo info =
                    i < tx.authInfo().getSignerInfosCount()
                            ? tx.authInfo().getSignerInfos(i)
                            : SignerInfo.getDefaultInstance();
            ChainAccount account = Bank.account(context.state(), signers.get(i));
            if (account == null) {
                throw AbciException.sdk(
                        SdkError.UNKNOWN_ADDRESS, "account " + signers.get(i) + " does not exist");
            }
            if (unordered && info.getSequence() != 0) {
                throw AbciException.sdk(
                        SdkError.INVALID_REQUEST,
                        "sequence is not allowed for unordered transactions");
            }
            if (!unordered && info.getSequence() != account.sequence()) {
                throw AbciException.sdk(
                        SdkError.WRONG_SEQUENCE,
                        "account sequence mismatch, expected "
                                + account.sequence()
                                + ", got "
                                + Long.toUnsignedString(info.getSequence()));
            }
            if (mode != Mode.SIMULATE && !isSigned(tx, i, info, account)) {
                throw AbciException.sdk(
                        SdkError.UNAUTHORIZED,
                        "signature verification failed; please verify account number ("
                                + account.number()
                                + ") and chain-id ("
                                + chainId
                                + "): (unable to verify single signer signature)");
            }
        }
    }

    private boolean isSigned(DecodedTx tx, int index, SignerInfo info, ChainAccount account) {
        if (info.getModeInfo().getSingle().getMode() != SignMode.SIGN_MODE_DIRECT) {
            return false;
        }
        SignDoc document =
                SignDoc.newBuilder()
                        .setBodyBytes(tx.raw().getBodyBytes())
                        .setAuthInfoBytes(tx.raw().getAuthInfoBytes())
                        .setChainId(chainId)
                        .setAccountNumber(account.number())
                        .build();
        return Signatures.verify(
                account.publicKey(), document.toByteArray(), tx.raw().getSignatures(index));
    }

    private static void useNonces(
            ExecutionContext context, DecodedTx tx, List<String> signers, Mode mode, GasMeter meter)
            throws AbciException {
        Instant timeout = timeoutOf(tx.body());
        if (timeout == null) {
            throw AbciException.sdk(
                    SdkError.INVALID_REQUEST,
                    "unordered transaction must have timeout_timestamp set");
        }
        if (timeout.isAfter(context.time().plus(MAX_UNORDERED_TTL))) {
            throw AbciException.sdk(SdkError.INVALID_REQUEST, "unordered tx ttl exceeds 10m0s");
        }
        meter.consume(UNORDERED_GAS, "unordered tx");
        if (mode == Mode.SIMULATE) {
            return;
        }
        long nanos = Clocks.unixNanos(timeout);
        for (String signer : signers) {
            String key = Keys.nonce(nanos, signer);
            if (context.state().has(key)) {
                throw AbciException.sdk(
                        SdkError.INVALID_REQUEST,
                        "failed to add unordered nonce: sender "
                                + signer
                                + " has already used timeout "
                                + nanos);
            }
            context.state().put(key, true);
        }
    }
}
