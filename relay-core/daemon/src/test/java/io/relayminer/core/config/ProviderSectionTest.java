package io.relayminer.core.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.relayminer.provider.ProviderSettings;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.List;

class ProviderSectionTest {

    record Plugins(
            @Key("One.") ProviderSection store, @Key("Several.") List<ProviderSection> keys) {}

    private static Plugins parse(String yaml) {
        return ConfigReader.of(Plugins.class).build().parse(yaml, "test.yaml").config();
    }

    @Test
    void aSectionGivesItsTypeAndLeavesTheRestToThePlugIn() {
        Plugins plugins =
                parse(
                        """
                        store: {type: vault, timeout: 2s, slots: [1, 2]}
                        keys:
                          - type: file
                            path: /a
                          - type: file
                            path: /b
                        """);
        assertEquals("vault", plugins.store().type());
        ProviderSettings settings = plugins.store().settings("store");
        assertEquals(Duration.ofSeconds(2), settings.duration("timeout", Duration.ZERO));
        assertEquals(List.of("1", "2"), settings.list("slots"));
        settings.finish();
        assertEquals(
                List.of("/a", "/b"),
                plugins.keys().stream().map(each -> each.settings("").required("path")).toList());
    }

    @Test
    void aSectionWithoutATypeIsRefusedWithItsPath() {
        ConfigException refused =
                assertThrows(ConfigException.class, () -> parse("keys: [{path: /a}]"));
        assertTrue(
                refused.getMessage().contains("keys[0]: type is required: the name of a plug-in"),
                refused::getMessage);
    }

    @Test
    void onlyThePlugInKnowsWhatIsSecretSoEveryTextIsMasked() {
        Plugins plugins =
                parse(
                        """
                        store: {type: vault, pin: hunter2, slot: 3, tls: {key: hunter3, on: true}}
                        keys: [{type: file, paths: [hunter4]}]
                        """);
        String printed = ConfigPrinter.effective(plugins);
        assertFalse(printed.contains("hunter"), printed);
        assertFalse((plugins.store() + "" + plugins.keys()).contains("hunter"));
        assertEquals(
                """
                store:
                  type: vault
                  pin: '****'
                  slot: 3
                  tls:
                    key: '****'
                    on: true
                keys:
                  - type: file
                    paths:
                      - '****'
                """,
                printed);
        String page = ConfigPrinter.reference(plugins);
        assertTrue(page.contains("| `store` | section | `type: vault` | One. |"), page);
    }
}
