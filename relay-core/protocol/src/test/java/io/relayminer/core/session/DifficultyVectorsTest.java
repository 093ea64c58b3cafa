package io.relayminer.core.session;

import static io.relayminer.testkit.vectors.VectorFile.hex;
import static io.relayminer.testkit.vectors.VectorFile.uint64;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;

import io.relayminer.testkit.vectors.VectorFile;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.math.BigInteger;

class DifficultyVectorsTest {

    @Test
    void everyDifficulty() throws IOException {
        new VectorFile("difficulty.json").runAll(DifficultyVectorsTest::check);
    }

    private static void check(JsonNode vector) {
        switch (vector.get("kind").asText()) {
            case "meets" ->
                    assertEquals(
                            vector.get("meets").asBoolean(),
                            Difficulty.isMet(
                                    hex(vector.get("relay_hash")), hex(vector.get("target"))));
            case "target" ->
                    assertEquals(
                            vector.get("target_hash").asText(),
                            hex(
                                    Difficulty.target(
                                            uint64(vector.get("target_num_relays")),
                                            uint64(vector.get("num_relays_ema")))));
            case "multiplier" -> {
                Difficulty.Multiplier multiplier = Difficulty.multiplier(hex(vector.get("target")));
                assertEquals(integer(vector, "numerator"), multiplier.numerator());
                assertEquals(integer(vector, "denominator"), multiplier.denominator());
                assertEquals(integer(vector, "floor"), multiplier.floor());
                assertEquals(integer(vector, "probability_numerator"), multiplier.denominator());
                assertEquals(integer(vector, "probability_denominator"), multiplier.numerator());
                assertEquals(
                        vector.get("probability_float32").floatValue(), multiplier.probability());
            }
            case "ema" ->
                    assertEquals(
                            uint64(vector.get("new")),
                            Difficulty.average(
                                    uint64(vector.get("previous")), uint64(vector.get("relays"))));
            case "update_chain" -> {
                long wanted = uint64(vector.get("target_num_relays"));
                for (JsonNode step : vector.get("steps")) {
                    long average =
                            Difficulty.average(
                                    uint64(step.get("previous_ema")), uint64(step.get("relays")));
                    assertEquals(uint64(step.get("new_ema")), average);
                    assertEquals(
                            step.get("target_hash").asText(),
                            hex(Difficulty.target(wanted, average)));
                }
            }
            default -> throw new AssertionError("unknown kind " + vector.get("kind"));
        }
    }

    private static BigInteger integer(JsonNode vector, String name) {
        return new BigInteger(vector.get(name).asText());
    }

    @Test
    void aTargetOfZeroIsRefusedInsteadOfDividedBy() {
        assertThrows(IllegalArgumentException.class, () -> Difficulty.multiplier(new byte[32]));
        assertThrows(IllegalArgumentException.class, () -> Difficulty.multiplier(new byte[31]));
        assertThrows(
                IllegalArgumentException.class,
                () -> ClaimAmounts.of(1, 1, Difficulty.baseTarget(), 1, 0));
    }

    @Test
    void anAverageOfZeroGivesTheEasiestTarget() {
        assertEquals(hex(Difficulty.baseTarget()), hex(Difficulty.target(100_000, 0)));
    }
}
