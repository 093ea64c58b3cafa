package io.relayminer.core.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.relayminer.core.config.ConfigReader;
import io.relayminer.core.config.KeysConfig;
import io.relayminer.core.key.KeyRing;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;

/** Published test keys of the local network; they hold no value. */
class KeysSectionTest {

    private static final String KEY_1 =
            "cd41a98ac7ac3b190c345b88e2885422d7bb553c59bca03c6e2618d49f8b1c06";
    private static final String ADDRESS_1 = "pokt19a3t4yunp0dlpfjrp7qwnzwlrzd5fzs2gjaaaj";
    private static final String KEY_2 =
            "7b2d353bf74a0aade09bf21928a9e195b54fd1309d19b11e63e16f92efdb610c";
    private static final String ADDRESS_2 = "pokt1re27pw4llwnatx4sq7rlggqzcm6j3f39epq2wa";

    @TempDir private Path folder;

    private static KeysConfig read(String yaml) {
        return ConfigReader.of(KeysConfig.class).build().parse(yaml, "test").config();
    }

    @Test
    void sourcesAreFoundByTheNamesInTheConfiguration() throws IOException {
        Path file = Files.writeString(folder.resolve("keys.yaml"), "keys: ['" + KEY_1 + "']");
        KeysConfig config =
                read(
                        """
                        inline: ['%s']
                        keys_file: %s
                        sources:
                          keys_dir:
                            path: %s
                        """
                                .formatted(KEY_2, file, folder.resolve("dir")));
        try (KeyRing ring = KeysSection.load(config, new SimpleMeterRegistry())) {
            assertEquals(Set.of(ADDRESS_1, ADDRESS_2), ring.addresses());
        }
        assertFalse(config.toString().contains(KEY_2.substring(0, 8)));
    }

    @Test
    void aSourceOfAnUnknownKindIsRefused() {
        KeysConfig config = read("sources: {vault: {}}");
        RuntimeException e =
                assertThrows(
                        RuntimeException.class,
                        () -> KeysSection.load(config, new SimpleMeterRegistry()));
        assertTrue(e.getMessage().contains("unknown key source 'vault'"), e.getMessage());
    }

    @Test
    void withoutAKeyNothingStarts() {
        KeysConfig config = read("keys_dir: " + folder);
        IllegalStateException e =
                assertThrows(
                        IllegalStateException.class,
                        () -> KeysSection.load(config, new SimpleMeterRegistry()));
        assertTrue(e.getMessage().contains("no supplier key was loaded"), e.getMessage());
    }
}
