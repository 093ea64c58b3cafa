package io.relayminer.core.key;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Published test keys of the local network; they hold no value. */
class KeySourcesTest {

    private static final String KEY_1 =
            "cd41a98ac7ac3b190c345b88e2885422d7bb553c59bca03c6e2618d49f8b1c06";
    private static final String ADDRESS_1 = "pokt19a3t4yunp0dlpfjrp7qwnzwlrzd5fzs2gjaaaj";
    private static final String KEY_2 =
            "7b2d353bf74a0aade09bf21928a9e195b54fd1309d19b11e63e16f92efdb610c";
    private static final String ADDRESS_2 = "pokt1re27pw4llwnatx4sq7rlggqzcm6j3f39epq2wa";
    private static final String APP_KEY_ADDRESS = "pokt1mrqt5f7qh8uxs27cjm9t7v9e74a9vvdnq5jva4";

    /** Made by the library that key rings use. */
    private static final String ITEM =
            "eyJhbGciOiJQQkVTMi1IUzI1NitBMTI4S1ciLCJjcmVhdGVkIjoiMjAyNi0wMS0wMSAwMDowMDowMCArMDAwMCBVVEMgbT0rMC4wMDAwMDAwMDEiLCJlbmMiOiJBMjU2R0NNIiwicDJjIjo4MTkyLCJwMnMiOiJLZHlJN2ZYb2tnNUl5S3lOIn0.KZS3HCmcUci_Sfz1"
                + "THbJcWCCdBd2CSXjQ4yinRjI27bouW2tUp6WOQ.NFa_Gifnt47sL3go.Ej-pAzi-i2lSqwV3OkLwaZOeEK4dg-0p4dkteJr1WFrRmKLOdQPgIDgkHdS72MK4kmcDGjWEGVZf9bdSi4_YXA366DPP-uYvKAA3VskKAi_2kECTwIZGcBfayI16dSB433uf-Hl7T_H3Zo7Q"
                + "ETVwxDIXmcwy9wJAD3XZlrypU2TTiTe_4neyoL_UdB0hDoaX-iRu-GnNwe2Ox_ZmeNwXNegqM3cDxd22Sa-0DEL50czR9qvDf1Knwxw4E0iSxoSXQe44ohFZADshb-_g2E6UoDhp6SV4gK0OmgILQViFqXUzjq9jThRoShtALg4lBXSP30Skz-mZMJ50VYR10CSUjcdo"
                + "-PT9UlBZYA0s9gf3HMum9AzJYxVJsQaQ8ogIoOd54iuOZcltVmV12AkJgh1dJ9unsrkvwFKDCUlBjVkp2ZnpXMOUbwKN1DCkAzW76xte2FmFl-o-rcr7T4dVTU7udhnTd_U.08X8fmHpR8J5vAVwLlmbBQ";

    @TempDir Path folder;

    private static KeySource open(KeySourceProvider provider, Map<String, Object> settings) {
        return provider.open(new KeySourceSettings(provider.kind(), settings));
    }

    private Path write(String name, String content) throws IOException {
        return Files.writeString(folder.resolve(name), content);
    }

