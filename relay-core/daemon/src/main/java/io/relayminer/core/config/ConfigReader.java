package io.relayminer.core.config;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.deser.DeserializationProblemHandler;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.ValueInstantiationException;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.fasterxml.jackson.databind.type.LogicalType;

import io.relayminer.provider.DurationText;
import io.relayminer.provider.NearestName;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads a YAML document into a record, strictly.
 *
 * <p>Record components are keys in snake case. An absent key arrives as {@code null} (or zero, for
 * a primitive): the record's compact constructor puts the default in its place and refuses a bad
 * value with {@link IllegalArgumentException}, to which the reader adds the path. An unknown key is
 * an error that names the nearest known one; every unknown key of the document is reported at once.
 *
 * <p>Before binding, in this order: a single root mapping named {@link Builder#root} is unwrapped;
 * {@code ${NAME}} inside a string is replaced by the environment variable (absent: an error;
 * doubling the dollar sign keeps the text as it is); {@code <secret>_file} is replaced by the
 * content of the file; the {@link Builder#rewrite rewrites} translate older layouts.
 *
 * <p>Documents are bounded: 1 MiB, depth 50, no aliases of collections. Instances are immutable and
 * thread-safe.
 */
public final class ConfigReader<T> {

    private static final int MAX_DOCUMENT_BYTES = 1 << 20;
    private static final int MAX_SECRET_BYTES = 64 << 10;
    private static final Pattern VARIABLE =
            Pattern.compile("\\$(\\$\\{)|\\$\\{([A-Za-z_][A-Za-z0-9_]*)}");

    private final Class<T> type;
    private final @Nullable String root;
    private final List<UnaryOperator<ObjectNode>> rewrites;
    private final UnaryOperator<@Nullable String> environment;
    private final boolean lenient;

    private ConfigReader(Builder<T> builder) {
        this.type = builder.type;
        this.root = builder.root;
        this.rewrites = List.copyOf(builder.rewrites);
        this.environment = builder.environment;
        this.lenient = builder.lenient;
    }

    /** A configuration and what was worth a warning while reading it. */
    public record Result<T>(T config, List<String> warnings) {}

    /** Begins a reader for the record type. */
    public static <T> Builder<T> of(Class<T> type) {
        return new Builder<>(type);
    }

    /**
     * Reads a file.
     *
     * @throws ConfigException if the file cannot be read or its content cannot be used
     */
    public Result<T> read(Path file) {
        byte[] content;
        try {
            if (Files.size(file) > MAX_DOCUMENT_BYTES) {
                throw problem(
                        file.toString(),
                        "the file is larger than " + MAX_DOCUMENT_BYTES + " bytes");
            }
            content = Files.readAllBytes(file);
        } catch (IOException e) {
            throw problem(
                    file.toString(),
                    "the file cannot be read (" + e.getClass().getSimpleName() + ")");
        }
        return parse(new String(content, StandardCharsets.UTF_8), file.toString());
    }

    /**
     * Reads a document.
     *
     * @param source the name of the document in messages
     * @throws ConfigException if the content cannot be used
     */
    public Result<T> parse(String yaml, String source) {
        if (yaml.length() > MAX_DOCUMENT_BYTES) {
            throw problem(
                    source, "the document is larger than " + MAX_DOCUMENT_BYTES + " characters");
        }
        ObjectNode tree = tree(yaml, source);
        List<String> problems = new ArrayList<>();
        List<String> warnings = new ArrayList<>();
        expand(tree, "", problems);
        readSecretFiles(tree, Secrets.namesIn(type), "", problems);
        if (!problems.isEmpty()) {
            throw new ConfigException(source, problems);
        }
        for (UnaryOperator<ObjectNode> rewrite : rewrites) {
            try {
                tree = rewrite.apply(tree);
            } catch (IllegalArgumentException e) {
                throw problem(source, String.valueOf(e.getMessage()));
            }
        }
        T config = bind(tree, source, lenient ? warnings : problems);
        if (!problems.isEmpty()) {
            throw new ConfigException(source, problems);
        }
        return new Result<>(config, List.copyOf(warnings));
    }

    private ObjectNode tree(String yaml, String source) {
        JsonNode document;
        try {
            document = YamlDocument.parse(yaml, MAX_DOCUMENT_BYTES);
        } catch (IllegalArgumentException e) {
            throw problem(source, "not valid YAML: " + e.getMessage());
        }
        if (document == null || document.isNull() || document.isMissingNode()) {
            return ConfigMapper.plain().createObjectNode();
        }
        if (!(document instanceof ObjectNode object)) {
            throw problem(source, "the document must be a mapping of keys to values");
        }
        if (root != null && object.size() == 1 && object.get(root) instanceof ObjectNode inner) {
            return inner;
        }
        return object;
    }

    private void expand(JsonNode node, String path, List<String> problems) {
        if (node instanceof ObjectNode object) {
            for (String name : names(object)) {
                JsonNode child = object.get(name);
                if (child.isTextual()) {
                    object.set(name, expanded(child.textValue(), join(path, name), problems));
                } else {
                    expand(child, join(path, name), problems);
                }
            }
        } else if (node instanceof ArrayNode array) {
            for (int i = 0; i < array.size(); i++) {
                JsonNode child = array.get(i);
                if (child.isTextual()) {
                    array.set(i, expanded(child.textValue(), path + "[" + i + "]", problems));
                } else {
                    expand(child, path + "[" + i + "]", problems);
                }
            }
        }
    }

    private TextNode expanded(String text, String path, List<String> problems) {
        Matcher matcher = VARIABLE.matcher(text);
        StringBuilder out = new StringBuilder();
        while (matcher.find()) {
            String name = matcher.group(2);
            if (name == null) {
                matcher.appendReplacement(out, Matcher.quoteReplacement("${"));
                continue;
            }
            String value = environment.apply(name);
            if (value == null) {
                problems.add(
                        path
                                + ": the environment variable "
                                + name
                                + " is not set; set it, or write $${ for a literal ${");
                value = "";
            }
            matcher.appendReplacement(out, Matcher.quoteReplacement(value));
        }
        return TextNode.valueOf(matcher.appendTail(out).toString());
    }

    private static void readSecretFiles(
            JsonNode node, Collection<String> secrets, String path, List<String> problems) {
        if (node instanceof ArrayNode array) {
            for (int i = 0; i < array.size(); i++) {
                readSecretFiles(array.get(i), secrets, path + "[" + i + "]", problems);
            }
            return;
        }
        if (!(node instanceof ObjectNode object)) {
            return;
        }
        for (String name : names(object)) {
            String secret = name.endsWith("_file") ? name.substring(0, name.length() - 5) : "";
            if (!secrets.contains(secret)) {
                readSecretFiles(object.get(name), secrets, join(path, name), problems);
                continue;
            }
            if (object.has(secret)) {
                problems.add(
                        join(path, name)
                                + ": give either "
                                + secret
                                + " or "
                                + name
                                + ", not both");
                continue;
            }
            Path file = Path.of(object.get(name).asText());
            try {
                if (Files.size(file) > MAX_SECRET_BYTES) {
                    problems.add(join(path, name) + ": the file is too large for a secret");
                    continue;
                }
                object.put(secret, Files.readString(file).strip());
                object.remove(name);
            } catch (IOException e) {
                problems.add(
                        join(path, name)
                                + ": the file cannot be read ("
                                + e.getClass().getSimpleName()
                                + ")");
            }
        }
    }

    private T bind(ObjectNode tree, String source, List<String> unknown) {
        ObjectMapper mapper = ConfigMapper.plain();
        mapper.addHandler(
                new DeserializationProblemHandler() {
                    @Override
                    public boolean handleUnknownProperty(
                            DeserializationContext context,
                            JsonParser parser,
                            JsonDeserializer<?> deserializer,
                            Object beanOrClass,
                            String name)
                            throws IOException {
                        // Inside the skipped value nothing else can be judged.
                        String path = join(path(parser), name);
                        Collection<Object> known = deserializer.getKnownPropertyNames();
                        unknown.add(unknownKey(path, name, known));
                        parser.skipChildren();
                        return true;
                    }
                });
        try {
            return mapper.treeToValue(tree, type);
        } catch (JsonMappingException e) {
            String path = path(e);
            String what =
                    e instanceof ValueInstantiationException && e.getCause() != null
                            ? String.valueOf(e.getCause().getMessage())
                            : e instanceof MismatchedInputException mismatch
                                    ? expectation(mismatch)
                                    : "the value cannot be used";
            throw problem(source, path.isEmpty() ? what : path + ": " + what);
        } catch (JsonProcessingException e) {
            throw problem(source, "the document cannot be read");
        }
    }

    private static String unknownKey(String path, String name, @Nullable Collection<Object> known) {
        List<String> names =
                known == null ? List.of() : known.stream().map(Object::toString).toList();
        return path
                + ": unknown key; "
                + NearestName.of(name, names)
                        .map(nearest -> "did you mean " + nearest + "?")
                        .orElse("remove it, or see the configuration reference");
    }

    /** Never repeats the value: it may be a secret. */
    private static String expectation(MismatchedInputException e) {
        Class<?> target = e.getTargetType();
        if (target == null) {
            return "the value has the wrong type";
        }
        String wanted =
                switch (target.getSimpleName()) {
                    case "int", "Integer", "long", "Long" -> "a whole number in range";
                    case "double", "Double" -> "a number";
                    case "boolean", "Boolean" -> "true or false";
                    case "Duration" -> "a duration such as 90s, 2h or 1h30m";
                    case "String" -> "a text";
                    case "List", "ArrayList" -> "a list";
                    default -> target.isEnum() ? "one of " + enumNames(target) : "a mapping";
                };
        return "expected " + wanted;
    }

    private static String enumNames(Class<?> type) {
        List<String> names = new ArrayList<>();
        for (Object constant : type.getEnumConstants()) {
            names.add(constant.toString());
        }
        return String.join(", ", names);
    }

    private static String path(JsonMappingException e) {
        StringBuilder path = new StringBuilder();
        for (JsonMappingException.Reference reference : e.getPath()) {
            if (reference.getFieldName() != null) {
                path.append(path.isEmpty() ? "" : ".").append(reference.getFieldName());
            } else {
                path.append('[').append(reference.getIndex()).append(']');
            }
        }
        return path.toString();
    }

    private static String path(JsonParser parser) {
        String pointer = parser.getParsingContext().pathAsPointer().toString();
        int last = pointer.lastIndexOf('/');
        return last <= 0 ? "" : pointer.substring(1, last).replace('/', '.');
    }

    private static String join(String path, String name) {
        return path.isEmpty() ? name : path + "." + name;
    }

    private static List<String> names(ObjectNode object) {
        List<String> names = new ArrayList<>();
        object.fieldNames().forEachRemaining(names::add);
        return names;
    }

    private static ConfigException problem(String source, String what) {
        return new ConfigException(source, List.of(what));
    }

    /** Collects what a reader needs. Not thread-safe. */
    public static final class Builder<T> {

        private final Class<T> type;
        private final List<UnaryOperator<ObjectNode>> rewrites = new ArrayList<>();
        private @Nullable String root;
        private UnaryOperator<@Nullable String> environment =
                name -> name == null ? null : System.getenv(name);
        private boolean lenient;

        private Builder(Class<T> type) {
            this.type = type;
        }

        /** Unwraps a document whose only key is this one. */
        public Builder<T> root(String name) {
            this.root = name;
            return this;
        }

        /**
         * Accepts the value at {@code from} as if it stood at {@code to} (dotted paths). Both given
         * with different values is an error that names both.
         */
        public Builder<T> alias(String from, String to) {
            return alias(from, to, UnaryOperator.identity());
        }

        /** As {@link #alias(String, String)}, translating the value. */
        public Builder<T> alias(String from, String to, UnaryOperator<JsonNode> translate) {
            return rewrite(tree -> Paths.move(tree, from, to, translate));
        }

        /**
         * Adds a translation of the whole document, applied in order of addition; it may throw
         * {@link IllegalArgumentException} with a message for the operator.
         */
        public Builder<T> rewrite(UnaryOperator<ObjectNode> rewrite) {
            rewrites.add(rewrite);
            return this;
        }

        /** Where {@code ${NAME}} is looked up; the process environment unless set. */
        public Builder<T> environment(Map<String, String> variables) {
            Map<String, String> copy = Map.copyOf(variables);
            this.environment = name -> name == null ? null : copy.get(name);
            return this;
        }

        /** Turns unknown keys into warnings. */
        public Builder<T> lenient(boolean value) {
            this.lenient = value;
            return this;
        }

        public ConfigReader<T> build() {
            return new ConfigReader<>(this);
        }
    }

    /** Jackson set up for configuration records. */
    static final class ConfigMapper {

        private ConfigMapper() {}

        static ObjectMapper plain() {
            ObjectMapper mapper =
                    com.fasterxml.jackson.databind.json.JsonMapper.builder()
                            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
                            .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
                            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
                            .addModule(
                                    new SimpleModule()
                                            .addDeserializer(Duration.class, new Durations()))
                            .build();
            mapper.coercionConfigFor(LogicalType.Boolean)
                    .setCoercion(CoercionInputShape.Integer, CoercionAction.Fail);
            return mapper;
        }
    }

    /** Durations as {@code 2h}, {@code 90s}, {@code 1h30m}, {@code 250ms}. */
    private static final class Durations extends JsonDeserializer<Duration> {

        @Override
        public Duration deserialize(JsonParser parser, DeserializationContext context)
                throws IOException {
            Optional<Duration> duration = DurationText.parse(parser.getValueAsString(""));
            if (duration.isEmpty()) {
                throw MismatchedInputException.from(parser, Duration.class, "duration");
            }
            return duration.get();
        }
    }
}
