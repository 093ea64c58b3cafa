package io.relayminer.core.config;

import org.jspecify.annotations.Nullable;

import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** Prints a configuration record: the effective values, and the reference page of its keys. */
public final class ConfigPrinter {

    private static final String MASK = "****";
    private static final Pattern URL = Pattern.compile("[a-zA-Z][a-zA-Z0-9+.-]*://\\S+");
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_./][A-Za-z0-9_./@+-]*");

    private ConfigPrinter() {}

    /** The record as YAML with every value in force; secrets and user-info of URLs are masked. */
    public static String effective(Record config) {
        StringBuilder out = new StringBuilder();
        print(config, "", out);
        return out.toString();
    }

    /**
     * The keys below the record as a Markdown table: key, type, default, meaning.
     *
     * @param defaults the record that an empty document gives, from which the defaults are read;
     *     its absent parts are described by their types
     */
    public static String reference(Record defaults) {
        StringBuilder out =
                new StringBuilder("| key | type | default | meaning |\n|---|---|---|---|\n");
        describe(defaults.getClass(), defaults, "", out);
        return out.toString();
    }

    /** Masks the user-info and the query of a URL; other texts are returned as they are. */
    public static String maskUrl(String text) {
        if (!URL.matcher(text).matches()) {
            return text;
        }
        int authority = text.indexOf("://") + 3;
        int end = authority;
        while (end < text.length() && "/?#".indexOf(text.charAt(end)) < 0) {
            end++;
        }
        int at = text.lastIndexOf('@', end - 1);
        String host =
                at >= authority ? MASK + text.substring(at, end) : text.substring(authority, end);
        String rest = text.substring(end);
        int query = rest.indexOf('?');
        if (query >= 0) {
            rest = rest.substring(0, query) + "?" + MASK;
        }
        return text.substring(0, authority) + host + rest;
    }

    private static void print(Record value, String indent, StringBuilder out) {
        for (RecordComponent component : value.getClass().getRecordComponents()) {
            Object member = read(value, component);
            Key key = component.getAnnotation(Key.class);
            String name = Secrets.keyName(component);
            if (key != null && key.secret() && member != null) {
                out.append(indent).append(name).append(": '").append(MASK).append("'\n");
            } else {
                printMember(name, member, indent, out);
            }
        }
    }

    private static void printMember(
            String name, @Nullable Object member, String indent, StringBuilder out) {
        if (member == null) {
            return;
        }
        out.append(indent).append(quoteKey(name)).append(':');
        switch (member) {
            case ProviderSection section -> print(section, indent + "  ", out.append('\n'));
            case Record record -> print(record, indent + "  ", out.append('\n'));
            case Map<?, ?> map when map.isEmpty() -> out.append(" {}\n");
            case Map<?, ?> map -> {
                out.append('\n');
                for (String key : new TreeSet<>(names(map))) {
                    printMember(key, map.get(key), indent + "  ", out);
                }
            }
            case Collection<?> list when list.isEmpty() -> out.append(" []\n");
            case Collection<?> list -> {
                out.append('\n');
                list.forEach(item -> printItem(item, indent, out));
            }
            default -> out.append(' ').append(scalar(member)).append('\n');
        }
    }

    /** An item of a list: the first line of a section stands behind the dash. */
    private static void printItem(Object item, String indent, StringBuilder out) {
        StringBuilder inner = new StringBuilder();
        switch (item) {
            case ProviderSection section -> print(section, indent + "    ", inner);
            case Record record -> print(record, indent + "    ", inner);
            default -> {}
        }
        out.append(indent).append("  - ");
        if (inner.isEmpty()) {
            out.append(scalar(item)).append('\n');
        } else {
            out.append(inner, indent.length() + 4, inner.length());
        }
    }

    /** Which values of a plug-in are secrets only the plug-in knows: all texts are masked. */
    private static void print(ProviderSection section, String indent, StringBuilder out) {
        printMember("type", section.type(), indent, out);
        section.values().forEach((key, value) -> printMember(key, masked(value), indent, out));
    }

    private static @Nullable Object masked(@Nullable Object value) {
        return switch (value) {
            case null -> null;
            case Number number -> number;
            case Boolean flag -> flag;
            case Map<?, ?> map -> {
                Map<String, @Nullable Object> inner = new TreeMap<>();
                map.forEach((key, each) -> inner.put(String.valueOf(key), masked(each)));
                yield inner;
            }
            case Collection<?> list -> list.stream().map(each -> MASK).toList();
            default -> MASK;
        };
    }

    private static void describe(
            Class<?> type, @Nullable Object value, String path, StringBuilder out) {
        for (RecordComponent component : type.getRecordComponents()) {
            Key key = component.getAnnotation(Key.class);
            String name = path + Secrets.keyName(component);
            Object member = value == null ? null : read(value, component);
            Class<?> element = recordIn(component.getGenericType());
            boolean direct = component.getType().isRecord();
            if (key != null) {
                out.append("| `").append(name).append("` | ");
                out.append(typeName(component.getGenericType())).append(" | ");
                out.append(
                                member == null || direct || key.secret()
                                        ? "–"
                                        : "`" + oneLine(member) + "`")
                        .append(" | ");
                out.append(key.value().replace("|", "\\|")).append(" |\n");
            }
            if (element != null) {
                String below = direct ? name + "." : name + (isMap(component) ? ".<name>." : "[].");
                describe(element, direct ? member : null, below, out);
            }
        }
    }

    private static boolean isMap(RecordComponent component) {
        return Map.class.isAssignableFrom(component.getType());
    }

    private static @Nullable Class<?> recordIn(Type type) {
        if (type instanceof Class<?> raw) {
            return raw.isRecord() ? raw : null;
        }
        if (type instanceof ParameterizedType generic) {
            Type[] arguments = generic.getActualTypeArguments();
            return recordIn(arguments[arguments.length - 1]);
        }
        return null;
    }

    private static String typeName(Type type) {
        if (type instanceof ParameterizedType generic) {
            Type[] arguments = generic.getActualTypeArguments();
            String element = typeName(arguments[arguments.length - 1]);
            return (arguments.length == 2 ? "map of " : "list of ") + element;
        }
        Class<?> raw = (Class<?>) type;
        if (raw.isRecord() || raw == ProviderSection.class) {
            return "section";
        }
        if (raw.isEnum()) {
            List<String> names = new ArrayList<>();
            for (Object constant : raw.getEnumConstants()) {
                names.add(constant.toString().toLowerCase(Locale.ROOT));
            }
            return String.join(" \\| ", names);
        }
        return switch (raw.getSimpleName()) {
            case "int", "Integer", "long", "Long" -> "integer";
            case "double", "Double" -> "number";
            case "boolean", "Boolean" -> "boolean";
            case "Duration" -> "duration";
            default -> "string";
        };
    }

    private static String oneLine(Object value) {
        if (value instanceof Map<?, ?> map) {
            return map.isEmpty() ? "{}" : String.join(", ", new TreeSet<>(names(map)));
        }
        if (value instanceof Collection<?> list && list.isEmpty()) {
            return "[]";
        }
        return scalar(value);
    }

    /** Printed in sorted order: immutable maps iterate in another order in each process. */
    private static List<String> names(Map<?, ?> map) {
        return map.keySet().stream().map(String::valueOf).toList();
    }

    private static String scalar(Object value) {
        if (value instanceof Duration duration) {
            return print(duration);
        }
        if (value instanceof Enum<?> constant) {
            return constant.toString().toLowerCase(Locale.ROOT);
        }
        if (value instanceof ProviderSection section) {
            return "type: " + section.type();
        }
        String text = maskUrl(value.toString());
        return value instanceof Number || value instanceof Boolean || PLAIN.matcher(text).matches()
                ? text
                : "'" + text.replace("'", "''") + "'";
    }

    private static String print(Duration duration) {
        if (duration.isZero()) {
            return "0";
        }
        if (duration.toMillisPart() != 0) {
            return duration.toMillis() + "ms";
        }
        long seconds = duration.toSeconds();
        return seconds % 3600 == 0
                ? seconds / 3600 + "h"
                : seconds % 60 == 0 ? seconds / 60 + "m" : seconds + "s";
    }

    private static String quoteKey(String name) {
        return PLAIN.matcher(name).matches() ? name : "'" + name.replace("'", "''") + "'";
    }

    private static @Nullable Object read(Object record, RecordComponent component) {
        try {
            var accessor = component.getAccessor();
            accessor.setAccessible(true);
            return accessor.invoke(record);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("cannot read " + component.getName(), e);
        }
    }
}
