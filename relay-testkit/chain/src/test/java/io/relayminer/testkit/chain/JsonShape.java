package io.relayminer.testkit.chain;

import com.fasterxml.jackson.databind.JsonNode;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** Compares what JSON values look like: members, nesting, and the kind of every text. */
final class JsonShape {
    private static final Pattern HEX = Pattern.compile("[0-9A-F]{40}|[0-9A-F]{64}|");
    private static final Pattern INTEGER = Pattern.compile("-?[0-9]+");
    private static final Pattern TIME =
            Pattern.compile("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z");

    private JsonShape() {}

    /**
     * Differences between the shapes, empty if there is none. Members named like an event (in maps)
     * may differ.
     */
    static List<String> differences(JsonNode expected, JsonNode actual) {
        List<String> differences = new ArrayList<>();
        compare("", expected, actual, differences);
        return differences;
    }

    private static void compare(
            String path, JsonNode expected, JsonNode actual, List<String> differences) {
        if (expected.isNull() && (actual.isArray() || actual.isTextual())
                || actual.isNull() && expected.isArray()
                || actual.isNull() && expected.isTextual()) {
            return;
        }
        if (expected.getNodeType() != actual.getNodeType()) {
            differences.add(
                    path + ": " + expected.getNodeType() + " became " + actual.getNodeType());
        } else if (expected.isObject()) {
            compareObjects(path, expected, actual, differences);
        } else if (expected.isArray()) {
            compareArrays(path, expected, actual, differences);
        } else if (expected.isTextual() && !kind(expected.asText()).equals(kind(actual.asText()))) {
            if (!path.endsWith("/value")
                    && !path.endsWith("/log")
                    && !path.endsWith("/codespace")) {
                differences.add(path + ": " + expected.asText() + " became " + actual.asText());
            }
        }
    }

    private static void compareObjects(
            String path, JsonNode expected, JsonNode actual, List<String> differences) {
        if (path.endsWith("/events")) {
            return;
        }
        Set<String> names = new TreeSet<>();
        expected.fieldNames().forEachRemaining(names::add);
        actual.fieldNames().forEachRemaining(names::add);
        for (String name : names) {
            if (!expected.has(name) || !actual.has(name)) {
                differences.add(
                        path + "/" + name + (expected.has(name) ? " is missing" : " is new"));
            } else {
                compare(path + "/" + name, expected.get(name), actual.get(name), differences);
            }
        }
    }

    /** Every element must look like one of the expected elements. */
    private static void compareArrays(
            String path, JsonNode expected, JsonNode actual, List<String> differences) {
        if (expected.isEmpty()) {
            return;
        }
        for (int i = 0; i < actual.size(); i++) {
            List<String> best = null;
            for (JsonNode candidate : expected) {
                List<String> found = new ArrayList<>();
                compare(path + "[" + i + "]", candidate, actual.get(i), found);
                if (best == null || found.size() < best.size()) {
                    best = found;
                }
                if (best.isEmpty()) {
                    break;
                }
            }
            if (best != null) {
                differences.addAll(best);
            }
        }
    }

    private static String kind(String text) {
        if (HEX.matcher(text).matches()) {
            return "hex";
        }
        if (INTEGER.matcher(text).matches()) {
            return "integer";
        }
        return TIME.matcher(text).matches() ? "time" : "text";
    }
}
