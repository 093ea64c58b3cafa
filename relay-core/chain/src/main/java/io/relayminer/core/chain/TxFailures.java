package io.relayminer.core.chain;

import static io.relayminer.core.chain.TxFailure.Kind;

import io.grpc.Status;

import java.util.Locale;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the chain's refusals mean.
 *
 * <p>CheckTx refuses with a codespace and a code, which are matched first. What a message handler
 * refuses arrives as text only, from simulation or in a block: handlers wrap their errors in a way
 * that loses the code. Text is matched by the registered sentence of the error, never by the detail
 * in front of it, except that the two window errors differ in nothing else.
 */
final class TxFailures {

    private static final Pattern MESSAGE_INDEX = Pattern.compile("message index: (\\d{1,6})");

    /** Position in a node's source code and what follows. */
    private static final Pattern SOURCE_POSITION =
            Pattern.compile(" ?\\[[^\\[\\]]{1,200}\\.go:\\d+\\]");

    private TxFailures() {}

    /** A refusal with a code, of CheckTx or in a block. */
    static TxFailure ofCode(String codespace, long code, String log) {
        Kind kind =
                switch (codespace) {
                    case "sdk" -> ofSdkCode(code, log);
                    case "proof" -> Kind.MESSAGE_REFUSED;
                    default -> {
                        if (code == 111222) {
                            yield Kind.NODE_FAILURE;
                        }
                        yield ofText(log);
                    }
                };
        return failure(kind, codespace, code, log);
    }

    private static Kind ofSdkCode(long code, String log) {
        return switch ((int) code) {
            case 2, 3, 12, 14, 15, 41 -> Kind.MALFORMED;
            case 4 -> log.contains("wrong number of signers") ? Kind.MALFORMED : Kind.UNAUTHORIZED;
            case 5 -> Kind.INSUFFICIENT_FUNDS;
            case 7, 10, 37, 38, 6 -> Kind.MESSAGE_REFUSED;
            case 8, 9 -> Kind.UNKNOWN_ACCOUNT;
            case 11 -> Kind.OUT_OF_GAS;
            case 13 -> Kind.FEE_TOO_LOW;
            case 18 -> {
                if (log.contains("already used timeout")) {
                    yield Kind.NONCE_USED;
                }
                if (log.contains("ttl exceeds")) {
                    yield Kind.EXPIRY_TOO_FAR;
                }
                yield Kind.MALFORMED;
            }
            case 20 -> Kind.MEMPOOL_FULL;
            case 21 -> Kind.TOO_LARGE;
            case 30 -> Kind.HEIGHT_PASSED;
            case 32 -> Kind.UNAUTHORIZED;
            case 42 -> Kind.EXPIRED;
            default -> ofText(log);
        };
    }

    /** A refusal by gRPC status, of simulation. */
    static TxFailure ofStatus(Status status) {
        String text = status.getDescription() == null ? "" : status.getDescription();
        if (GrpcNodes.isNodeFailure(status.asRuntimeException())) {
            // The description names the node's address.
            return new TxFailure(
                    Kind.UNAVAILABLE,
                    "",
                    0,
                    OptionalInt.empty(),
                    "no chain node answered (" + status.getCode() + ")");
        }
        return failure(ofText(text), "", 0, text);
    }

    private static Kind ofText(String text) {
        String lower = text.toLowerCase(Locale.ROOT);
        if (lower.contains("proof not required")) {
            return Kind.PROOF_NOT_REQUIRED;
        }
        if (lower.contains("attempted outside of the session's")) {
            return lower.contains("is less than") ? Kind.WINDOW_NOT_OPEN : Kind.WINDOW_CLOSED;
        }
        if (lower.contains("not enough funds to submit proof")) {
            return Kind.INSUFFICIENT_PROOF_FEE;
        }
        if (lower.contains("claim not found")) {
            return Kind.CLAIM_NOT_FOUND;
        }
        if (ChainRefusedException.saysThatHeightIsAhead(lower)) {
            return Kind.WINDOW_NOT_OPEN;
        }
        if (lower.contains("out of gas")) {
            return Kind.OUT_OF_GAS;
        }
        if (lower.contains("failed to execute message")) {
            return Kind.MESSAGE_REFUSED;
        }
        if (lower.contains("already used timeout")) {
            return Kind.NONCE_USED;
        }
        if (lower.contains("ttl exceeds")) {
            return Kind.EXPIRY_TOO_FAR;
        }
        if (lower.contains("timeout height")) {
            return Kind.HEIGHT_PASSED;
        }
        if (lower.contains("timeout timestamp") && lower.contains("block time")) {
            return Kind.EXPIRED;
        }
        if (lower.contains("insufficient funds") || lower.contains("spendable balance")) {
            return Kind.INSUFFICIENT_FUNDS;
        }
        if (lower.contains("insufficient fee")) {
            return Kind.FEE_TOO_LOW;
        }
        if (lower.contains("account sequence mismatch")
                || lower.contains("signature verification failed")) {
            return Kind.UNAUTHORIZED;
        }
        if (lower.contains("unknown address")
                || lower.contains("invalid pubkey")
                || (lower.contains("account") && lower.contains("not found"))) {
            return Kind.UNKNOWN_ACCOUNT;
        }
        if (lower.contains("tx too large")) {
            return Kind.TOO_LARGE;
        }
        if (lower.contains("invalid root hash")
                || lower.contains("invalid session header")
                || lower.contains("invalid proof")
                || lower.contains("invalid address")) {
            return Kind.MESSAGE_REFUSED;
        }
        if (lower.contains("tx parse error")
                || lower.contains("invalid request")
                || lower.contains("memo too large")
                || lower.contains("wrong number of signers")
                || lower.contains("invalid empty tx")
                || lower.contains("empty txbytes")) {
            return Kind.MALFORMED;
        }
        return Kind.OTHER;
    }

    private static TxFailure failure(Kind kind, String codespace, long code, String text) {
        Matcher index = MESSAGE_INDEX.matcher(text);
        return new TxFailure(
                kind,
                codespace,
                code,
                index.find()
                        ? OptionalInt.of(Integer.parseInt(index.group(1)))
                        : OptionalInt.empty(),
                GrpcNodes.printable(SOURCE_POSITION.matcher(text).replaceAll("")));
    }
}
