package io.relayminer.smst;

import com.fasterxml.jackson.databind.JsonNode;

import io.relayminer.testkit.vectors.VectorFile;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;

/**
 * The leaves that a sequence of operations leaves behind, in the order of their first insertion:
 * what an updatable trie would hold. The trie under test is immutable, so a vector's operations are
 * played on this and the trie is built from the outcome.
 */
final class LeafSequence {

    private record Leaf(byte[] path, byte[] value, long weight) {}

    private final boolean hashed;
    private final Map<ByteBuffer, Leaf> leaves = new LinkedHashMap<>();

    LeafSequence(String pathHasher) {
        hashed =
                switch (pathHasher) {
                    case "sha256" -> true;
                    case "identity32" -> false;
                    default -> throw new IllegalArgumentException(pathHasher);
                };
    }

    /** Plays a trie description: operations or a generator. */
    static LeafSequence play(JsonNode trie) {
        LeafSequence sequence = new LeafSequence(trie.get("path_hasher").asText());
        if (trie.has("generator")) {
            generate(trie.get("generator"), sequence);
        } else {
            List<JsonNode> ops = new ArrayList<>();
            trie.get("ops").forEach(ops::add);
            sequence.playAll(ops, i -> {}, new ArrayList<>());
        }
        return sequence;
    }

    /**
     * Plays operations; {@code after} is told the index of each operation done, {@code errors}
     * those that failed.
     */
    void playAll(List<JsonNode> ops, IntConsumer after, List<Integer> errors) {
        for (int i = 0; i < ops.size(); i++) {
            JsonNode op = ops.get(i);
            switch (op.get("op").asText()) {
                case "update" ->
                        update(
                                VectorFile.hex(op.get("key")),
                                value(op),
                                Long.parseUnsignedLong(op.get("weight").asText()));
                case "delete" -> {
                    if (leaves.remove(ByteBuffer.wrap(path(VectorFile.hex(op.get("key")))))
                            == null) {
                        errors.add(i);
                    }
                }
                case "commit", "reimport" -> {
                    // Storage of an updatable trie; the set of leaves stays as it is.
                }
                default -> throw new IllegalArgumentException(op.toString());
            }
            after.accept(i);
        }
    }

    /** Plays operations on a trie that is updated in place. */
    static UpdatableTrie playInPlace(String pathHasher, JsonNode ops) {
        UpdatableTrie trie = new UpdatableTrie();
        LeafSequence paths = new LeafSequence(pathHasher);
        for (JsonNode op : ops) {
            switch (op.get("op").asText()) {
                case "update" ->
                        trie.update(
                                paths.path(VectorFile.hex(op.get("key"))),
                                value(op),
                                Long.parseUnsignedLong(op.get("weight").asText()));
                case "delete" -> trie.delete(paths.path(VectorFile.hex(op.get("key"))));
                case "commit" -> trie.commit();
                default -> trie.reimport();
            }
        }
        return trie;
    }

    void update(byte[] key, byte[] value, long weight) {
        byte[] path = path(key);
        leaves.put(ByteBuffer.wrap(path), new Leaf(path, value, weight));
    }

    private byte[] path(byte[] key) {
        return hashed ? sha256(key) : key;
    }

    SparseMerkleSumTrie.Builder builder() {
        SparseMerkleSumTrie.Builder builder = SparseMerkleSumTrie.builder();
        leaves.values().forEach(leaf -> builder.addAt(leaf.path(), leaf.value(), leaf.weight()));
        return builder;
    }

    SparseMerkleSumTrie build() {
        return builder().build();
    }

    private static byte[] value(JsonNode op) {
        if (op.has("value")) {
            return VectorFile.hex(op.get("value"));
        }
        JsonNode generated = op.get("value_gen");
        return stretched(generated.get("i").asInt(), generated.get("len").asInt());
    }

    private static void generate(JsonNode generator, LeafSequence into) {
        int n = generator.get("n").asInt();
        long a = generator.get("order").get("a").asLong();
        long b = generator.get("order").get("b").asLong();
        for (long j = 0; j < n; j++) {
            int i = (int) ((a * j + b) % n);
            byte[] value = value(generator.get("name").asText(), i);
            into.update(sha256(value), value, weight(generator.get("name").asText(), i));
        }
    }

    private static byte[] value(String generator, int i) {
        return stretched(
                i,
                switch (generator) {
                    case "A" -> 40 + (int) (53L * i % 211);
                    case "B" -> 64;
                    case "C" -> 900 + (int) (131L * i % 401);
                    default -> throw new IllegalArgumentException(generator);
                });
    }

    private static long weight(String generator, int i) {
        return switch (generator) {
            case "A" -> 1 + 7919L * i % 10007;
            case "B" -> 1500;
            default -> 4200;
        };
    }

    private static byte[] stretched(int i, int length) {
        byte[] seed =
                sha256(
                        ByteBuffer.allocate(8)
                                .put("leaf".getBytes(StandardCharsets.US_ASCII))
                                .putInt(i)
                                .array());
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        while (out.size() < length) {
            out.writeBytes(seed);
        }
        return Arrays.copyOf(out.toByteArray(), length);
    }

    static byte[] sha256(byte[] input) {
        return NodeHasher.newSha256().digest(input);
    }
}
