package io.relayminer.ring;

import static io.relayminer.ring.GoldenVectors.bytes;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.fasterxml.jackson.databind.JsonNode;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

import java.io.IOException;
import java.util.Locale;
import java.util.stream.Stream;

/** Keys to addresses, and which strings are addresses. */
class AddressVectorsTest {
    private static final GoldenVectors VECTORS = new GoldenVectors("address");

    @TestFactory
    Stream<DynamicTest> vectors() {
        return VECTORS.tests(
                vector -> {
                    switch (vector.get("kind").textValue()) {
                        case "derive" -> derive(vector);
                        case "parse" -> parse(vector);
                        default -> fail("unknown kind");
                    }
                });
    }

    @AfterAll
    static void allRan() throws IOException {
        VECTORS.conclude();
    }

    private static void derive(JsonNode vector) {
        try (PrivateKey key = PrivateKey.of(bytes(vector, "private_key"))) {
            assertEquals(vector.get("pubkey").textValue(), key.publicKey().toString());
            Address address = key.publicKey().address();
            assertArrayEquals(bytes(vector, "address_bytes"), address.bytes());
            assertEquals(vector.get("address").textValue(), address.toString());
            assertEquals(address, Address.parse(vector.get("address").textValue()));
        }
    }

    private static void parse(JsonNode vector) {
        String text = vector.get("address").textValue();
        if (vector.get("valid").booleanValue()) {
            byte[] payload = bytes(vector, "address_bytes");
            assertTrue(Address.isWellFormed(text));
            assertArrayEquals(payload, Bech32.decode(Address.PREFIX, text));
            assertEquals(text.toLowerCase(Locale.ROOT), Bech32.encode(Address.PREFIX, payload));
            if (payload.length == Address.LENGTH) {
                assertArrayEquals(payload, Address.parse(text).bytes());
            } else {
                assertThrows(MalformedAddressException.class, () -> Address.parse(text));
            }
        } else {
            assertFalse(Address.isWellFormed(text));
            assertThrows(MalformedAddressException.class, () -> Address.parse(text));
        }
    }
}
