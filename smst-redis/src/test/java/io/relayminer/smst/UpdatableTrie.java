package io.relayminer.smst;

import io.relayminer.testkit.vectors.VectorFile;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The trie as the reference keeps it: updated leaf by leaf, with inner and extension nodes in a
 * store, loaded lazily, and leaves that can be deleted. Written from the rules of its operations
 * and slow; it is what the bulk-built trie is compared with, and it reproduces stores whose shape
 * depends on deletions.
 */
final class UpdatableTrie {

    private abstract static sealed class Node {
        boolean persisted;
        byte[] digest;

        void setDirty() {
            persisted = false;
            digest = null;
        }
    }

    private static final class Leaf extends Node {
        final byte[] path;
        final byte[] encoding;

        Leaf(byte[] path, byte[] encoding) {
            this.path = path;
            this.encoding = encoding;
        }
    }

    private static final class Inner extends Node {
        final Node[] children = new Node[2];
    }

    private static final class Extension extends Node {
        final byte[] path;
        int start;
        int end;
        Node child;

        Extension(byte[] path, int start, int end, Node child) {
            this.path = path;
            this.start = start;
            this.end = end;
            this.child = child;
        }
    }

    private static final class Lazy extends Node {
        Lazy(byte[] digest) {
            this.digest = digest;
        }
    }

    private final Map<String, byte[]> store = new TreeMap<>();
    private final List<byte[]> orphans = new ArrayList<>();
    private Node root;

    /** Digest in hex to encoding, as of the last commit. */
    Map<String, byte[]> store() {
        return store;
    }

    MerkleSumRoot root() {
        return MerkleSumRoot.of(digest(root));
    }

    void update(byte[] path, byte[] value, long weight) {
        root = update(root, 0, new Leaf(path.clone(), LeafNode.encode(path, 0, value, weight)));
    }

    private Node update(Node lazy, int depth, Leaf leaf) {
        Node node = resolve(lazy);
        switch (node) {
            case null -> {
                return leaf;
            }
            case Leaf other -> {
                return updateLeaf(other, depth, leaf);
            }
            case Extension extension -> {
                orphan(extension);
                return updateExtension(extension, leaf);
            }
            case Inner inner -> {
                orphan(inner);
                int side = Paths.bit(leaf.path, depth);
                inner.children[side] = update(inner.children[side], depth + 1, leaf);
                inner.setDirty();
                return inner;
            }
            case Lazy unresolved -> throw new IllegalStateException();
        }
    }

    private Node updateLeaf(Leaf other, int depth, Leaf leaf) {
        int common = Paths.commonPrefix(leaf.path, 0, other.path, 0);
        if (common == Paths.BITS) {
            orphan(other);
            return leaf;
        }
        Inner inner = new Inner();
        int side = Paths.bit(leaf.path, common);
        inner.children[side] = leaf;
        inner.children[1 - side] = other;
        return depth < common ? new Extension(leaf.path, depth, common, inner) : inner;
    }

    private Node updateExtension(Extension extension, Leaf leaf) {
        int parting = extension.start;
        while (parting < extension.end
                && Paths.bit(extension.path, parting) == Paths.bit(leaf.path, parting)) {
            parting++;
        }
        extension.setDirty();
        if (parting == extension.end) {
            extension.child = update(extension.child, parting, leaf);
            return extension;
        }
        Inner branch = new Inner();
        int below = Paths.bit(extension.path, parting);
        Node head;
        if (parting == extension.start) {
            head = branch;
            extension.start++;
            branch.children[below] = extension.start == extension.end ? extension.child : extension;
        } else {
            head = extension;
            branch.children[below] =
                    parting == extension.end - 1
                            ? extension.child
                            : new Extension(
                                    extension.path, parting + 1, extension.end, extension.child);
            extension.child = branch;
            extension.end = parting;
        }
        branch.children[1 - below] = leaf;
        return head;
    }

    /** False if there is no such leaf. */
    boolean delete(byte[] path) {
        if (!contains(root, path)) {
            return false;
        }
        root = delete(root, 0, path);
        return true;
    }

    private boolean contains(Node lazy, byte[] path) {
        int depth = 0;
        Node node = resolve(lazy);
        while (true) {
            switch (node) {
                case null -> {
                    return false;
                }
                case Leaf leaf -> {
                    return Arrays.equals(leaf.path, path);
                }
                case Extension extension -> {
                    for (int i = extension.start; i < extension.end; i++) {
                        if (Paths.bit(extension.path, i) != Paths.bit(path, i)) {
                            return false;
                        }
                    }
                    depth = extension.end;
                    node = resolve(extension.child);
                }
                case Inner inner -> node = resolve(inner.children[Paths.bit(path, depth++)]);
                case Lazy unresolved -> throw new IllegalStateException();
            }
        }
    }

