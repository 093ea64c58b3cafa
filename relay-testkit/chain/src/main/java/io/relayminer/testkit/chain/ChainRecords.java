package io.relayminer.testkit.chain;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.Any;
import com.google.protobuf.ByteString;

import io.relayminer.testkit.chain.internal.bank.Bank;
import io.relayminer.testkit.chain.internal.block.StoredBlock;
import io.relayminer.testkit.chain.internal.encoding.GoJson;
import io.relayminer.testkit.chain.internal.encoding.Hashes;
import io.relayminer.testkit.chain.internal.execution.AbciEvent;
import io.relayminer.testkit.chain.internal.execution.AbciException;
import io.relayminer.testkit.chain.internal.execution.TxResult;
import io.relayminer.testkit.chain.internal.tx.TxDecoder;
import io.relayminer.testkit.chain.internal.tx.TxDecoder.DecodedTx;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Reads what happened on the chain from its blocks' events. */
final class ChainRecords {
    private ChainRecords() {}

    static List<ClaimOutcome> outcomes(Iterable<StoredBlock> blocks) {
        List<ClaimOutcome> outcomes = new ArrayList<>();
        for (StoredBlock block : blocks) {
            for (AbciEvent event : block.events()) {
                switch (event.type()) {
                    case "pocket.tokenomics.EventClaimSettled" ->
                            outcomes.add(outcome(block.height(), ClaimOutcome.Kind.SETTLED, event));
                    case "pocket.tokenomics.EventClaimExpired" ->
                            outcomes.add(outcome(block.height(), ClaimOutcome.Kind.EXPIRED, event));
                    case "pocket.tokenomics.EventClaimDiscarded" ->
                            outcomes.add(
                                    outcome(block.height(), ClaimOutcome.Kind.DISCARDED, event));
                    default -> {}
                }
            }
        }
        return outcomes;
    }

    private static ClaimOutcome outcome(long height, ClaimOutcome.Kind kind, AbciEvent event) {
        Map<String, String> values = values(event);
        String reason =
                kind == ClaimOutcome.Kind.EXPIRED
                        ? text(values, "expiration_reason")
                        : kind == ClaimOutcome.Kind.DISCARDED ? text(values, "error") : "";
        return new ClaimOutcome(
                height,
                kind,
                text(values, "supplier_operator_address"),
                text(values, "application_address"),
                text(values, "service_id"),
                text(values, "session_id"),
                number(values, "session_end_block_height"),
                number(values, "num_relays"),
                upokt(values, "claimed_upokt"),
                upokt(values, "settled_upokt"),
                upokt(values, "minted_upokt"),
                reason);
    }

    static List<ProofCheck> proofChecks(Iterable<StoredBlock> blocks) {
        List<ProofCheck> checks = new ArrayList<>();
        for (StoredBlock block : blocks) {
            for (AbciEvent event : block.events()) {
                if (event.type().equals("pocket.proof.EventProofValidityChecked")) {
                    Map<String, String> values = values(event);
                    checks.add(
                            new ProofCheck(
                                    block.height(),
                                    text(values, "supplier_operator_address"),
                                    text(values, "application_address"),
                                    text(values, "service_id"),
                                    number(values, "session_end_block_height"),
                                    text(values, "failure_reason")));
                }
            }
        }
        return checks;
    }

    static List<CommittedTx> transactions(Iterable<StoredBlock> blocks) {
        List<CommittedTx> txs = new ArrayList<>();
        for (StoredBlock block : blocks) {
            for (int i = 0; i < block.results().size(); i++) {
                ByteString bytes = block.block().getData().getTxs(i);
                TxResult result = block.results().get(i);
                txs.add(
                        new CommittedTx(
                                block.height(),
                                i,
                                Hashes.upperHex(Hashes.sha256(bytes)),
                                bytes,
                                messageTypes(bytes),
                                result.code(),
                                result.codespace(),
                                result.logText(),
                                result.gasWanted(),
                                result.gasUsed()));
            }
        }
        return txs;
    }

    private static List<String> messageTypes(ByteString bytes) {
        try {
            DecodedTx tx = TxDecoder.decode(bytes);
            return tx.body().getMessagesList().stream().map(Any::getTypeUrl).toList();
        } catch (AbciException e) {
            throw new IllegalStateException("a committed transaction cannot be decoded", e);
        }
    }

    private static Map<String, String> values(AbciEvent event) {
        Map<String, String> values = new HashMap<>();
        event.attributes().forEach(attribute -> values.put(attribute.key(), attribute.value()));
        return values;
    }

    private static String text(Map<String, String> values, String key) {
        String value = values.get(key);
        if (value == null) {
            return "";
        }
        try {
            JsonNode json = GoJson.MAPPER.readTree(value);
            return json.asText("");
        } catch (JsonProcessingException e) {
            return value;
        }
    }

    private static long number(Map<String, String> values, String key) {
        String text = text(values, key);
        return text.isEmpty() ? 0 : Long.parseLong(text);
    }

    private static BigInteger upokt(Map<String, String> values, String key) {
        String text = text(values, key);
        return text.isEmpty()
                ? BigInteger.ZERO
                : new BigInteger(text.substring(0, text.length() - Bank.DENOM.length()));
    }
}
