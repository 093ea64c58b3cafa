package io.relayminer.ring;

import static io.relayminer.ring.GoldenVectors.bytes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.fasterxml.jackson.databind.JsonNode;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

import java.io.IOException;
import java.util.stream.Stream;

/** Signatures of Cosmos keys, reproduced and verified. */
class EcdsaVectorsTest {
    private static final GoldenVectors VECTORS = new GoldenVectors("ecdsa");

    @TestFactory
    Stream<DynamicTest> vectors() {
        return VECTORS.tests(
                vector -> {
                    switch (vector.get("kind").textValue()) {
                        case "sign" -> sign(vector);
                        case "verify" -> verify(vector);
                        default -> fail("unknown kind");
                    }
                });
    }

    @AfterAll
    static void allRan() throws IOException {
        VECTORS.conclude();
    }

    private static void sign(JsonNode vector) {
        byte[] message = bytes(vector, "message");
        try (PrivateKey key = PrivateKey.of(bytes(vector, "private_key"))) {
            assertEquals(vector.get("pubkey").textValue(), key.publicKey().toString());
            byte[] signature = key.sign(message);
            assertEquals(vector.get("signature").textValue(), GoldenVectors.hex(signature));
            assertTrue(key.publicKey().verify(message, signature));
        }
    }

    private static void verify(JsonNode vector) {
        boolean accepted;
        try {
            PublicKey key = PublicKey.ofSec1(bytes(vector, "pubkey"));
            accepted = key.verify(bytes(vector, "message"), bytes(vector, "signature"));
        } catch (MalformedKeyException e) {
            accepted = false;
        }
        if (!vector.has("required")) {
            assertEquals(vector.get("expect").booleanValue(), accepted);
        } else {
            // R or S not below the group order: the choice is free, ours is to refuse.
            assertEquals("either", vector.get("required").textValue());
            assertEquals(false, accepted);
        }
    }
}
