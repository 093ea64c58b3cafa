package io.relayminer.core.chain;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;

import io.relayminer.core.wire.tendermint.types.BlockID;
import io.relayminer.core.wire.tendermint.types.Header;
import io.relayminer.core.wire.tendermint.types.PartSetHeader;
import io.relayminer.core.wire.tendermint.version.Consensus;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The JSON of CometBFT: 64-bit numbers are texts, hashes upper-case hex, times RFC 3339. Everything
 * that is not as expected is a {@link ChainAnswerException}.
 */
final class CometJson {

    private static final ObjectMapper JSON =
            new ObjectMapper(
                    JsonFactory.builder()
                            .streamReadConstraints(
                                    StreamReadConstraints.builder()
                                            .maxNestingDepth(64)
                                            .maxStringLength(64 << 20)
                                            .build())
                            .build());

    private static final int HASH_BYTES = 32;

    private CometJson() {}

    static JsonNode tree(byte[] json) {
        try {
            return JSON.readTree(json);
        } catch (IOException e) {
            throw notJson();
        }
    }

    static JsonNode tree(String json) {
        try {
            return JSON.readTree(json);
        } catch (IOException e) {
            throw notJson();
        }
    }

    private static ChainAnswerException notJson() {
        return new ChainAnswerException("a chain node answered something that is not JSON", null);
    }

    /**
     * The result of a JSON-RPC answer.
     *
     * @throws ChainRefusedException if the answer is an error
     */
    static JsonNode result(String question, JsonNode answer) {
        JsonNode error = answer.get("error");
        if (error != null && !error.isNull()) {
            throw refused(question, error);
        }
        JsonNode result = answer.get("result");
        if (result == null || result.isNull()) {
            throw new ChainAnswerException(question + ": answer without result", null);
        }
        return result;
    }

    static ChainRefusedException refused(String question, JsonNode error) {
        String data = error.path("data").asText();
        return new ChainRefusedException(
                question,
                "RPC " + error.path("code").asInt(),
                GrpcNodes.printable(data.isEmpty() ? error.path("message").asText() : data));
    }

    /** The block of a {@code block} result. */
    static Block block(JsonNode result) {
        JsonNode header = result.path("block").path("header");
        if (header.isMissingNode()) {
            throw new ChainAnswerException("block: the node has no such block any more", null);
        }
        ByteString hash = hex(result.path("block_id").path("hash"));
        if (hash.size() != HASH_BYTES) {
            throw new ChainAnswerException("block: answer without block id", null);
        }
        Timestamp time = time(header.path("time"));
        return block(number(header.path("height")), hash, time);
    }

    static Block block(long height, ByteString hash, Timestamp time) {
        if (height < 1) {
            throw new ChainAnswerException("block: answer with height " + height, null);
        }
        return new Block(height, hash, Instant.ofEpochSecond(time.getSeconds(), time.getNanos()));
    }

    /** The header inside a frame of a NewBlockHeader subscription; null for any other frame. */
    static @Nullable Header newHeader(JsonNode frame) {
        JsonNode data = frame.path("result").path("data");
        if (!data.path("type").asText().equals("tendermint/event/NewBlockHeader")) {
            return null;
        }
        return header(data.path("value").path("header"));
    }

    static Header header(JsonNode json) {
        if (!json.isObject()) {
            throw new ChainAnswerException("block header is missing", null);
        }
        return Header.newBuilder()
                .setVersion(
                        Consensus.newBuilder()
                                .setBlock(unsigned(json.path("version").path("block")))
                                .setApp(unsigned(json.path("version").path("app"))))
                .setChainId(json.path("chain_id").asText())
                .setHeight(number(json.path("height")))
                .setTime(time(json.path("time")))
                .setLastBlockId(blockId(json.path("last_block_id")))
                .setLastCommitHash(hex(json.path("last_commit_hash")))
                .setDataHash(hex(json.path("data_hash")))
                .setValidatorsHash(hex(json.path("validators_hash")))
                .setNextValidatorsHash(hex(json.path("next_validators_hash")))
                .setConsensusHash(hex(json.path("consensus_hash")))
                .setAppHash(hex(json.path("app_hash")))
                .setLastResultsHash(hex(json.path("last_results_hash")))
                .setEvidenceHash(hex(json.path("evidence_hash")))
                .setProposerAddress(hex(json.path("proposer_address")))
                .build();
    }

    private static BlockID blockId(JsonNode json) {
        return BlockID.newBuilder()
                .setHash(hex(json.path("hash")))
                .setPartSetHeader(
                        PartSetHeader.newBuilder()
                                .setTotal(json.path("parts").path("total").asInt())
                                .setHash(hex(json.path("parts").path("hash"))))
                .build();
    }

