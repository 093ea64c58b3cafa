package io.relayminer.provider;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A section of a configuration, read key by key by the provider it belongs to.
 *
 * <p>Every getter validates and throws {@link ProviderException} with the full path of the key,
 * what is wrong and what is wanted. Texts are never repeated in messages, nor by {@link
 * #toString()}, because they may be secrets. A key counts as known once it has been asked for:
 * {@link #finish()}, called when everything has been read, refuses those that nobody asked for.
 *
 * <p>Values are what a YAML or JSON reader makes of a document. An absent key, {@code null} and an
 * empty text are all "not given". Numbers and flags may also be given as texts, as environment
 * variables are.
 *
 * <p>Not thread-safe: it is read by one thread, in {@link Provider#create}.
 */
public final class ProviderSettings {

    private static final int MAX_SECRET_BYTES = 64 << 10;
    private static final Pattern BYTES =
            Pattern.compile("(\\d{1,18})\\s*([KMGT]I?)?B?", Pattern.CASE_INSENSITIVE);

    private final String path;
    private final Map<String, Object> values;
    private final Set<String> known = new LinkedHashSet<>();
    private final List<ProviderSettings> parts = new ArrayList<>();
    private @Nullable Consumer<String> unknownKeys;

    private ProviderSettings(String path, Map<String, Object> values) {
        this.path = path;
        this.values = values;
    }

    /**
     * A section.
     *
     * @param path where it stands, e.g. {@code transports[1]}; for messages
     * @param values by key: {@link String}, {@link Number}, {@link Boolean}, {@link List}, {@link
     *     Map} or {@code null}; copied shallowly
     */
    public static ProviderSettings of(String path, Map<String, ? extends @Nullable Object> values) {
        Map<String, Object> given = new LinkedHashMap<>();
        values.forEach(
                (key, value) -> {
                    if (value != null && !value.equals("")) {
                        given.put(key, value);
                    }
                });
        return new ProviderSettings(path, given);
    }

    /** A section in which nothing is given. */
    public static ProviderSettings empty(String path) {
        return new ProviderSettings(path, Map.of());
    }

    /** Hands unknown keys to the consumer as warnings instead of refusing them. */
    public ProviderSettings lenient(Consumer<String> warnings) {
        this.unknownKeys = warnings;
        return this;
    }

    /** Where the section stands, e.g. {@code transports[1]}. */
    public String path() {
        return path;
    }

    /** Whether the key is given; makes it a known one. */
    public boolean has(String key) {
        return value(key) != null;
    }

    /** A text that has to be given. */
    public String required(String key) {
        return optional(key).orElseThrow(() -> problem(key, "is required but not given; add it"));
    }

    /** A text that may be left out. */
    public Optional<String> optional(String key) {
        return Optional.ofNullable(value(key)).map(value -> text(key, value));
    }

    /** A text, or the fallback when it is not given. */
    public String text(String key, String fallback) {
        return optional(key).orElse(fallback);
    }

    /**
     * A secret that has to be given: the text itself, or under {@code <key>_file} the path of a
     * file of at most 64 KiB whose content without surrounding white space is the secret.
     */
    public String requiredSecret(String key) {
        return secret(key)
                .orElseThrow(
                        () ->
                                problem(
                                        key,
                                        "is required but not given; add it, or "
                                                + key
                                                + "_file with the path of a file that holds it"));
    }

    /** As {@link #requiredSecret}, for a secret that may be left out. */
    public Optional<String> secret(String key) {
        String fileKey = key + "_file";
        Optional<String> inline = optional(key);
        Optional<String> file = optional(fileKey);
        if (file.isEmpty()) {
            return inline;
        }
        if (inline.isPresent()) {
            throw problem(fileKey, "give either " + key + " or " + fileKey + ", not both");
        }
        try {
            Path secret = Path.of(file.get());
            if (Files.size(secret) > MAX_SECRET_BYTES) {
                throw problem(fileKey, "the file is too large for a secret");
            }
            return Optional.of(Files.readString(secret).strip());
        } catch (IOException | InvalidPathException e) {
            throw problem(
                    fileKey,
                    "the file cannot be read (" + e.getClass().getSimpleName() + "); check it");
        }
    }

    /** A list of texts; empty when it is not given. */
    public List<String> list(String key) {
        List<String> texts = new ArrayList<>();
        int index = 0;
        for (Object element : elements(key)) {
            texts.add(text(key + "[" + index++ + "]", element));
        }
        return List.copyOf(texts);
    }

    /** A mapping whose keys are free and whose values are texts; empty when it is not given. */
    public Map<String, String> map(String key) {
        Map<String, String> texts = new LinkedHashMap<>();
        mapping(key, value(key))
                .forEach(
                        (name, value) -> {
                            if (value != null) {
                                texts.put(name, text(key + "." + name, value));
                            }
                        });
        return Collections.unmodifiableMap(texts);
    }

    /** A duration such as {@code 90s}, {@code 2h} or {@code 1h30m}; not negative. */
    public Duration duration(String key, Duration fallback) {
        Object value = value(key);
        return value == null
                ? fallback
                : DurationText.parse(String.valueOf(value))
                        .orElseThrow(
                                () -> problem(key, "expected a duration such as 90s, 2h or 1h30m"));
    }

    /** A duration above zero. */
    public Duration positiveDuration(String key, Duration fallback) {
        Duration duration = duration(key, fallback);
        if (duration.isZero() || duration.isNegative()) {
            throw problem(key, "must be longer than zero, e.g. 90s");
        }
        return duration;
    }

    /**
     * A number of bytes: a whole number, or one with a unit. {@code KB}, {@code MB}, {@code GB} and
     * {@code TB} are powers of 1000, {@code KiB}, {@code MiB}, {@code GiB} and {@code TiB} of 1024.
     */
    public long bytes(String key, long fallback) {
        Object value = value(key);
        if (value == null) {
            return fallback;
        }
        Matcher matcher = BYTES.matcher(String.valueOf(value).strip());
        if (matcher.matches()) {
            String unit = matcher.group(2) == null ? "" : matcher.group(2).toUpperCase(Locale.ROOT);
            int power = unit.isEmpty() ? 0 : "KMGT".indexOf(unit.charAt(0)) + 1;
            try {
                long bytes = Long.parseLong(matcher.group(1));
                for (int i = 0; i < power; i++) {
                    bytes = Math.multiplyExact(bytes, unit.length() == 2 ? 1024L : 1000L);
                }
                return bytes;
            } catch (ArithmeticException e) {
                // reported below
            }
        }
        throw problem(key, "expected a number of bytes such as 65536, 64KiB or 10MB");
    }

    /** A whole number within a range, both ends included. */
    public long integer(String key, long fallback, long lowest, long highest) {
        Object value = value(key);
        if (value == null) {
            return fallback;
        }
        long number;
        try {
            number =
                    switch (value) {
                        case Integer i -> i;
                        case Long l -> l;
                        case String text -> Long.parseLong(text.strip());
                        default -> throw problem(key, "expected a whole number");
                    };
        } catch (NumberFormatException e) {
            throw problem(key, "expected a whole number");
        }
        if (number < lowest || number > highest) {
            throw problem(
                    key,
                    "must be "
                            + (highest == Long.MAX_VALUE
                                    ? "at least " + lowest
                                    : "between " + lowest + " and " + highest)
                            + ", not "
                            + number);
        }
        return number;
    }

    /** As {@link #integer(String, long, long, long)}, for what fits into an int. */
    public int integer(String key, int fallback, int lowest, int highest) {
        return (int) integer(key, (long) fallback, (long) lowest, (long) highest);
    }

    /** {@code true} or {@code false}. */
    public boolean flag(String key, boolean fallback) {
        Object value = value(key);
        if (value == null) {
            return fallback;
        }
        return switch (String.valueOf(value).strip().toLowerCase(Locale.ROOT)) {
            case "true" -> true;
            case "false" -> false;
            default -> throw problem(key, "expected true or false");
        };
    }

    /** One of some words; the fallback, which need not be one of them, when it is not given. */
    public String choice(String key, String fallback, List<String> words) {
        Optional<String> given = optional(key);
        if (given.isEmpty()) {
            return fallback;
        }
        if (words.contains(given.get())) {
            return given.get();
        }
        throw problem(key, "expected one of " + String.join(", ", words));
    }

    /** A mapping within this one; empty when it is not given. */
    public ProviderSettings section(String key) {
        return part(key, mapping(key, value(key)));
    }

    /** A list of mappings within this one; empty when it is not given. */
    public List<ProviderSettings> sections(String key) {
        List<ProviderSettings> sections = new ArrayList<>();
        int index = 0;
        for (Object element : elements(key)) {
            String elementKey = key + "[" + index++ + "]";
            sections.add(part(elementKey, mapping(elementKey, element)));
        }
        return List.copyOf(sections);
    }

    /**
     * Says that everything has been read.
     *
     * @throws ProviderException if there is a key, here or in a section that was asked for, that
     *     was never asked for; it names the nearest known one
     */
    public void finish() {
        List<String> unknown = new ArrayList<>();
        collectUnknown(unknown);
        if (unknown.isEmpty()) {
            return;
        }
        if (unknownKeys == null) {
            throw new ProviderException(String.join("\n  - ", unknown));
        }
        unknown.forEach(unknownKeys);
    }

    /**
     * An exception about one key, for what a provider checks by itself.
     *
     * @param what what is wrong and what to do, without the value if it may be a secret
     */
    public ProviderException problem(String key, String what) {
        return new ProviderException(pathOf(key) + ": " + what);
    }

    /** The path and the names of the keys, never a value. */
    @Override
    public String toString() {
        return path + values.keySet();
    }

    private void collectUnknown(List<String> unknown) {
        for (String key : values.keySet()) {
            if (!known.contains(key)) {
                unknown.add(
                        pathOf(key)
                                + ": unknown key; "
                                + NearestName.of(key, known)
                                        .map(nearest -> "did you mean " + nearest + "?")
                                        .orElse(
                                                known.isEmpty()
                                                        ? "no key is known here; remove it"
                                                        : "remove it, or use one of "
                                                                + String.join(", ", known)));
            }
        }
        parts.forEach(part -> part.collectUnknown(unknown));
    }

    private @Nullable Object value(String key) {
        known.add(key);
        return values.get(key);
    }

    private String text(String key, Object value) {
        return switch (value) {
            case String text -> text;
            case Number number -> number.toString();
            case Boolean flag -> flag.toString();
            default -> throw problem(key, "expected a text");
        };
    }

    private List<?> elements(String key) {
        return switch (value(key)) {
            case null -> List.of();
            case List<?> list -> list;
            default -> throw problem(key, "expected a list");
        };
    }

    private Map<String, @Nullable Object> mapping(String key, @Nullable Object value) {
        if (value == null) {
            return Map.of();
        }
        if (!(value instanceof Map<?, ?> map)) {
            throw problem(key, "expected a mapping");
        }
        Map<String, @Nullable Object> mapping = new LinkedHashMap<>();
        map.forEach((name, inner) -> mapping.put(String.valueOf(name), inner));
        return mapping;
    }

    private ProviderSettings part(String key, Map<String, @Nullable Object> values) {
        ProviderSettings part = of(pathOf(key), values);
        parts.add(part);
        return part;
    }

    private String pathOf(String key) {
        return path.isEmpty() ? key : path + "." + key;
    }
}
