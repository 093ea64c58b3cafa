package io.relayminer.testkit.chain.internal.rpc;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.ByteString;

import io.relayminer.testkit.chain.internal.encoding.GoJson;
import io.relayminer.testkit.chain.internal.encoding.Hashes;

import org.jspecify.annotations.Nullable;

import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/** Parameters of a JSON-RPC method: their names and types, and the values of one call. */
public final class RpcParams {
    /** How a parameter is written. */
    public enum Type {
        INT64,
        UINT64,
        BOOL,
        TEXT,
        BASE64,
        HEX
    }

    /** A declared parameter. */
    record Declared(String name, Type type) {}

    private final Map<String, Object> values = new HashMap<>();

    private RpcParams() {}

    public static List<Declared> declare(Object... namesAndTypes) {
        java.util.ArrayList<Declared> declared = new java.util.ArrayList<>();
        for (int i = 0; i < namesAndTypes.length; i += 2) {
            declared.add(new Declared((String) namesAndTypes[i], (Type) namesAndTypes[i + 1]));
        }
        return List.copyOf(declared);
    }

    /** Reads parameters of a JSON call, named or by position. */
    static RpcParams ofJson(List<Declared> declared, @Nullable JsonNode params)
            throws RpcException {
        RpcParams parsed = new RpcParams();
        if (params == null || params.isNull()) {
            return parsed;
        }
        if (params.isArray() && params.size() != declared.size()) {
            throw RpcException.invalidParams(
                    "error converting json params to arguments: expected "
                            + declared.size()
                            + " parameters, got "
                            + params.size());
        }
        for (int i = 0; i < declared.size(); i++) {
            Declared parameter = declared.get(i);
            JsonNode value = params.isArray() ? params.get(i) : params.get(parameter.name());
            if (value == null || value.isNull()) {
                continue;
            }
            try {
                parsed.values.put(parameter.name(), parseJson(parameter.type(), value));
            } catch (BadValue e) {
                throw RpcException.invalidParams(
                        "error converting json params to arguments: " + e.problem());
            }
        }
        return parsed;
    }

    /** Reads parameters of a GET request. */
    public static RpcParams ofQuery(List<Declared> declared, Map<String, String> query)
            throws RpcException {
        RpcParams parsed = new RpcParams();
        for (Declared parameter : declared) {
            String value = query.get(parameter.name());
            if (value == null || value.isEmpty()) {
                continue;
            }
            try {
                parsed.values.put(parameter.name(), parseQuery(parameter.type(), value));
            } catch (BadValue e) {
                throw RpcException.invalidParams(
                        "error converting http params to arguments: " + e.problem());
            }
        }
        return parsed;
    }

    private static final class BadValue extends Exception {
        private static final long serialVersionUID = 1L;

        BadValue(String problem) {
            super(problem);
        }

        String problem() {
            return java.util.Objects.requireNonNull(getMessage());
        }
    }

    private static Object parseJson(Type type, JsonNode value) throws BadValue {
        return switch (type) {
            case INT64 -> {
                if (!value.isTextual()) {
                    throw notInteger(value.toString());
                }
                yield integerInText(value.textValue());
            }
            case UINT64 -> notNegative((Long) parseJson(Type.INT64, value));
            case BOOL -> {
                if (!value.isBoolean()) {
                    throw new BadValue(
                            "json: cannot unmarshal "
                                    + kind(value)
                                    + " into Go value of type bool");
                }
                yield value.booleanValue();
            }
            case TEXT -> {
                if (!value.isTextual()) {
                    throw new BadValue(
                            "json: cannot unmarshal "
                                    + kind(value)
                                    + " into Go value of type string");
                }
                yield value.textValue();
            }
            case BASE64 -> {
                if (!value.isTextual()) {
                    throw new BadValue(
                            "json: cannot unmarshal "
                                    + kind(value)
                                    + " into Go value of type []uint8");
                }
                yield base64(value.textValue());
            }
            case HEX -> {
                if (!value.isTextual()) {
                    throw new BadValue(
                            "json: cannot unmarshal "
                                    + kind(value)
                                    + " into Go value of type string");
                }
                yield hex(value.textValue());
            }
        };
    }

