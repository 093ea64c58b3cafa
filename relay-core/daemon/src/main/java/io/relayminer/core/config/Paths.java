package io.relayminer.core.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import org.jspecify.annotations.Nullable;

import java.util.function.UnaryOperator;

/** Dotted paths into a configuration tree. */
final class Paths {

    private Paths() {}

    static ObjectNode move(
            ObjectNode tree, String from, String to, UnaryOperator<JsonNode> translate) {
        ObjectNode source = mapping(tree, folder(from), false);
        JsonNode value = source == null ? null : source.remove(last(from));
        if (source == null || value == null) {
            return tree;
        }
        if (source.isEmpty() && !folder(from).isEmpty()) {
            ObjectNode holder = mapping(tree, folder(folder(from)), false);
            if (holder != null) {
                holder.remove(last(folder(from)));
            }
        }
        JsonNode moved = translate.apply(value);
        ObjectNode target = mapping(tree, folder(to), true);
        if (target == null) {
            throw new IllegalArgumentException(
                    to + ": expected a mapping on the way to it, because " + from + " is given");
        }
        JsonNode present = target.get(last(to));
        if (present != null && !present.equals(moved)) {
            throw new IllegalArgumentException(
                    from + " and " + to + " are both given and differ; remove one of them");
        }
        target.set(last(to), moved);
        return tree;
    }

    private static @Nullable ObjectNode mapping(ObjectNode tree, String path, boolean create) {
        if (path.isEmpty()) {
            return tree;
        }
        ObjectNode holder = mapping(tree, folder(path), create);
        if (holder == null) {
            return null;
        }
        JsonNode node = holder.get(last(path));
        if (node == null && create) {
            return holder.putObject(last(path));
        }
        return node instanceof ObjectNode object ? object : null;
    }

    private static String folder(String path) {
        int dot = path.lastIndexOf('.');
        return dot < 0 ? "" : path.substring(0, dot);
    }

    private static String last(String path) {
        return path.substring(path.lastIndexOf('.') + 1);
    }
}
