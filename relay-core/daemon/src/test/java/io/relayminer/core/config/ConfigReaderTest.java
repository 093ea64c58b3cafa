package io.relayminer.core.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.TextNode;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;

class ConfigReaderTest {

    enum Mode {
        EAGER,
        OPTIMISTIC
    }

    record Redis(
            @Key("Where Redis is.") String url,
            @Key("Connections.") int poolSize,
            @Key(value = "Password.", secret = true) String password) {
        Redis {
            url = url == null ? "redis://localhost:6379" : url;
            if (poolSize < 0) {
                throw new IllegalArgumentException("must not be negative");
            }
        }
    }

    record Daemon(
            @Key("Address.") String listenAddr,
            @Key("Redis.") Redis redis,
            @Key("Mode.") Mode mode,
            @Key("How long.") Duration cacheTtl,
            @Key("Services.") Map<String, Redis> services,
            @Key("Names.") List<String> names) {
        Daemon {
            listenAddr = listenAddr == null ? "0.0.0.0:8080" : listenAddr;
            redis = redis == null ? new Redis(null, 0, null) : redis;
            mode = mode == null ? Mode.OPTIMISTIC : mode;
            cacheTtl = cacheTtl == null ? Duration.ofHours(2) : cacheTtl;
            services = services == null ? Map.of() : Map.copyOf(services);
            names = names == null ? List.of() : List.copyOf(names);
        }
    }

    private static ConfigReader.Builder<Daemon> reader() {
        return ConfigReader.of(Daemon.class)
                .root("relayer")
                .alias("listen_address", "listen_addr")
                .alias(
                        "redis.address",
                        "redis.url",
                        v -> TextNode.valueOf("redis://" + v.textValue()))
                .environment(Map.of("REDIS_PASSWORD", "hunter2", "HOST", "db"));
    }

    private static Daemon parse(String yaml) {
        return reader().build().parse(yaml, "test.yaml").config();
    }

    private static ConfigException refused(String yaml) {
        return assertThrows(ConfigException.class, () -> parse(yaml));
    }

    @Test
    void anEmptyDocumentGivesTheDefaults() {
        assertEquals("0.0.0.0:8080", parse("").listenAddr());
        assertEquals(Duration.ofHours(2), parse("# nothing").cacheTtl());
    }

    @Test
    void bindsEveryKindOfValue() {
        Daemon daemon =
                parse(
                        """
                        listen_addr: ":9"
                        mode: eager
                        cache_ttl: 1h30m
                        names: [a, b]
                        services:
                          eth: {url: "redis://e", pool_size: 3}
                        """);
        assertEquals(":9", daemon.listenAddr());
        assertEquals(Mode.EAGER, daemon.mode());
        assertEquals(Duration.ofMinutes(90), daemon.cacheTtl());
        assertEquals(List.of("a", "b"), daemon.names());
        assertEquals(3, daemon.services().get("eth").poolSize());
    }

    @Test
    void unwrapsTheRootKey() {
        assertEquals(":1", parse("relayer:\n  listen_addr: ':1'\n").listenAddr());
    }

    @Test
    void namesTheNearestKeyOfEveryUnknownOne() {
        ConfigException e =
                refused("listen_adr: ':1'\nredis:\n  pool_sise: 1\n  zzzzzzzzzz: {a: {b: 1}}\n");
        assertEquals(
                Set.of(
                        "listen_adr: unknown key; did you mean listen_addr?",
                        "redis.pool_sise: unknown key; did you mean pool_size?",
                        "redis.zzzzzzzzzz: unknown key; remove it, or see the configuration"
                                + " reference"),
                Set.copyOf(e.problems()));
        assertTrue(e.getMessage().startsWith("test.yaml:"));
    }