    private static List<String> addresses(LoadedKeys loaded) {
        return loaded.keys().stream().map(SupplierKey::address).toList();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "keys:\n  - " + KEY_1 + "\n",
                "keys:\n  - 0x" + KEY_1 + "\n",
                "keys: ['" + KEY_1 + "']",
                "keys:\n  - '  0x" + KEY_1 + " '\nother: {a: [1, 2]}\n",
                "other: 1\n"
                        + "keys:\n"
                        + "  - CD41A98AC7AC3B190C345B88E2885422D7BB553C59BCA03C6E2618D49F8B1C06",
                "keys: [x]\nkeys:\n  - " + KEY_1,
                "keys:\n  - " + KEY_1 + "\n---\nkeys: nonsense\n"
            })
    void aKeysFileIsRead(String yaml) {
        assertEquals(
                List.of(ADDRESS_1),
                KeysFile.parse(yaml.getBytes(UTF_8)).stream().map(SupplierKey::address).toList());
    }

    @Test
    void keysThatLookLikeNumbersKeepTheirText() {
        String digits = "1234567890".repeat(6) + "1234";
        String exponent = "1234e567" + "8".repeat(56);
        String hex = "0x" + "1".repeat(64);
        byte[] yaml =
                ("keys:\n  - " + digits + "\n  - " + exponent + "\n  - " + hex).getBytes(UTF_8);
        assertEquals(
                List.of(
                        SupplierKey.fromHex(digits).address(),
                        SupplierKey.fromHex(exponent).address(),
                        SupplierKey.fromHex("1".repeat(64)).address()),
                KeysFile.parse(yaml).stream().map(SupplierKey::address).toList());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    ''                                  | 'keys' field is required
                    '# nothing'                         | 'keys' field is required
                    'other: 1'                          | 'keys' field is required
                    'keys:'                             | 'keys' field is required
                    'keys: []'                          | array is empty
                    'keys: text'                        | must be a list
                    'keys: {a: b}'                      | must be a list
                    'keys: [{name: a, private_key: b}]' | plain texts
                    'keys: [[a]]'                       | plain texts
                    'keys: [""]'                        | key[0]: empty key
                    'keys: [abc]'                       | key[0]: invalid length: expected 64 hex characters (32 bytes), got 3
                    '- a'                               | not a YAML mapping
                    'keys: [a'                          | not valid YAML
                    'keys: [*a]'                        | plain texts
                    """)
    void aBadKeysFileIsRefused(String yaml, String reason) {
        KeySourceException e =
                assertThrows(KeySourceException.class, () -> KeysFile.parse(yaml.getBytes(UTF_8)));
        assertTrue(e.getMessage().contains(reason), e.getMessage());
    }

    @Test
    void allBadKeysOfAFileAreReportedAndNoneIsPrinted() {
        String zero = "0".repeat(64);
        String order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
        String notHex = KEY_1.substring(0, 63) + "g";
        String yaml = "keys: [" + String.join(", ", "'" + zero + "'", KEY_1, order, notHex) + "]";
        KeySourceException e =
                assertThrows(KeySourceException.class, () -> KeysFile.parse(yaml.getBytes(UTF_8)));
        assertTrue(e.getMessage().contains("key[0]: not a private key"), e.getMessage());
        assertFalse(e.getMessage().contains("key[1]"), e.getMessage());
        assertTrue(e.getMessage().contains("key[2]: not a private key"), e.getMessage());
        assertTrue(e.getMessage().contains("key[3]: invalid hex character at position 63"));
        for (String secret : List.of(order, notHex, KEY_1)) {
            assertFalse(e.getMessage().contains(secret.substring(0, 8)));
        }
    }

    @Test
    void aYamlBombIsRefusedWithoutExpandingIt() {
        StringBuilder bomb = new StringBuilder("a: &a [x, x]\n");
        for (char c = 'b'; c < 'z'; c++) {
            char previous = (char) (c - 1);
            bomb.append(c).append(": &").append(c).append(" [*").append(previous).append(", *");
            bomb.append(previous).append("]\n");
        }
        bomb.append("keys: *y\n");
        assertThrows(
                KeySourceException.class, () -> KeysFile.parse(bomb.toString().getBytes(UTF_8)));
        String deep = "keys: " + "[".repeat(10_000);
        assertThrows(KeySourceException.class, () -> KeysFile.parse(deep.getBytes(UTF_8)));
    }

    @Test
    void aFileThatIsTooLargeIsNotRead() throws IOException {
        Path file = write("keys.yaml", "#".repeat(KeyFiles.MAX_BYTES + 1));
        KeySource source = open(new KeysFile(), Map.of("path", file.toString()));
        assertThrows(KeySourceException.class, source::load);
    }

    @Test
    void aMissingKeysFileIsRefusedAtOnce() {
        assertThrows(
                KeySourceException.class,
                () -> open(new KeysFile(), Map.of("path", folder.resolve("no").toString())));
        assertThrows(KeySourceException.class, () -> open(new KeysFile(), Map.of()));
        KeySourceException unknown =
                assertThrows(
                        KeySourceException.class,
                        () -> open(new KeysFile(), Map.of("path", "x", "pth", "y")));
        assertTrue(unknown.getMessage().contains("'pth'"));
    }

    @Test
    void aDirectoryGivesOneKeyPerFileInNameOrderAndLeavesOutBadOnes() throws IOException {
        write("b.yaml", "operator_address: " + ADDRESS_1 + "\nprivate_key_hex: " + KEY_1);
        write(
                "a.JSON",
                "{\"operator_address\":\""
                        + ADDRESS_2
                        + "\",\"private_key_hex\":\""
                        + KEY_2
                        + "\"}");
        write("c.yml", "operator_address: " + ADDRESS_2 + "\nprivate_key_hex: " + KEY_1);
        write("d.yml", "operator_address: cosmos1x\nprivate_key_hex: " + KEY_1);
        write("e.yml", "private_key_hex: " + KEY_1);
        write("f.yml", "operator_address: " + ADDRESS_1);
        write("g.txt", "operator_address: " + ADDRESS_1 + "\nprivate_key_hex: " + KEY_1);
        Files.createDirectory(folder.resolve("h.yaml"));
        LoadedKeys loaded = open(new KeysDirectory(), Map.of("path", folder.toString())).load();
        assertEquals(List.of(ADDRESS_2, ADDRESS_1), addresses(loaded));
        assertEquals(4, loaded.problems().size(), loaded.problems().toString());
        assertTrue(
                loaded.problems()
                        .get(0)
                        .equals(
                                "c.yml: the key belongs to "
                                        + ADDRESS_1
                                        + ", not to "
                                        + ADDRESS_2));
        assertTrue(loaded.problems().get(1).contains("must start with 'pokt1'"));
        assertTrue(loaded.problems().get(2).contains("'operator_address'"));
        assertTrue(loaded.problems().get(3).contains("'private_key_hex'"));
    }

    @Test
    void aDirectoryThatDoesNotExistIsMadeAndAFileInItsPlaceRefused() throws IOException {
        Path made = folder.resolve("keys");
        KeySource source = open(new KeysDirectory(), Map.of("path", made.toString()));
        assertTrue(Files.isDirectory(made));
        assertEquals(List.of(), source.load().keys());
        Path file = write("file", "");
        assertThrows(
                KeySourceException.class,
                () -> open(new KeysDirectory(), Map.of("path", file.toString())));
    }

    @Test
    void aKeyringIsDecrypted() throws IOException {
        Path keyring = Files.createDirectory(folder.resolve("keyring-test"));
        Files.writeString(keyring.resolve("supplier1.info"), ITEM);
        Files.writeString(keyring.resolve("broken.info"), "not an item");
        Files.writeString(keyring.resolve("0011.address"), "supplier1.info");
        LoadedKeys loaded =
                open(new CosmosKeyring(), Map.of("backend", "test", "dir", folder.toString()))
                        .load();
        assertEquals(List.of(APP_KEY_ADDRESS), addresses(loaded));
        assertEquals(List.of("broken: not a key ring item"), loaded.problems());
    }

    @Test
    void aKeyringOfFilesNeedsItsPassphrase() throws IOException {
        Path keyring = Files.createDirectory(folder.resolve("keyring-file"));
        Files.writeString(keyring.resolve("supplier1.info"), ITEM);
        Map<String, Object> right =
                Map.of(
                        "backend",
                        "file",
                        "dir",
                        folder.toString(),
                        "passphrase",
                        "test",
                        "key_names",
                        List.of("supplier1", "other"));
        LoadedKeys loaded = open(new CosmosKeyring(), right).load();
        assertEquals(List.of(APP_KEY_ADDRESS), addresses(loaded));
        assertTrue(loaded.problems().get(0).startsWith("other: no such key"));
        Map<String, Object> wrong =
                Map.of("backend", "file", "dir", folder.toString(), "passphrase", "other");
        LoadedKeys refused = open(new CosmosKeyring(), wrong).load();
        assertEquals(List.of("supplier1: wrong passphrase"), refused.problems());
        assertThrows(
                KeySourceException.class,
                () ->
                        open(
                                new CosmosKeyring(),
                                Map.of("backend", "file", "dir", folder.toString())));
    }

    @ParameterizedTest
    @ValueSource(strings = {"os", "kwallet"})
    void aKeyringOfAnotherKindIsRefused(String backend) {
        assertThrows(
                KeySourceException.class,
                () -> open(new CosmosKeyring(), Map.of("backend", backend)));
    }

    @Test
    void aKeyringItemWithAbsurdRoundsIsNotComputed() {
        String header =
                java.util.Base64.getUrlEncoder()
                        .withoutPadding()
                        .encodeToString(
                                ("{\"alg\":\"PBES2-HS256+A128KW\",\"enc\":\"A256GCM\",\"p2c\":"
                                                + "2000000000,\"p2s\":\"AAAA\"}")
                                        .getBytes(UTF_8));
        String item = header + ITEM.substring(ITEM.indexOf('.'));
        KeySourceException e =
                assertThrows(
                        KeySourceException.class,
                        () -> KeyringItem.open(item, "test".toCharArray()));
        assertTrue(e.getMessage().contains("2000000000 rounds"));
    }

    @Test
    void aDamagedKeyringItemIsRefused() {
        String tag = ITEM.substring(ITEM.lastIndexOf('.') + 1);
        String damaged = ITEM.substring(0, ITEM.length() - tag.length()) + "A".repeat(22);
        assertThrows(
                KeySourceException.class, () -> KeyringItem.open(damaged, "test".toCharArray()));
    }

    @Test
    void theRingReportsWhatCameAndWent() throws IOException {
        Path file = write("keys.yaml", "keys: ['" + KEY_1 + "']");
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        try (KeyRing ring =
                new KeyRing(
                        List.of(open(new KeysFile(), Map.of("path", file.toString()))), registry)) {
            List<KeyChanges> seen = new ArrayList<>();
            ring.onChange(seen::add);
            assertTrue(ring.reloadIfChanged());
            assertEquals(Set.of(ADDRESS_1), ring.addresses());
            assertFalse(ring.reloadIfChanged(), "nothing changed");

            // Replaced by renaming, as editors and secret mounts do.
            Path fresh = write("fresh", "keys: ['" + KEY_2 + "']");
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
            assertTrue(ring.reloadIfChanged());
            assertEquals(Set.of(ADDRESS_2), ring.addresses());
            assertEquals(Set.of(ADDRESS_2), seen.get(1).added());
            assertEquals(Set.of(ADDRESS_1), seen.get(1).removed());
            assertTrue(ring.find(ADDRESS_1).isEmpty());
            assertEquals(ADDRESS_2, ring.find(ADDRESS_2).orElseThrow().address());

            // Caught half-written: nothing is removed.
            write("keys.yaml", "keys: ['" + KEY_1.substring(0, 30));
            assertTrue(ring.reloadIfChanged());
            assertEquals(Set.of(ADDRESS_2), ring.addresses());
            Files.delete(file);
            ring.reloadIfChanged();
            assertEquals(Set.of(ADDRESS_2), ring.addresses());
            assertEquals(2, seen.size());
            assertEquals(1, registry.get("ha_keys_supplier_keys_active").gauge().value());
            assertEquals(2, registry.get("ha_keys_changes").tag("type", "added").counter().count());
            assertTrue(
                    registry.get("ha_keys_load_errors")
                                    .tag("provider", "supplier_keys_file")
                                    .counter()
                                    .count()
                            >= 1);
        }
    }

    @Test
    void aBadFileOfADirectoryKeepsItsKeyUntilItIsGone() throws IOException {
        Path file =
                write("a.yaml", "operator_address: " + ADDRESS_1 + "\nprivate_key_hex: " + KEY_1);
        try (KeyRing ring =
                new KeyRing(
                        List.of(open(new KeysDirectory(), Map.of("path", folder.toString()))),
                        new SimpleMeterRegistry())) {
            ring.reload();
            Files.writeString(file, "operator_address: ");
            ring.reload();
            assertEquals(Set.of(ADDRESS_1), ring.addresses());
            Files.delete(file);
            ring.reload();
            assertEquals(Set.of(), ring.addresses());
        }
    }

    @Test
    void aKeySignsAndPrintsItsAddressOnly() {
        SupplierKey key = SupplierKey.fromHex(KEY_1);
        assertEquals("SupplierKey[" + ADDRESS_1 + "]", key.toString());
        assertEquals(64, key.sign(new byte[32]).length);
        assertEquals(33, key.publicKey().length);
    }
}
