/** The sparse Merkle sum trie and its closest proofs. */
@org.jspecify.annotations.NullMarked
package io.relayminer.smst;