    @Test
    void lenientTurnsUnknownKeysIntoWarnings() {
        var result = reader().lenient(true).build().parse("listen_adr: ':1'\n", "test.yaml");
        assertEquals(1, result.warnings().size());
        assertEquals("0.0.0.0:8080", result.config().listenAddr());
    }

    @Test
    void yamlAliasesAndMergeKeysAreCarriedOut() {
        Daemon daemon =
                reader().build()
                        .parse(
                                """
                                names: &both [a, b]
                                redis: &base {url: "redis://one", pool_size: 7}
                                services:
                                  same: *base
                                  other: {<<: *base, url: "redis://two"}
                                  first:
                                    <<: [{pool_size: 1}, {pool_size: 2, url: "redis://three"}]
                                """,
                                "test")
                        .config();
        assertEquals(List.of("a", "b"), daemon.names());
        assertEquals("redis://one", daemon.services().get("same").url());
        assertEquals("redis://two", daemon.services().get("other").url());
        assertEquals(7, daemon.services().get("other").poolSize());
        assertEquals(1, daemon.services().get("first").poolSize());
        assertEquals("redis://three", daemon.services().get("first").url());
    }

    @Test
    void aliasesThatMultiplyAreRefused() {
        StringBuilder bomb = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for (int i = 1; i < 9; i++) {
            bomb.append("a" + i + ": &a" + i + " [");
            bomb.append(("*a" + (i - 1) + ", ").repeat(9)).append("*a" + (i - 1) + "]\n");
        }
        ConfigException refused =
                assertThrows(
                        ConfigException.class, () -> reader().build().parse(bomb.toString(), "t"));
        assertTrue(refused.getMessage().contains("too large"), refused.getMessage());
        assertThrows(
                ConfigException.class,
                () -> reader().build().parse("names: &a [x, *a]", "t"),
                "one that contains itself");
    }

    @Test
    void plainScalarsAreWhatTheyLookLike() {
        Daemon daemon =
                reader().build()
                        .parse("names: [on, 0777, 12:30, 2026-01-01, 'true']", "t")
                        .config();
        assertEquals(List.of("on", "0777", "12:30", "2026-01-01", "true"), daemon.names());
    }

    @Test
    void aKeyGivenTwiceIsRefusedWithItsPlace() {
        ConfigException refused =
                assertThrows(
                        ConfigException.class,
                        () -> reader().build().parse("names: []\nnames: []\n", "t"));
        assertTrue(
                refused.getMessage().contains("Duplicate field 'names' (line 2, column 1)"),
                refused.getMessage());
    }

    record Store(
            @Key(value = "May carry a password.", fromFile = true) String url,
            @Key("Not.") String name) {}

