package io.relayminer.core.redis;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/**
 * Reads JSON objects as Go's {@code encoding/json} reads them: unknown members are ignored, names
 * match without regard to case (an exact match wins), absent members and {@code null} leave the
 * zero value, and a number that does not fit its field is an error.
 */
public final class GoJsonReader {

    private static final BigInteger UNSIGNED_MAX = BigInteger.TWO.pow(64).subtract(BigInteger.ONE);

    private static final JsonMapper MAPPER =
            JsonMapper.builder(
                            com.fasterxml.jackson.core.JsonFactory.builder()
                                    .streamReadConstraints(
                                            StreamReadConstraints.builder()
                                                    .maxNestingDepth(32)
                                                    .maxStringLength(8 * 1024 * 1024)
                                                    .maxNumberLength(64)
                                                    .build())
                                    .build())
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
                    .disable(JsonParser.Feature.AUTO_CLOSE_SOURCE)
                    .build();

    private final String what;
    private final JsonNode object;

    private GoJsonReader(String what, JsonNode object) {
        this.what = what;
        this.object = object;
    }

    /** Parses a JSON object; {@code what} names the value in error messages. */
    public static GoJsonReader parse(String what, byte[] json) {
        JsonNode node;
        try {
            node = MAPPER.readTree(json);
        } catch (IOException e) {
            throw new RedisStateException.MalformedValue(what + " is not valid JSON", e);
        }
        if (node == null || !node.isObject()) {
            throw new RedisStateException.MalformedValue(what + " is not a JSON object");
        }
        return new GoJsonReader(what, node);
    }

    public static GoJsonReader of(String what, JsonNode object) {
        if (!object.isObject()) {
            throw new RedisStateException.MalformedValue(what + " is not a JSON object");
        }
        return new GoJsonReader(what, object);
    }

    public String what() {
        return what;
    }

    public JsonNode node() {
        return object;
    }

    /** The member of that name, or null when it is absent or JSON null. */
    public @Nullable JsonNode get(String name) {
        JsonNode exact = object.get(name);
        if (exact == null) {
            for (Map.Entry<String, JsonNode> member : object.properties()) {
                if (member.getKey().equalsIgnoreCase(name)) {
                    exact = member.getValue();
                }
            }
        }
        return exact == null || exact.isNull() ? null : exact;
    }

    public String string(String name) {
        JsonNode value = get(name);
        if (value == null) {
            return "";
        }
        if (!value.isTextual()) {
            throw wrong(name, "text");
        }
        return value.textValue();
    }

    public boolean bool(String name) {
        JsonNode value = get(name);
        if (value == null) {
            return false;
        }
        if (!value.isBoolean()) {
            throw wrong(name, "true or false");
        }
        return value.booleanValue();
    }

    /** A signed 64-bit integer, 0 when absent. */
    public long int64(String name) {
        JsonNode value = get(name);
        return value == null ? 0 : int64(name, value);
    }

    public long int64(String name, JsonNode value) {
        BigInteger integer = integer(name, value);
        if (integer.bitLength() > 63) {
            throw wrong(name, "a signed 64-bit integer");
        }
        return integer.longValue();
    }

    /** An unsigned 64-bit integer as its bit pattern, 0 when absent. */
    public long uint64(String name) {
        JsonNode value = get(name);
        return value == null ? 0 : uint64(name, value);
    }

    public long uint64(String name, JsonNode value) {
        BigInteger integer = integer(name, value);
        if (integer.signum() < 0 || integer.compareTo(UNSIGNED_MAX) > 0) {
            throw wrong(name, "an unsigned 64-bit integer");
        }
        return integer.longValue();
    }

    public double float64(String name) {
        JsonNode value = get(name);
        if (value == null) {
            return 0;
        }
        if (!value.isNumber()) {
            throw wrong(name, "a number");
        }
        double number = value.doubleValue();
        if (Double.isInfinite(number)) {
            throw wrong(name, "a number within the range of a double");
        }
        return number;
    }

    /** Standard base64, null when absent or null. */
    public byte @Nullable [] bytes(String name) {
        JsonNode value = get(name);
        return value == null ? null : bytes(name, value);
    }

    public byte[] bytes(String name, JsonNode value) {
        if (!value.isTextual()) {
            throw wrong(name, "base64 text");
        }
        try {
            return Base64.getDecoder().decode(value.textValue());
        } catch (IllegalArgumentException e) {
            throw wrong(name, "base64 text");
        }
    }

    /** A list of texts; null when absent or null. */
    @Nullable List<String> strings(String name) {
        JsonNode value = get(name);
        if (value == null) {
            return null;
        }
        if (!value.isArray()) {
            throw wrong(name, "a list");
        }
        List<String> texts = new ArrayList<>(value.size());
        for (JsonNode element : value) {
            if (element.isNull()) {
                texts.add("");
            } else if (element.isTextual()) {
                texts.add(element.textValue());
            } else {
                throw wrong(name, "a list of texts");
            }
        }
        return List.copyOf(texts);
    }

    private BigInteger integer(String name, JsonNode value) {
        if (value.isIntegralNumber()) {
            return value.bigIntegerValue();
        }
        if (value.isNumber()) {
            BigDecimal decimal = value.decimalValue();
            if (decimal.scale() <= 0 && decimal.precision() - decimal.scale() <= 20) {
                // Go refuses exponents for integers; so do we, except that 1e3 is harmless.
                return decimal.toBigIntegerExact();
            }
        }
        throw wrong(name, "an integer");
    }

    public RedisStateException.MalformedValue wrong(String name, String expected) {
        return new RedisStateException.MalformedValue(what + ": '" + name + "' is not " + expected);
    }
}
