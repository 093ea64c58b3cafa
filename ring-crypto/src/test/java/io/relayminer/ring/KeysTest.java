package io.relayminer.ring;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.HexFormat;
import java.util.SplittableRandom;
import java.util.TreeSet;

/** Keys, addresses and bech32 beyond the golden vectors: lifecycle, masking, equality, bounds. */
class KeysTest {
    private static final String SECRET =
            "2d00ef074d9b51e46886dc9a1df11e7b986611d0f336bdcf1f0adce3e037ec0a";

    private static byte[] hex(String hex) {
        return HexFormat.of().parseHex(hex);
    }

    @Test
    void privateKeysAreCopiedMaskedAndWiped() {
        byte[] bytes = hex(SECRET);
        PrivateKey key = PrivateKey.of(bytes);
        bytes[0] ^= 1;
        byte[] signature = key.sign(new byte[32]);
        assertTrue(key.publicKey().verify(new byte[32], signature));
        assertFalse(key.toString().contains(SECRET.substring(0, 8)));
        key.close();
        key.close();
        assertThrows(IllegalStateException.class, () -> key.sign(new byte[32]));
        assertThrows(
                IllegalStateException.class,
                () -> new RingSigner(key, new java.security.SecureRandom()));
        assertEquals(
                "0397896e9b106df70124a856861cc9be52fac9980e2c7a118a36c19d0198692cc5",
                key.publicKey().toString());
    }

    @Test
    void privateKeysOutsideTheOrderAreRefused() {
        for (String bad :
                new String[] {
                    "00".repeat(32),
                    "ff".repeat(32),
                    "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"
                }) {
            MalformedKeyException e =
                    assertThrows(MalformedKeyException.class, () -> PrivateKey.of(hex(bad)));
            assertEquals(MalformedKeyException.Reason.SCALAR_OUT_OF_RANGE, e.reason());
            assertFalse(e.toString().contains(bad));
        }
        for (int length : new int[] {0, 31, 33, 64}) {
            assertEquals(
                    MalformedKeyException.Reason.LENGTH,
                    assertThrows(MalformedKeyException.class, () -> PrivateKey.of(new byte[length]))
                            .reason());
        }
    }

    @Test
    void publicKeyErrorsAreNamed() {
        byte[] good = hex("0397896e9b106df70124a856861cc9be52fac9980e2c7a118a36c19d0198692cc5");
        assertEquals(MalformedKeyException.Reason.LENGTH, reason(new byte[32]));
        byte[] prefix = good.clone();
        prefix[0] = 5;
        assertEquals(MalformedKeyException.Reason.PREFIX, reason(prefix));
        assertEquals(
                MalformedKeyException.Reason.X_OUT_OF_RANGE, reason(hex("02" + "ff".repeat(32))));
        assertEquals(
                MalformedKeyException.Reason.NOT_ON_CURVE, reason(hex("02" + "00".repeat(32))));
        assertEquals(
                MalformedKeyException.Reason.NOT_ON_CURVE, reason(hex("03" + "bb".repeat(32))));
        PublicKey.of(hex("02" + "aa".repeat(32)));
    }

    private static MalformedKeyException.Reason reason(byte[] bytes) {
        return assertThrows(MalformedKeyException.class, () -> PublicKey.of(bytes)).reason();
    }

    @Test
    void publicKeysAndAddressesAreValues() {
        SplittableRandom random = new SplittableRandom(6);
        TreeSet<PublicKey> keys = new TreeSet<>();
        TreeSet<Address> addresses = new TreeSet<>();
        for (int i = 0; i < 50; i++) {
            byte[] bytes = new byte[32];
            random.nextBytes(bytes);
            try (PrivateKey secret = PrivateKey.of(bytes)) {
                PublicKey key = secret.publicKey();
                PublicKey again = PublicKey.of(key.encoded());
                assertEquals(key, again);
                assertEquals(key.hashCode(), again.hashCode());
                assertEquals(0, key.compareTo(again));
                byte[] mirrored = key.encoded();
                mirrored[0] ^= 1;
                assertNotEquals(key, PublicKey.of(mirrored));
                Address address = key.address();
                assertEquals(address, Address.ofBytes(address.bytes()));
                assertEquals(address.hashCode(), Address.parse(address.toString()).hashCode());
                assertEquals(43, address.toString().length());
                keys.add(key);
                addresses.add(address);
            }
        }
        assertEquals(50, keys.size());
        assertEquals(50, addresses.size());
        String previous = "";
        for (PublicKey key : keys) {
            assertTrue(previous.compareTo(key.toString()) < 0);
            previous = key.toString();
        }
        assertThrows(MalformedAddressException.class, () -> Address.ofBytes(new byte[21]));
    }

    @Test
    void bech32RoundTripsAndNamesErrors() {
        SplittableRandom random = new SplittableRandom(32);
        for (int length = 1; length <= Bech32.MAX_PAYLOAD_LENGTH; length++) {
            byte[] payload = new byte[length];
            random.nextBytes(payload);
            String text = Bech32.encode("pokt", payload);
            assertArrayEquals(payload, Bech32.decode("pokt", text));
            int at = 5 + random.nextInt(text.length() - 5);
            char other = text.charAt(at) == 'q' ? 'p' : 'q';
            String damaged = text.substring(0, at) + other + text.substring(at + 1);
            assertEquals(MalformedAddressException.Reason.CHECKSUM, reason("pokt", damaged));
            assertEquals(MalformedAddressException.Reason.PREFIX, reason("cosmos", text));
        }
        assertEquals(MalformedAddressException.Reason.LENGTH, reason("pokt", "pokt1qq"));
        assertEquals(MalformedAddressException.Reason.LENGTH, reason("pokt", "q".repeat(1024)));
        assertEquals(MalformedAddressException.Reason.SEPARATOR, reason("pokt", "poktqqqqqqqq"));
        assertEquals(MalformedAddressException.Reason.CHARACTER, reason("pokt", "pokt1qqqqqb"));
        assertEquals(MalformedAddressException.Reason.CHARACTER, reason("pokt", "pokt1qqq qqqq"));
        assertEquals(MalformedAddressException.Reason.MIXED_CASE, reason("pokt", "pOkt1qqqqqqqq"));
        assertThrows(IllegalArgumentException.class, () -> Bech32.encode("pokt", new byte[0]));
        assertThrows(IllegalArgumentException.class, () -> Bech32.encode("pokt", new byte[256]));
        assertThrows(IllegalArgumentException.class, () -> Bech32.encode("", new byte[20]));
        assertThrows(IllegalArgumentException.class, () -> Bech32.encode("Pokt", new byte[20]));
    }

    private static MalformedAddressException.Reason reason(String prefix, String text) {
        return assertThrows(MalformedAddressException.class, () -> Bech32.decode(prefix, text))
                .reason();
    }
}
