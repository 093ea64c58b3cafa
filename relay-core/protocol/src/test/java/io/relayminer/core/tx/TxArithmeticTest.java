package io.relayminer.core.tx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;

import io.relayminer.core.wire.WireException;
import io.relayminer.ring.PrivateKey;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;

class TxArithmeticTest {

    @ParameterizedTest
    @CsvSource({
        "0.000001upokt, 120000, 1",
        "0.000001upokt, 1000000, 1",
        "0.000001upokt, 1000001, 2",
        "0upokt, 1000000, 0",
        "1upokt, 7, 7",
        "0.000000000000000001upokt, 1, 1",
        "0.5upokt, -1, 9223372036854775808"
    })
    void feesAreRoundedUp(String price, long gas, BigInteger fee) {
        assertEquals(fee, GasPrice.parse(price).fee(gas));
        assertEquals(fee.signum() == 0 ? 0 : 1, GasPrice.parse(price).feeCoins(gas).size());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "upokt",
                "1",
                "1pokt",
                ".5upokt",
                "5.upokt",
                "1.2.3upokt",
                "-1upokt",
                "1e9upokt",
                "1 upokt",
                "0.0000000000000000001upokt"
            })
    void whatIsNoGasPrice(String text) {
        assertThrows(IllegalArgumentException.class, () -> GasPrice.parse(text));
    }

    @Test
    void aGasPriceOfAnyLengthCostsNothing() {
        assertThrows(
                IllegalArgumentException.class,
                () -> GasPrice.parse("9".repeat(1_000_000) + "upokt"));
        assertEquals("0.000001upokt", GasPrice.parse(" 0.000001upokt ").toString());
    }

    @ParameterizedTest
    @CsvSource({
        "70001, 1.7, 119001",
        "0, 1.7, 0",
        "1, 1, 1",
        "-1, 1, 0",
        "4611686018427387904, 2, -9223372036854775808"
    })
    void gasLimitsAreDoublesCutOff(long gas, double adjustment, long limit) {
        assertEquals(limit, GasPrice.gasLimit(gas, adjustment));
    }

    @Test
    void expiriesOfAnAccountOnlyGrow() {
        ExpiryNonces nonces = new ExpiryNonces(new Random(1));
        Instant wanted = Instant.parse("2026-01-01T00:00:00Z");
        Instant before = Instant.EPOCH;
        for (int i = 0; i < 1000; i++) {
            Instant next = nonces.next("a", wanted);
            assertTrue(next.isAfter(before));
            assertFalse(next.isBefore(wanted));
            assertTrue(next.isBefore(wanted.plus(ExpiryNonces.SPREAD).plusNanos(1000)));
            before = next;
        }
        assertTrue(nonces.next("a", wanted.minusSeconds(60)).isAfter(before));
        assertTrue(nonces.next("b", wanted).isBefore(wanted.plus(ExpiryNonces.SPREAD)));
    }

    @Test
    void twoProcessesDoNotMeet() {
        Instant wanted = Instant.parse("2026-01-01T00:00:00Z");
        Set<Instant> all = new HashSet<>();
        for (int process = 0; process < 20; process++) {
            all.add(new ExpiryNonces(new Random(process)).next("a", wanted));
        }
        assertEquals(20, all.size());
    }

    @Test
    void lifetimesMustFitTheChain() {
        Duration minute = Duration.ofMinutes(1);
        assertThrows(
                IllegalArgumentException.class,
                () -> new TxLifetime(minute, Duration.ofSeconds(1), minute, minute));
        assertThrows(
                IllegalArgumentException.class,
                () -> new TxLifetime(minute, Duration.ofMinutes(11), minute, minute));
    }

    @Test
    void aSignerWithAnotherKeyIsRefused() {
        TxSigner one = signer("1".repeat(64));
        TxSigner two = signer("2".repeat(64));
        TxContent content =
                new TxContent(
                        List.of(),
                        "",
                        0,
                        true,
                        Optional.empty(),
                        0,
                        List.of(),
                        ByteString.copyFrom(one.publicKey()),
                        0,
                        "pocket",
                        0);
        assertThrows(IllegalArgumentException.class, () -> content.sign(two));
        assertEquals(1, DecodedTx.of(content.sign(one)).signatures().size());
    }

    @Test
    void whatIsNoTransactionIsRefused() {
        assertThrows(WireException.class, () -> DecodedTx.of(ByteString.copyFromUtf8("not a tx")));
    }

    private static TxSigner signer(String hex) {
        PrivateKey key = PrivateKey.of(HexFormat.of().parseHex(hex));
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
}
