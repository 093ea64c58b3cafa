package io.relayminer.provider;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

class ProviderSettingsTest {

    private static ProviderSettings settings(Object... keysAndValues) {
        Map<String, @Nullable Object> values = new HashMap<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            values.put((String) keysAndValues[i], keysAndValues[i + 1]);
        }
        return ProviderSettings.of("transports[1]", values);
    }

    private static String refusal(ProviderSettings settings, Function<ProviderSettings, ?> read) {
        return refusal(() -> read.apply(settings));
    }

    private static String refusal(Runnable read) {
        return assertThrows(ProviderException.class, read::run).getMessage();
    }

    @Test
    void readsWhatIsGiven() {
        ProviderSettings s =
                settings(
                        "host",
                        "h",
                        "port",
                        80,
                        "wait",
                        "1h30m",
                        "limit",
                        "64KiB",
                        "tls",
                        true,
                        "names",
                        List.of("a", 2),
                        "headers",
                        Map.of("X-A", "1"));
        assertEquals("h", s.required("host"));
        assertEquals(80, s.integer("port", 1, 0, 65_535));
        assertEquals(Duration.ofMinutes(90), s.duration("wait", Duration.ZERO));
        assertEquals(65_536, s.bytes("limit", 1));
        assertTrue(s.flag("tls", false));
        assertEquals(List.of("a", "2"), s.list("names"));
        assertEquals(Map.of("X-A", "1"), s.map("headers"));
        s.finish();
    }

    @Test
    void takesTheFallbackForWhatIsAbsentNullOrEmpty() {
        ProviderSettings s = settings("a", null, "b", "");
        for (String key : List.of("a", "b", "c")) {
            assertFalse(s.has(key));
            assertEquals(Optional.empty(), s.optional(key));
            assertEquals("f", s.text(key, "f"));
            assertEquals(7, s.integer(key, 7, 0, 9));
            assertEquals(7, s.bytes(key, 7));
            assertEquals(Duration.ofSeconds(7), s.duration(key, Duration.ofSeconds(7)));
            assertTrue(s.flag(key, true));
            assertEquals("f", s.choice(key, "f", List.of("x")));
            assertEquals(List.of(), s.list(key));
            assertEquals(Map.of(), s.map(key));
            assertEquals(List.of(), s.sections(key));
            assertFalse(s.section(key).has("x"));
        }
        assertEquals(
                "transports[1].a: is required but not given; add it",
                refusal(s, x -> x.required("a")));
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "65536, 65536",
        "1B, 1",
        "1k, 1000",
        "2KB, 2000",
        "2KiB, 2048",
        "3 MiB, 3145728",
        "1GB, 1000000000",
        "1TiB, 1099511627776"
    })
    void readsBytesWithUnits(String text, long bytes) {
        assertEquals(bytes, settings("n", text).bytes("n", -1));
    }

    @Test
    void saysWhereWhatAndWhatIsWanted() {
        ProviderSettings s =
                settings(
                        "port",
                        70_000,
                        "word",
                        "s3cret",
                        "list",
                        "s3cret",
                        "mapping",
                        List.of(1),
                        "wait",
                        5,
                        "huge",
                        "9999999999TiB",
                        "real",
                        1.5);
        assertEquals(
                "transports[1].port: must be between 0 and 65535, not 70000",
                refusal(s, x -> x.integer("port", 1, 0, 65_535)));
        assertEquals(
                "transports[1].word: expected a whole number",
                refusal(s, x -> x.integer("word", 1, 0, 9)));
        assertEquals(
                "transports[1].real: expected a whole number",
                refusal(s, x -> x.integer("real", 1, 0, 9)));
        assertEquals(
                "transports[1].word: expected a duration such as 90s, 2h or 1h30m",
                refusal(s, x -> x.duration("word", Duration.ZERO)));
        assertEquals(
                "transports[1].wait: expected a duration such as 90s, 2h or 1h30m",
                refusal(s, x -> x.duration("wait", Duration.ZERO)));
        assertEquals(
                "transports[1].word: expected a number of bytes such as 65536, 64KiB or 10MB",
                refusal(s, x -> x.bytes("word", 1)));
        assertEquals(
                "transports[1].huge: expected a number of bytes such as 65536, 64KiB or 10MB",
                refusal(s, x -> x.bytes("huge", 1)));
        assertEquals(
                "transports[1].word: expected true or false",
                refusal(s, x -> x.flag("word", true)));
        assertEquals(
                "transports[1].word: expected one of a, b",
                refusal(s, x -> x.choice("word", "a", List.of("a", "b"))));
        assertEquals("transports[1].list: expected a list", refusal(s, x -> x.list("list")));
        assertEquals(
                "transports[1].mapping: expected a mapping", refusal(s, x -> x.section("mapping")));
        assertEquals(
                "transports[1].mapping: expected a text", refusal(s, x -> x.required("mapping")));
        assertEquals(
                "transports[1].pause: must be longer than zero, e.g. 90s",
                refusal(settings("pause", "0"), x -> x.positiveDuration("pause", Duration.ZERO)));
    }

    @Test
    void refusesKeysThatNobodyAskedForAndNamesTheNearest() {
        ProviderSettings s = settings("prot", 80, "zzzzzzzz", "s3cret");
        s.integer("port", 1, 0, 65_535);
        s.text("host", "");
        List<String> lines = Arrays.asList(refusal(s::finish).split("\n  - "));
        assertEquals(2, lines.size());
        assertTrue(lines.contains("transports[1].prot: unknown key; did you mean port?"));
        assertTrue(
                lines.contains(
                        "transports[1].zzzzzzzz: unknown key; remove it, or use one of port,"
                                + " host"));
    }

    @Test
    void refusesUnknownKeysOfSectionsToo() {
        ProviderSettings s =
                settings("tls", Map.of("sert", "x"), "hosts", List.of(Map.of("nam", "y")));
        s.section("tls").text("cert", "");
        s.sections("hosts").get(0).text("name", "");
        String message = refusal(s::finish);
        assertTrue(message.contains("transports[1].tls.sert: unknown key; did you mean cert?"));
        assertTrue(message.contains("transports[1].hosts[0].nam: unknown key; did you mean name?"));
    }

    @Test
    void warnsOfUnknownKeysWhereThatIsWanted() {
        List<String> warnings = new ArrayList<>();
        ProviderSettings s = settings("prot", 80).lenient(warnings::add);
        s.integer("port", 1, 0, 65_535);
        s.finish();
        assertEquals(List.of("transports[1].prot: unknown key; did you mean port?"), warnings);
    }

    @Test
    void readsSecretsInlineOrFromAFile(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("pin"), " 1234\n");
        assertEquals("1234", settings("pin", "1234").requiredSecret("pin"));
        ProviderSettings s = settings("pin_file", file.toString());
        assertEquals("1234", s.requiredSecret("pin"));
        s.finish();
        assertEquals(Optional.empty(), settings().secret("pin"));
        assertEquals(
                "transports[1].pin: is required but not given; add it, or pin_file with the path"
                        + " of a file that holds it",
                refusal(settings(), x -> x.requiredSecret("pin")));
        assertEquals(
                "transports[1].pin_file: give either pin or pin_file, not both",
                refusal(
                        settings("pin", "1234", "pin_file", file.toString()),
                        x -> x.secret("pin")));
        assertEquals(
                "transports[1].pin_file: the file cannot be read (NoSuchFileException); check it",
                refusal(
                        settings("pin_file", folder.resolve("absent").toString()),
                        x -> x.secret("pin")));
        Path large = Files.write(folder.resolve("large"), new byte[(64 << 10) + 1]);
        assertEquals(
                "transports[1].pin_file: the file is too large for a secret",
                refusal(settings("pin_file", large.toString()), x -> x.secret("pin")));
    }

    @Test
    void doesNotRepeatValuesWhenPrinted() {
        assertEquals("transports[1][pin]", settings("pin", "s3cret").toString());
    }
}