    @Test
    void aValueThatMayCarryASecretCanBeAFile(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("url"), "redis://:pw@h:1\n");
        ConfigReader<Store> stores = ConfigReader.of(Store.class).build();
        assertEquals("redis://:pw@h:1", stores.parse("url_file: " + file, "t").config().url());
        assertThrows(ConfigException.class, () -> stores.parse("name_file: " + file, "t"));
    }

    @Test
    void aliasesMoveValuesAndRefuseContradictions() {
        assertEquals(":7", parse("listen_address: ':7'\n").listenAddr());
        assertEquals("redis://r:1", parse("redis: {address: 'r:1'}\n").redis().url());
        assertEquals(":7", parse("listen_address: ':7'\nlisten_addr: ':7'\n").listenAddr());
        ConfigException e = refused("listen_address: ':7'\nlisten_addr: ':8'\n");
        assertTrue(e.getMessage().contains("listen_address and listen_addr"), e.getMessage());
    }

    @Test
    void expandsTheEnvironment() {
        Daemon daemon = parse("redis: {url: 'redis://${HOST}:1', password: '${REDIS_PASSWORD}'}\n");
        assertEquals("redis://db:1", daemon.redis().url());
        assertEquals("hunter2", daemon.redis().password());
        assertEquals("a${HOST}", parse("listen_addr: 'a$${HOST}'\n").listenAddr());
        ConfigException e = refused("redis: {url: '${ABSENT}'}\n");
        assertTrue(e.getMessage().contains("redis.url"), e.getMessage());
        assertTrue(e.getMessage().contains("ABSENT"), e.getMessage());
    }

    @Test
    void readsSecretsFromFiles(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("password"), "s3cret\n");
        assertEquals(
                "s3cret", parse("redis: {password_file: '" + file + "'}\n").redis().password());
        assertTrue(
                refused("redis: {password_file: '" + file + "', password: x}\n")
                        .getMessage()
                        .contains("not both"));
        assertTrue(
                refused("redis: {password_file: '" + folder.resolve("no") + "'}\n")
                        .getMessage()
                        .contains("redis.password_file: the file cannot be read"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    redis: {pool_size: -1}      | redis: must not be negative
                    redis: {pool_size: many}    | redis.pool_size: expected a whole number in range
                    redis: {pool_size: 1.5}     | redis.pool_size: expected a whole number in range
                    redis: {pool_size: 9999999999} | redis
                    mode: lazy                  | mode: expected one of EAGER, OPTIMISTIC
                    cache_ttl: soon             | cache_ttl: expected a duration
                    cache_ttl: 99999999999999h  | cache_ttl: expected a duration
                    redis: text                 | redis: expected a mapping
                    names: 3                    | names: expected a list
                    [1, 2]                      | the document must be a mapping
                    "a: 1\\na: 2"               | mapping
                    """)
    void saysWhatWasExpectedAndWhere(String yaml, String message) {
        ConfigException e = refused(yaml);
        assertTrue(e.getMessage().contains(message), e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a: &x {b: 1}\nc: *x\nd: [*x, *x]\n",
                "listen_addr: [\n",
                "listen_addr: ':1'\nlisten_addr: ':2'\n",
                "\tlisten_addr: 1"
            })
    void refusesWhatIsNotPlainYaml(String yaml) {
        refused(yaml);
    }

    @Test
    void boundsDepthAndSize() {
        refused("a: " + "[".repeat(60) + "]".repeat(60));
        refused("a: " + "x".repeat(1 << 20));
    }

    @Test
    void neverRepeatsASecretInAMessage() {
        ConfigException e = refused("redis: {password: [hunter2]}\n");
        assertFalse(e.getMessage().contains("hunter2"), e.getMessage());
    }

    @Test
    void printsTheEffectiveConfigurationMasked() {
        String printed =
                ConfigPrinter.effective(
                        parse(
                                """
                                redis: {url: "redis://u:hunter2@h:1/0?x=y", password: hunter2}
                                services: {eth: {url: "redis://e"}}
                                names: ["a: b"]
                                """));
        assertFalse(printed.contains("hunter2"), printed);
        assertEquals(
                """
                listen_addr: '0.0.0.0:8080'
                redis:
                  url: 'redis://****@h:1/0?****'
                  pool_size: 0
                  password: '****'
                mode: optimistic
                cache_ttl: 2h
                services:
                  eth:
                    url: 'redis://e'
                    pool_size: 0
                names:
                  - 'a: b'
                """,
                printed);
    }

    @Test
    void whatItPrintsCanBeReadAgain() {
        Daemon daemon = parse("names: ['it''s', 'x']\nservices: {eth: {url: 'redis://e'}}\n");
        assertEquals(daemon, parse(ConfigPrinter.effective(daemon)));
    }

    @Test
    void writesTheReference() {
        String reference = ConfigPrinter.reference(parse(""));
        assertTrue(
                reference.contains("| `listen_addr` | string | `'0.0.0.0:8080'` | Address. |"),
                reference);
        assertTrue(reference.contains("| `services.<name>.pool_size` | integer |"), reference);
        assertTrue(reference.contains("| `redis.password` | string | – | Password. |"), reference);
    }
}
