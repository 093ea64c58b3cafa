package io.relayminer.core.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;

import io.relayminer.core.wire.service.RelayRequest;
import io.relayminer.core.wire.service.RelayRequestMetadata;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.testkit.vectors.VectorFile;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

import java.util.HexFormat;
import java.util.stream.Stream;

/** The stateless check of requests, against the verdicts and texts of the reference. */
class BasicValidationTest {

    @TestFactory
    Stream<DynamicTest> requestsOfTheReference() {
        return new VectorFile("relay-hash.json")
                .vectors().stream()
                        .filter(BasicValidationTest::isJudgedRequest)
                        .map(
                                vector ->
                                        DynamicTest.dynamicTest(
                                                vector.get("id").asText(), () -> check(vector)));
    }

    @Test
    void thereAreRequestsOfEveryKind() {
        long refused =
                new VectorFile("relay-hash.json")
                        .vectors().stream()
                                .filter(BasicValidationTest::isJudgedRequest)
                                .map(vector -> vector.get("validate_basic").asText())
                                .filter(text -> !text.isEmpty())
                                .distinct()
                                .count();
        assertTrue(refused >= 4, () -> refused + " kinds of refusal");
    }

    private static boolean isJudgedRequest(JsonNode vector) {
        return vector.has("validate_basic")
                && vector.has("bytes")
                && vector.path("type").asText().equals("RelayRequest")
                && !vector.path("required").asText("accept").equals("either");
    }

    private static void check(JsonNode vector) throws Exception {
        RelayRequest request =
                RelayRequest.parseFrom(HexFormat.of().parseHex(vector.get("bytes").asText()));
        String expected = vector.get("validate_basic").asText();
        String problem = BasicValidation.problem(request);
        if (expected.isEmpty()) {
            assertNull(problem);
            return;
        }
        assertEquals(withoutDetail(expected), withoutDetail(String.valueOf(problem)));
    }

    /** What exactly is wrong with an address is said in each implementation's own words. */
    private static String withoutDetail(String text) {
        return text.replaceFirst("\\(decoding bech32 failed: [^)]*\\)", "(decoding bech32 failed)");
    }

    @Test
    void theServiceIdIsCheckedCharacterByCharacter() {
        for (String bad : new String[] {"", "a b", "a/b", "a\"b", "ä", "x".repeat(200)}) {
            assertNotNull(BasicValidation.problem(withService(bad)), bad);
        }
        for (String good : new String[] {"eth", "ETH_mainnet-1", "0"}) {
            assertNull(BasicValidation.problem(withService(good)), good);
        }
    }

    private static RelayRequest withService(String id) {
        return RelayRequest.newBuilder()
                .setMeta(
                        RelayRequestMetadata.newBuilder()
                                .setSignature(com.google.protobuf.ByteString.copyFromUtf8("s"))
                                .setSupplierOperatorAddress("pokt1supplier")
                                .setSessionHeader(
                                        SessionHeader.newBuilder()
                                                .setApplicationAddress(
                                                        "pokt1eeeksh2tvkh7wzmfrljnhw4wrhs55lcuvmekkw")
                                                .setSessionId("id")
                                                .setServiceId(id)
                                                .setSessionStartBlockHeight(1)
                                                .setSessionEndBlockHeight(10)))
                .build();
    }
}
