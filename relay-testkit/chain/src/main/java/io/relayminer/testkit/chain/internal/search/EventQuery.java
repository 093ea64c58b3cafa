package io.relayminer.testkit.chain.internal.search;

import org.jspecify.annotations.Nullable;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A condition on events in CometBFT's query language: comparisons of a tag with a quoted text or a
 * number, joined by AND.
 *
 * <p>Events are given as a map from {@code type.attribute} to all values; a comparison holds when
 * one of the values satisfies it.
 */
public final class EventQuery {
    private enum Operator {
        EQUAL,
        LESS,
        AT_MOST,
        GREATER,
        AT_LEAST,
        CONTAINS,
        EXISTS
    }

    private record Condition(String tag, Operator operator, String value, boolean number) {
        boolean holds(Map<String, List<String>> events) {
            List<String> values = events.getOrDefault(tag, List.of());
            if (operator == Operator.EXISTS) {
                return !values.isEmpty();
            }
            return values.stream().anyMatch(this::holds);
        }

        private boolean holds(String actual) {
            if (operator == Operator.CONTAINS) {
                return actual.contains(value);
            }
            if (!number) {
                return actual.equals(value);
            }
            BigDecimal left;
            try {
                left = new BigDecimal(actual);
            } catch (NumberFormatException e) {
                return false;
            }
            int order = left.compareTo(new BigDecimal(value));
            return switch (operator) {
                case LESS -> order < 0;
                case AT_MOST -> order <= 0;
                case GREATER -> order > 0;
                case AT_LEAST -> order >= 0;
                default -> order == 0;
            };
        }
    }

    /** The text is no query; the message says where it stops making sense. */
    public static final class SyntaxException extends Exception {
        private static final long serialVersionUID = 1L;

        SyntaxException(String message) {
            super(message);
        }

        public String text() {
            return java.util.Objects.requireNonNull(getMessage());
        }
    }

    private final List<Condition> conditions;
    private final String canonical;

    private EventQuery(List<Condition> conditions) {
        this.conditions = List.copyOf(conditions);
        this.canonical = conditions.toString();
    }

    public static EventQuery parse(String text) throws SyntaxException {
        return new EventQuery(new Parser(text).conditions());
    }

    public boolean matches(Map<String, List<String>> events) {
        for (Condition condition : conditions) {
            if (!condition.holds(events)) {
                return false;
            }
        }
        return true;
    }

    /** The value of the first condition on {@code tag}, or {@code null} if there is none. */
    @Nullable String valueOf(String tag) {
        for (Condition condition : conditions) {
            if (condition.tag().equals(tag)) {
                return condition.value();
            }
        }
        return null;
    }

    /** Two queries with the same conditions are the same subscription, however they are spaced. */
    public String canonical() {
        return canonical;
    }

    private static final class Parser {
        private final String text;
        private int position;

        Parser(String text) {
            this.text = text;
        }

        List<Condition> conditions() throws SyntaxException {
            List<Condition> conditions = new ArrayList<>();
            conditions.add(condition());
            while (true) {
                space();
                if (position >= text.length()) {
                    return conditions;
                }
                if (!word().equals("AND")) {
                    throw unexpected();
                }
                conditions.add(condition());
            }
        }

        private void space() {
            while (position < text.length() && Character.isWhitespace(text.charAt(position))) {
                position++;
            }
        }

        private SyntaxException unexpected() {
            return position >= text.length()
                    ? new SyntaxException("offset " + text.length() + ": EOF")
                    : new SyntaxException("offset " + position + ": unexpected token");
        }

        private String word() {
            int from = position;
            while (position < text.length()
                    && (Character.isLetterOrDigit(text.charAt(position))
                            || "._-/".indexOf(text.charAt(position)) >= 0)) {
                position++;
            }
            return text.substring(from, position);
        }

        private Condition condition() throws SyntaxException {
            space();
            String tag = word();
            if (tag.isEmpty()) {
                throw unexpected();
            }
            space();
            Operator operator = operator();
            if (operator == Operator.EXISTS) {
                return new Condition(tag, operator, "", false);
            }
            space();
            if (position >= text.length()) {
                throw unexpected();
            }
            if (text.charAt(position) == '\'') {
                return new Condition(tag, operator, quoted(), false);
            }
            int from = position;
            String number = word();
            if (!number.matches("-?[0-9]+(\\.[0-9]+)?")) {
                position = from;
                throw unexpected();
            }
            return new Condition(tag, operator, number, true);
        }

        private Operator operator() throws SyntaxException {
            if (position >= text.length()) {
                throw unexpected();
            }
            char c = text.charAt(position);
            boolean orEqual = position + 1 < text.length() && text.charAt(position + 1) == '=';
            return switch (c) {
                case '=' -> {
                    position++;
                    yield Operator.EQUAL;
                }
                case '<' -> {
                    position += orEqual ? 2 : 1;
                    yield orEqual ? Operator.AT_MOST : Operator.LESS;
                }
                case '>' -> {
                    position += orEqual ? 2 : 1;
                    yield orEqual ? Operator.AT_LEAST : Operator.GREATER;
                }
                default -> wordOperator();
            };
        }

        private Operator wordOperator() throws SyntaxException {
            int from = position;
            String word = word();
            if (word.equals("CONTAINS")) {
                return Operator.CONTAINS;
            }
            if (word.equals("EXISTS")) {
                return Operator.EXISTS;
            }
            position = from;
            throw unexpected();
        }

        private String quoted() throws SyntaxException {
            int from = position;
            int end = text.indexOf('\'', position + 1);
            if (end < 0) {
                throw new SyntaxException("offset " + from + ": EOF");
            }
            position = end + 1;
            return text.substring(from + 1, end);
        }
    }
}