    static long number(JsonNode node) {
        try {
            return Long.parseLong(node.asText());
        } catch (NumberFormatException e) {
            throw new ChainAnswerException("a chain node answered a number that is none", null);
        }
    }

    private static long unsigned(JsonNode node) {
        if (node.isMissingNode() || node.isNull()) {
            return 0;
        }
        try {
            return Long.parseUnsignedLong(node.asText());
        } catch (NumberFormatException e) {
            throw new ChainAnswerException("a chain node answered a number that is none", null);
        }
    }

    private static ByteString hex(JsonNode node) {
        try {
            return ByteString.copyFrom(HexFormat.of().parseHex(node.asText()));
        } catch (IllegalArgumentException e) {
            throw new ChainAnswerException("a chain node answered a hash that is none", null);
        }
    }

    private static Timestamp time(JsonNode node) {
        try {
            Instant time = Instant.parse(node.asText());
            return Timestamp.newBuilder()
                    .setSeconds(time.getEpochSecond())
                    .setNanos(time.getNano())
                    .build();
        } catch (DateTimeParseException e) {
            throw new ChainAnswerException("a chain node answered a time that is none", null);
        }
    }

    /**
     * Reads the events of a {@code block_results} answer from a stream, keeping only those of the
     * wanted types. Results of a block can be very large, and almost all of it is not wanted.
     */
    static List<ChainEvent> events(String question, InputStream json, Set<String> types) {
        List<ChainEvent> transactionEvents = new ArrayList<>();
        List<ChainEvent> blockEvents = new ArrayList<>();
        boolean answered = false;
        try (JsonParser parser = JSON.createParser(json)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw notJson();
            }
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String field = parser.currentName();
                parser.nextToken();
                if (field.equals("error") && parser.currentToken() == JsonToken.START_OBJECT) {
                    throw refused(question, parser.readValueAsTree());
                } else if (field.equals("result")
                        && parser.currentToken() == JsonToken.START_OBJECT) {
                    answered = true;
                    results(parser, types, transactionEvents, blockEvents);
                } else {
                    parser.skipChildren();
                }
            }
        } catch (IOException e) {
            throw notJson();
        }
        if (!answered) {
            throw new ChainAnswerException(question + ": answer without result", null);
        }
        transactionEvents.addAll(blockEvents);
        return transactionEvents;
    }

    private static void results(
            JsonParser parser,
            Set<String> types,
            List<ChainEvent> transactionEvents,
            List<ChainEvent> blockEvents)
            throws IOException {
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String field = parser.currentName();
            JsonToken value = parser.nextToken();
            if (field.equals("txs_results") && value == JsonToken.START_ARRAY) {
                while (parser.nextToken() == JsonToken.START_OBJECT) {
                    while (parser.nextToken() != JsonToken.END_OBJECT) {
                        boolean events = parser.currentName().equals("events");
                        if (parser.nextToken() == JsonToken.START_ARRAY && events) {
                            eventList(parser, types, transactionEvents);
                        } else {
                            parser.skipChildren();
                        }
                    }
                }
            } else if (field.equals("finalize_block_events") && value == JsonToken.START_ARRAY) {
                eventList(parser, types, blockEvents);
            } else {
                parser.skipChildren();
            }
        }
    }

    private static void eventList(JsonParser parser, Set<String> types, List<ChainEvent> into)
            throws IOException {
        while (parser.nextToken() == JsonToken.START_OBJECT) {
            String type = "";
            Map<String, String> attributes = new HashMap<>();
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String field = parser.currentName();
                JsonToken value = parser.nextToken();
                if (field.equals("type")) {
                    type = parser.getText();
                } else if (field.equals("attributes")
                        && value == JsonToken.START_ARRAY
                        && (type.isEmpty() || types.contains(type))) {
                    attributes(parser, attributes);
                } else {
                    parser.skipChildren();
                }
            }
            if (types.contains(type)) {
                into.add(new ChainEvent(type, attributes));
            }
        }
    }

    private static void attributes(JsonParser parser, Map<String, String> into) throws IOException {
        while (parser.nextToken() == JsonToken.START_OBJECT) {
            String key = "";
            String text = "";
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String field = parser.currentName();
                JsonToken value = parser.nextToken();
                if (field.equals("key") && value == JsonToken.VALUE_STRING) {
                    key = parser.getText();
                } else if (field.equals("value") && value == JsonToken.VALUE_STRING) {
                    text = parser.getText();
                } else {
                    parser.skipChildren();
                }
            }
            into.put(key, text);
        }
    }
}
