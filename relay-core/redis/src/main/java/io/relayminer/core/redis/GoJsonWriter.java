package io.relayminer.core.redis;

import org.jspecify.annotations.Nullable;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;

/**
 * Prints JSON exactly as Go's {@code encoding/json} prints it: members in the order they are
 * written, no spaces, {@code <}, {@code >} and {@code &} escaped, floats in their shortest form.
 * Readers do not need any of this, but it makes our values indistinguishable from those of other
 * processes, so that a byte comparison of two fleets is meaningful.
 *
 * <p>Not safe for use by several threads at once.
 */
public final class GoJsonWriter {

    private static final char[] HEX = "0123456789abcdef".toCharArray();

    private final StringBuilder out = new StringBuilder(256);
    private boolean needComma;

    public GoJsonWriter beginObject() {
        separate();
        out.append('{');
        needComma = false;
        return this;
    }

    public GoJsonWriter endObject() {
        out.append('}');
        needComma = true;
        return this;
    }

    public GoJsonWriter beginArray() {
        separate();
        out.append('[');
        needComma = false;
        return this;
    }

    public GoJsonWriter endArray() {
        out.append(']');
        needComma = true;
        return this;
    }

    public GoJsonWriter name(String name) {
        separate();
        quote(name);
        out.append(':');
        needComma = false;
        return this;
    }

    public GoJsonWriter value(String value) {
        separate();
        quote(value);
        needComma = true;
        return this;
    }

    public GoJsonWriter value(long value) {
        separate();
        out.append(value);
        needComma = true;
        return this;
    }

    public GoJsonWriter unsigned(long value) {
        separate();
        out.append(Long.toUnsignedString(value));
        needComma = true;
        return this;
    }

    public GoJsonWriter value(boolean value) {
        separate();
        out.append(value);
        needComma = true;
        return this;
    }

    public GoJsonWriter value(double value) {
        separate();
        out.append(formatFloat(value));
        needComma = true;
        return this;
    }

    public GoJsonWriter base64(byte @Nullable [] value) {
        if (value == null) {
            return nil();
        }
        separate();
        out.append('"').append(Base64.getEncoder().encodeToString(value)).append('"');
        needComma = true;
        return this;
    }

    public GoJsonWriter nil() {
        separate();
        out.append("null");
        needComma = true;
        return this;
    }

    public GoJsonWriter strings(@Nullable List<String> values) {
        if (values == null) {
            return nil();
        }
        beginArray();
        for (String value : values) {
            value(value);
        }
        return endArray();
    }

    public byte[] toBytes() {
        return out.toString().getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public String toString() {
        return out.toString();
    }

    private void separate() {
        if (needComma) {
            out.append(',');
        }
    }

    /** Shortest decimal that reads back as the same double; exponent below 1e-6 and from 1e21. */
    public static String formatFloat(double value) {
        if (Double.isNaN(value) || Double.isInfinite(value)) {
            throw new RedisStateException.MalformedValue("JSON cannot hold the number " + value);
        }
        if (value == 0) {
            return 1 / value < 0 ? "-0" : "0";
        }
        BigDecimal shortest = new BigDecimal(Double.toString(value)).stripTrailingZeros();
        double magnitude = Math.abs(value);
        if (magnitude >= 1e-6 && magnitude < 1e21) {
            return shortest.toPlainString();
        }
        String digits = shortest.unscaledValue().abs().toString();
        int exponent = digits.length() - 1 - shortest.scale();
        StringBuilder text = new StringBuilder();
        if (value < 0) {
            text.append('-');
        }
        text.append(digits.charAt(0));
        if (digits.length() > 1) {
            text.append('.').append(digits, 1, digits.length());
        }
        text.append('e').append(exponent < 0 ? '-' : '+').append(Math.abs(exponent));
        return text.toString();
    }

    private void quote(String value) {
        out.append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\b' -> out.append("\\b");
                case '\f' -> out.append("\\f");
                case '<', '>', '&', '\u2028', '\u2029' -> unicode(c);
                default -> {
                    if (c < ' ') {
                        unicode(c);
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }

    private void unicode(char c) {
        out.append("\\u");
        for (int shift = 12; shift >= 0; shift -= 4) {
            out.append(HEX[(c >> shift) & 0xf]);
        }
    }
}
