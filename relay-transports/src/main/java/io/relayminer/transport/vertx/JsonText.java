package io.relayminer.transport.vertx;

import java.util.Locale;
import java.util.Map;

/** Renders the JSON object of a refusal; one flat object of strings needs no library. */
final class JsonText {

    private JsonText() {}

    /** {@code {"error":"<message>"}} with further members, without spaces or a newline. */
    static String error(String message, Map<String, String> details) {
        StringBuilder out = new StringBuilder(message.length() + 32).append("{\"error\":");
        string(out, message);
        details.forEach(
                (name, value) -> {
                    out.append(',');
                    string(out, name);
                    out.append(':');
                    string(out, value);
                });
        return out.append('}').toString();
    }

    private static void string(StringBuilder out, String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"', '\\' -> out.append('\\').append(c);
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                    if (c < 0x20 || Character.isSurrogate(c)) {
                        escape(out, text, i);
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }

    /** Control characters, and surrogates, of which lone ones have no UTF-8 form. */
    private static void escape(StringBuilder out, String text, int i) {
        out.append(String.format(Locale.ROOT, "\\u%04x", (int) text.charAt(i)));
    }
}