    private Node delete(Node lazy, int depth, byte[] path) {
        Node node = resolve(lazy);
        orphan(node);
        switch (node) {
            case Leaf leaf -> {
                return null;
            }
            case Extension extension -> {
                extension.child = delete(extension.child, extension.end, path);
                if (extension.child instanceof Leaf leaf) {
                    return leaf;
                }
                if (extension.child instanceof Extension below) {
                    orphan(below);
                    below.start = extension.start;
                    below.setDirty();
                    return below;
                }
                extension.setDirty();
                return extension;
            }
            case Inner inner -> {
                int side = Paths.bit(path, depth);
                inner.children[side] = delete(inner.children[side], depth + 1, path);
                inner.children[1 - side] = resolve(inner.children[1 - side]);
                for (int i = 0; i < 2; i++) {
                    if (inner.children[i] == null) {
                        if (inner.children[1 - i] instanceof Leaf leaf) {
                            return leaf;
                        }
                        if (inner.children[1 - i] instanceof Extension below) {
                            orphan(below);
                            below.start--;
                            below.setDirty();
                            return below;
                        }
                    }
                }
                inner.setDirty();
                return inner;
            }
            default -> throw new IllegalStateException();
        }
    }

    private void orphan(Node node) {
        if (node.persisted) {
            orphans.add(node.digest);
        }
    }

    /** Deletes what was replaced, then writes what is new. */
    void commit() {
        orphans.forEach(digest -> store.remove(VectorFile.hex(digest)));
        orphans.clear();
        commit(root);
    }

    private void commit(Node node) {
        if (node == null || node instanceof Lazy || node.persisted) {
            return;
        }
        node.persisted = true;
        switch (node) {
            case Inner inner -> {
                commit(inner.children[0]);
                commit(inner.children[1]);
            }
            case Extension extension -> commit(extension.child);
            default -> {
                // A leaf has nothing below it.
            }
        }
        store.put(VectorFile.hex(digest(node)), encoding(node));
    }

    /** Forgets everything but the root and the store. */
    void reimport() {
        commit();
        root = new Lazy(digest(root));
    }

    private Node resolve(Node node) {
        if (!(node instanceof Lazy)) {
            return node;
        }
        if (Arrays.equals(node.digest, NodeHasher.PLACEHOLDER)) {
            return null;
        }
        byte[] encoding = store.get(VectorFile.hex(node.digest));
        Node resolved =
                switch (encoding[0]) {
                    case NodeHasher.LEAF -> new Leaf(Arrays.copyOfRange(encoding, 1, 33), encoding);
                    case NodeHasher.INNER -> {
                        Inner inner = new Inner();
                        inner.children[0] = new Lazy(Arrays.copyOfRange(encoding, 1, 49));
                        inner.children[1] = new Lazy(Arrays.copyOfRange(encoding, 49, 97));
                        yield inner;
                    }
                    default ->
                            new Extension(
                                    Arrays.copyOfRange(encoding, 3, 35),
                                    encoding[1] & 0xff,
                                    encoding[2] & 0xff,
                                    new Lazy(Arrays.copyOfRange(encoding, 35, 83)));
                };
        resolved.persisted = true;
        resolved.digest = node.digest;
        return resolved;
    }

    private byte[] digest(Node node) {
        if (node == null) {
            return NodeHasher.PLACEHOLDER;
        }
        if (node.digest == null) {
            node.digest = NodeCodec.digest(encoding(node));
        }
        return node.digest;
    }

    private byte[] encoding(Node node) {
        return switch (node) {
            case Leaf leaf -> leaf.encoding;
            case Inner inner -> {
                byte[] encoding = new byte[NodeHasher.INNER_SIZE];
                NodeHasher.encodeInner(
                        digest(inner.children[0]), 0, digest(inner.children[1]), 0, encoding);
                yield encoding;
            }
            case Extension extension -> {
                byte[] child = digest(extension.child);
                byte[] encoding = new byte[NodeHasher.EXTENSION_SIZE];
                encoding[0] = NodeHasher.EXTENSION;
                encoding[1] = (byte) extension.start;
                encoding[2] = (byte) extension.end;
                System.arraycopy(extension.path, 0, encoding, 3, Paths.BYTES);
                System.arraycopy(child, 0, encoding, 35, NodeHasher.DIGEST);
                System.arraycopy(child, 32, encoding, 83, 16);
                yield encoding;
            }
            case Lazy lazy -> throw new IllegalStateException();
        };
    }
}
