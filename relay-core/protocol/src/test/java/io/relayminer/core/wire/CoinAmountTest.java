package io.relayminer.core.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.relayminer.core.wire.cosmos.base.Coin;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.math.BigInteger;

class CoinAmountTest {

    @ParameterizedTest
    @CsvSource({
        "'', 0",
        "0, 0",
        "7, 7",
        "+5, 5",
        "-5, -5",
        "007, 7",
        "010, 8",
        "0x10, 16",
        "0XfF, 255",
        "0o17, 15",
        "0b101, 5",
        "1_000, 1000",
        "0_7, 7",
        "0x_f, 15"
    })
    void anAmountIsReadAsAnIntegerLiteral(String text, String value) {
        assertEquals(
                new BigInteger(value), CoinAmount.of(Coin.newBuilder().setAmount(text).build()));
        assertEquals(value, CoinAmount.normalise(text));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1.5", " 5", "5 ", "x", "-", "+", "--5", "0x", "0b2", "08", "0g7", "1__0", "1_",
                "_1", "1e3", "٣"
            })
    void anythingElseIsRefused(String text) {
        assertThrows(MalformedMessageException.class, () -> CoinAmount.normalise(text));
    }

    @Test
    void anAmountHasAtMost256Bits() {
        BigInteger most = BigInteger.ONE.shiftLeft(256).subtract(BigInteger.ONE);
        assertEquals(most.toString(), CoinAmount.normalise(most.toString()));
        assertThrows(
                MalformedMessageException.class,
                () -> CoinAmount.normalise(most.add(BigInteger.ONE).toString()));
        assertThrows(
                MalformedMessageException.class, () -> CoinAmount.normalise("9".repeat(1_000_000)));
    }
}
