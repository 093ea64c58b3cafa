package io.relayminer.testkit.chain.internal.encoding;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

/**
 * JSON as a Go program reads it: the same texts accepted, and for others the same words of
 * complaint, which a node passes on to its clients.
 */
public final class GoJson {
    public static final ObjectMapper MAPPER = new ObjectMapper();

    private static final int MAX_DEPTH = 500;

    private GoJson() {}

    /** The text is no JSON; the message is Go's. */
    public static final class SyntaxException extends Exception {
        private static final long serialVersionUID = 1L;

        SyntaxException(String message) {
            super(message);
        }

        public String text() {
            return java.util.Objects.requireNonNull(getMessage());
        }
    }

    /**
     * Parses one value.
     *
     * @param endOfInput what to say when the text ends too early: {@code unexpected EOF} for
     *     streams, {@code unexpected end of JSON input} for complete texts
     */
    public static JsonNode parse(String text, String endOfInput) throws SyntaxException {
        Scanner scanner = new Scanner(text, endOfInput);
        scanner.space();
        scanner.value("looking for beginning of value", 0);
        scanner.space();
        if (scanner.position < text.length()) {
            throw scanner.unexpected("after top-level value");
        }
        try {
            return MAPPER.readTree(text);
        } catch (JsonProcessingException e) {
            throw new SyntaxException(endOfInput);
        }
    }

    private static final class Scanner {
        private final String text;
        private final String endOfInput;
        private int position;

        Scanner(String text, String endOfInput) {
            this.text = text;
            this.endOfInput = endOfInput;
        }

        void space() {
            while (position < text.length() && " \t\r\n".indexOf(text.charAt(position)) >= 0) {
                position++;
            }
        }

        char next() throws SyntaxException {
            if (position >= text.length()) {
                throw new SyntaxException(endOfInput);
            }
            return text.charAt(position);
        }

        SyntaxException unexpected(String where) throws SyntaxException {
            return new SyntaxException("invalid character " + quoted(next()) + " " + where);
        }

        private static String quoted(char c) {
            return switch (c) {
                case '\'' -> "'\\''";
                case '"' -> "'\"'";
                default -> "'" + c + "'";
            };
        }

        void value(String where, int depth) throws SyntaxException {
            if (depth > MAX_DEPTH) {
                throw new SyntaxException("exceeded max depth");
            }
            char c = next();
            if (c == '{') {
                object(depth);
            } else if (c == '[') {
                array(depth);
            } else if (c == '"') {
                string();
            } else if (c == '-' || (c >= '0' && c <= '9')) {
                number();
            } else if (c == 't') {
                literal("true");
            } else if (c == 'f') {
                literal("false");
            } else if (c == 'n') {
                literal("null");
            } else {
                throw unexpected(where);
            }
        }

        private void object(int depth) throws SyntaxException {
            position++;
            space();
            if (next() == '}') {
                position++;
                return;
            }
            while (true) {
                space();
                if (next() != '"') {
                    throw unexpected("looking for beginning of object key string");
                }
                string();
                space();
                if (next() != ':') {
                    throw unexpected("after object key");
                }
                position++;
                space();
                value("looking for beginning of value", depth + 1);
                space();
                char c = next();
                if (c != ',' && c != '}') {
                    throw unexpected("after object key:value pair");
                }
                position++;
                if (c == '}') {
                    return;
                }
            }
        }

        private void array(int depth) throws SyntaxException {
            position++;
            space();
            if (next() == ']') {
                position++;
                return;
            }
            while (true) {
                space();
                value("looking for beginning of value", depth + 1);
                space();
                char c = next();
                if (c != ',' && c != ']') {
                    throw unexpected("after array element");
                }
                position++;
                if (c == ']') {
                    return;
                }
            }
        }

        private void string() throws SyntaxException {
            position++;
            while (true) {
                char c = next();
                position++;
                if (c == '"') {
                    return;
                }
                if (c == '\\') {
                    if ("\"\\/bfnrtu".indexOf(next()) < 0) {
                        throw unexpected("in string escape code");
                    }
                    position++;
                } else if (c < 0x20) {
                    position--;
                    throw unexpected("in string literal");
                }
            }
        }

        private void number() throws SyntaxException {
            if (next() == '-') {
                position++;
                char c = next();
                if (c < '0' || c > '9') {
                    throw unexpected("in numeric literal");
                }
            }
            while (position < text.length()
                    && "0123456789+-.eE".indexOf(text.charAt(position)) >= 0) {
                position++;
            }
        }

        private void literal(String word) throws SyntaxException {
            for (int i = 0; i < word.length(); i++) {
                if (next() != word.charAt(i)) {
                    throw unexpected(
                            "in literal " + word + " (expecting '" + word.charAt(i) + "')");
                }
                position++;
            }
        }
    }
}