    private static String kind(JsonNode value) {
        return switch (value.getNodeType()) {
            case NUMBER -> "number";
            case BOOLEAN -> "bool";
            case STRING -> "string";
            case ARRAY -> "array";
            default -> "object";
        };
    }

    private static BadValue notInteger(String raw) {
        return new BadValue("invalid 64-bit integer encoding \"" + raw + "\", expected string");
    }

    private static Long notNegative(Long value) throws BadValue {
        if (value < 0) {
            throw new BadValue(
                    "json: cannot unmarshal number " + value + " into Go value of type uint");
        }
        return value;
    }

    private static Long integerInText(String text) throws BadValue {
        if (text.matches("-?(0|[1-9][0-9]*)")) {
            try {
                return Long.parseLong(text);
            } catch (NumberFormatException e) {
                throw new BadValue(
                        "json: cannot unmarshal number " + text + " into Go value of type int64");
            }
        }
        try {
            GoJson.parse(text, "unexpected end of JSON input");
        } catch (GoJson.SyntaxException e) {
            throw new BadValue(e.text());
        }
        throw new BadValue("json: cannot unmarshal into Go value of type int64");
    }

    private static Object parseQuery(Type type, String value) throws BadValue {
        boolean quoted = value.length() >= 2 && value.startsWith("\"") && value.endsWith("\"");
        String bare = quoted ? value.substring(1, value.length() - 1) : value;
        return switch (type) {
            case INT64 -> {
                if (!bare.matches("-?[0-9]+")) {
                    throw notInteger(value);
                }
                yield integerInText(bare);
            }
            case UINT64 -> notNegative((Long) parseQuery(Type.INT64, value));
            case BOOL -> bare.equals("true") || bare.equals("1");
            case TEXT -> textOrHex(value, quoted).toStringUtf8();
            case BASE64, HEX -> textOrHex(value, quoted);
        };
    }

    /** A query string writes texts and bytes alike: as hexadecimal, or as a JSON string. */
    private static ByteString textOrHex(String value, boolean quoted) throws BadValue {
        if (value.startsWith("0x") || value.startsWith("0X")) {
            return hex(value.substring(2));
        }
        if (!quoted) {
            throw notJson(value);
        }
        try {
            return ByteString.copyFromUtf8(
                    GoJson.parse(value, "unexpected end of JSON input").textValue());
        } catch (GoJson.SyntaxException e) {
            throw new BadValue(e.text());
        }
    }

    private static BadValue notJson(String value) {
        return new BadValue(
                "invalid character '" + value.charAt(0) + "' looking for beginning of value");
    }

    private static ByteString hex(String text) throws BadValue {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.digit(c, 16) < 0 || c > 'f') {
                throw new BadValue(Hashes.hexProblem(c));
            }
        }
        if (text.length() % 2 != 0) {
            throw new BadValue("encoding/hex: odd length hex string");
        }
        return ByteString.copyFrom(HexFormat.of().parseHex(text));
    }

    private static ByteString base64(String text) throws BadValue {
        int inQuantum = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean digit = c < 128 && (Character.isLetterOrDigit(c) || c == '+' || c == '/');
            boolean padding = c == '=' && inQuantum >= 2;
            if (!digit && !padding) {
                throw new BadValue("illegal base64 data at input byte " + i);
            }
            inQuantum = (inQuantum + 1) % 4;
        }
        if (inQuantum != 0) {
            throw new BadValue("illegal base64 data at input byte " + (text.length() - inQuantum));
        }
        try {
            return ByteString.copyFrom(java.util.Base64.getDecoder().decode(text));
        } catch (IllegalArgumentException e) {
            throw new BadValue("illegal base64 data at input byte " + (text.length() - 1));
        }
    }

    boolean has(String name) {
        return values.containsKey(name);
    }

    boolean isEmpty() {
        return values.isEmpty();
    }

    long integer(String name, long absent) {
        return values.get(name) instanceof Long value ? value : absent;
    }

    public String text(String name) {
        return values.get(name) instanceof String value ? value : "";
    }

    ByteString bytes(String name) {
        return values.get(name) instanceof ByteString value ? value : ByteString.EMPTY;
    }

    boolean flag(String name) {
        return Boolean.TRUE.equals(values.get(name));
    }
}
