package io.relayminer.core.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BigIntegerNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;

import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.DumperOptions.ScalarStyle;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

import java.io.StringReader;
import java.math.BigInteger;
import java.util.regex.Pattern;

/**
 * A YAML document as a tree: aliases stand for what they name, merge keys ({@code <<}) are carried
 * out, and a key given directly wins over a merged one. Of the types only those that the core
 * schema of YAML 1.2 sees in plain scalars exist, so that {@code on}, {@code 0777}, {@code 12:30}
 * and dates are texts.
 */
final class YamlDocument {

    private static final int MOST_NODES = 100_000;
    private static final int DEEPEST = 50;

    private static final Pattern INTEGER = Pattern.compile("[-+]?(0|[1-9][0-9_]*)");
    private static final Pattern DECIMAL =
            Pattern.compile("[-+]?[0-9][0-9_]*(\\.[0-9_]*)?([eE][-+]?[0-9]+)?");

    private final JsonNodeFactory make = JsonNodeFactory.instance;
    private int nodes;

    private YamlDocument() {}

    /**
     * Reads a document.
     *
     * @return the tree; {@code null} for an empty document
     * @throws IllegalArgumentException saying what is wrong and where, without the text around it
     */
    static @Nullable JsonNode parse(String yaml, int longest) {
        LoaderOptions options = new LoaderOptions();
        options.setCodePointLimit(longest);
        options.setNestingDepthLimit(DEEPEST);
        options.setMaxAliasesForCollections(MOST_NODES);
        options.setAllowRecursiveKeys(false);
        try {
            Node root = new Yaml(options).compose(new StringReader(yaml));
            return root == null ? null : new YamlDocument().tree(root, 0);
        } catch (MarkedYAMLException e) {
            throw new IllegalArgumentException(
                    (e.getProblem() == null ? "it cannot be read" : e.getProblem())
                            + position(e.getProblemMark()));
        } catch (YAMLException e) {
            throw new IllegalArgumentException(String.valueOf(e.getMessage()).strip());
        }
    }

    private JsonNode tree(Node node, int depth) {
        if (++nodes > MOST_NODES || depth > DEEPEST) {
            throw problem("the aliases make it too large", node);
        }
        return switch (node) {
            case MappingNode mapping -> mapping(mapping, depth);
            case SequenceNode sequence -> {
                ArrayNode array = make.arrayNode();
                sequence.getValue().forEach(each -> array.add(tree(each, depth + 1)));
                yield array;
            }
            case ScalarNode scalar -> scalar(scalar);
            default -> throw problem("this kind of node has no meaning here", node);
        };
    }

    private ObjectNode mapping(MappingNode mapping, int depth) {
        ObjectNode own = make.objectNode();
        ObjectNode merged = make.objectNode();
        for (NodeTuple entry : mapping.getValue()) {
            if (!(entry.getKeyNode() instanceof ScalarNode key)) {
                throw problem("a key must be a text", entry.getKeyNode());
            }
            JsonNode value = tree(entry.getValueNode(), depth + 1);
            if (key.getTag().equals(Tag.MERGE)) {
                merge(merged, value, entry.getValueNode());
            } else if (own.has(key.getValue())) {
                throw problem("Duplicate field '" + key.getValue() + "'", key);
            } else {
                own.set(key.getValue(), value);
            }
        }
        merged.properties().forEach(entry -> own.putIfAbsent(entry.getKey(), entry.getValue()));
        return own;
    }

    /** Of several merged mappings the earlier ones win. */
    private static void merge(ObjectNode into, JsonNode value, Node at) {
        switch (value) {
            case ObjectNode one ->
                    one.properties().forEach(e -> into.putIfAbsent(e.getKey(), e.getValue()));
            case ArrayNode several -> several.forEach(each -> merge(into, each, at));
            default -> throw problem("only a mapping can be merged", at);
        }
    }

    private static JsonNode scalar(ScalarNode scalar) {
        String text = scalar.getValue();
        if (scalar.getScalarStyle() != ScalarStyle.PLAIN) {
            return TextNode.valueOf(text);
        }
        switch (text) {
            case "", "~", "null", "Null", "NULL" -> {
                return NullNode.getInstance();
            }
            case "true", "True", "TRUE" -> {
                return BooleanNode.TRUE;
            }
            case "false", "False", "FALSE" -> {
                return BooleanNode.FALSE;
            }
            default -> {}
        }
        String digits = text.replace("_", "");
        if (INTEGER.matcher(text).matches()) {
            BigInteger number = new BigInteger(digits);
            return number.bitLength() < Long.SIZE
                    ? LongNode.valueOf(number.longValueExact())
                    : BigIntegerNode.valueOf(number);
        }
        if (text.indexOf('.') >= 0 && DECIMAL.matcher(text).matches()) {
            return DoubleNode.valueOf(Double.parseDouble(digits));
        }
        return TextNode.valueOf(text);
    }

    private static IllegalArgumentException problem(String what, Node at) {
        return new IllegalArgumentException(what + position(at.getStartMark()));
    }

    private static String position(@Nullable Mark mark) {
        return mark == null
                ? ""
                : " (line " + (mark.getLine() + 1) + ", column " + (mark.getColumn() + 1) + ")";
    }
}
