package io.relayminer.core.tx;

import static io.relayminer.testkit.vectors.VectorFile.hex;
import static io.relayminer.testkit.vectors.VectorFile.uint64;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.Message;

import io.relayminer.core.wire.TypeUrls;
import io.relayminer.core.wire.cosmos.base.Coin;
import io.relayminer.core.wire.proof.MsgCreateClaim;
import io.relayminer.core.wire.proof.MsgSubmitProof;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.ring.PrivateKey;
import io.relayminer.testkit.vectors.VectorFile;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

class TxVectorsTest {

    @Test
    void everyTransaction() throws IOException {
        new VectorFile("tx.json").runAll(TxVectorsTest::check);
    }

    private static void check(JsonNode vector) throws Exception {
        switch (vector.get("kind").asText()) {
            case "tx" -> transaction(vector);
            case "fee" -> fee(vector);
            case "timeout" -> timeout(vector);
            default -> throw new AssertionError("unknown kind " + vector.get("kind"));
        }
    }

    private static void transaction(JsonNode vector) throws Exception {
        JsonNode inputs = vector.get("inputs");
        TxSigner signer = signer(PrivateKey.of(hex(inputs.get("private_key"))));
        assertEquals(vector.get("public_key").asText(), hex(signer.publicKey()));
        assertEquals(vector.get("address").asText(), signer.address());
        List<Any> messages = new ArrayList<>();
        for (JsonNode message : inputs.get("messages")) {
            messages.add(message(message));
        }
        List<Coin> fee = new ArrayList<>();
        for (JsonNode coin : inputs.get("fee")) {
            String text = coin.asText();
            int digits = 0;
            while (Character.isDigit(text.charAt(digits))) {
                digits++;
            }
            fee.add(
                    Coin.newBuilder()
                            .setAmount(text.substring(0, digits))
                            .setDenom(text.substring(digits))
                            .build());
        }
        JsonNode time = inputs.get("timeout_timestamp");
        TxContent content =
                new TxContent(
                        messages,
                        inputs.get("memo").asText(),
                        uint64(inputs.get("timeout_height")),
                        inputs.get("unordered").asBoolean(),
                        time.isNull()
                                ? Optional.empty()
                                : Optional.of(
                                        Instant.ofEpochSecond(
                                                uint64(time.get("seconds")),
                                                time.get("nanos").intValue())),
                        uint64(inputs.get("gas_limit")),
                        fee,
                        ByteString.copyFrom(signer.publicKey()),
                        uint64(inputs.get("sequence")),
                        inputs.get("chain_id").asText(),
                        uint64(inputs.get("account_number")));
        assertEquals(vector.get("tx_body").asText(), hex(content.bodyBytes().toByteArray()));
        assertEquals(vector.get("auth_info").asText(), hex(content.authInfoBytes().toByteArray()));
        ByteString raw;
        if (vector.get("signature").asText().isEmpty()) {
            raw = content.unsigned();
        } else {
            assertEquals(vector.get("sign_doc").asText(), hex(content.signDoc().toByteArray()));
            raw = content.sign(signer);
        }
        assertEquals(vector.get("tx_raw").asText(), hex(raw.toByteArray()));
        assertEquals(vector.get("tx_hash").asText(), TxContent.hash(raw));
        DecodedTx decoded = DecodedTx.of(raw);
        assertEquals(raw, decoded.encode());
        assertEquals(
                vector.get("signature").asText(), hex(decoded.signatures().get(0).toByteArray()));
    }

    private static Any message(JsonNode fields) throws Exception {
        String typeUrl = fields.get("type_url").asText();
        if (!fields.has("session_header")) {
            return Any.newBuilder()
                    .setTypeUrl(typeUrl)
                    .setValue(ByteString.copyFrom(hex(fields.get("value"))))
                    .build();
        }
        JsonNode header = fields.get("session_header");
        SessionHeader sessionHeader =
                SessionHeader.newBuilder()
                        .setApplicationAddress(header.get("application_address").asText())
                        .setServiceId(header.get("service_id").asText())
                        .setSessionId(header.get("session_id").asText())
                        .setSessionStartBlockHeight(
                                header.get("session_start_block_height").longValue())
                        .setSessionEndBlockHeight(
                                header.get("session_end_block_height").longValue())
                        .build();
        String supplier = fields.get("supplier_operator_address").asText();
        Message message =
                fields.has("root_hash")
                        ? MsgCreateClaim.newBuilder()
                                .setSupplierOperatorAddress(supplier)
                                .setSessionHeader(sessionHeader)
                                .setRootHash(ByteString.copyFrom(hex(fields.get("root_hash"))))
                                .build()
                        : MsgSubmitProof.newBuilder()
                                .setSupplierOperatorAddress(supplier)
                                .setSessionHeader(sessionHeader)
                                .setProof(ByteString.copyFrom(hex(fields.get("proof"))))
                                .build();
        Any packed = TypeUrls.pack(message);
        assertEquals(typeUrl, packed.getTypeUrl());
        byte[] value = packed.getValue().toByteArray();
        if (fields.has("value")) {
            assertEquals(fields.get("value").asText(), hex(value));
        }
        if (fields.has("value_sha256")) {
            assertEquals(
                    fields.get("value_sha256").asText(),
                    hex(MessageDigest.getInstance("SHA-256").digest(value)));
        }
        return packed;
    }

    static TxSigner signer(PrivateKey key) {
        return new TxSigner() {
            @Override
            public String address() {
                return key.publicKey().address().toString();
            }

            @Override
            public byte[] publicKey() {
                return key.publicKey().encoded();
            }

            @Override
            public byte[] sign(byte[] message) {
                return key.sign(message);
            }
        };
    }

    private static void fee(JsonNode vector) {
        JsonNode inputs = vector.get("inputs");
        long gasLimit =
                inputs.has("simulated_gas")
                        ? GasPrice.gasLimit(
                                uint64(inputs.get("simulated_gas")),
                                inputs.get("gas_adjustment").doubleValue())
                        : uint64(inputs.get("gas_limit"));
        if (vector.has("gas_limit")) {
            assertEquals(uint64(vector.get("gas_limit")), gasLimit);
        }
        if (inputs.has("gas_price")) {
            List<Coin> coins =
                    GasPrice.parse(inputs.get("gas_price").asText() + "upokt").feeCoins(gasLimit);
            assertEquals(
                    vector.get("fee").isNull() ? "" : vector.get("fee").asText(),
                    coins.isEmpty() ? "" : coins.get(0).getAmount() + coins.get(0).getDenom());
        }
    }

    private static void timeout(JsonNode vector) {
        JsonNode inputs = vector.get("inputs");
        TxLifetime lifetime =
                new TxLifetime(
                        Duration.ofSeconds(inputs.get("min").longValue()),
                        Duration.ofSeconds(inputs.get("max").longValue()),
                        Duration.ofSeconds(inputs.get("default").longValue()),
                        Duration.ofSeconds(inputs.get("skew").longValue()));
        TxLifetime.Effective effective =
                lifetime.of(Duration.ofSeconds(inputs.get("raw_seconds").longValue()));
        assertEquals(vector.get("effective_seconds").longValue(), effective.lifetime().toSeconds());
        assertEquals(
                vector.get("source").asText(),
                switch (effective.source()) {
                    case DEFAULT -> "default";
                    case MIN -> "min_clamp";
                    case MAX -> "max_clamp";
                    case WINDOW -> "window";
                });
    }
}
