/** Figures of the sparse Merkle sum trie: building, proving, and the proof bytes. */
@NullMarked
package io.relayminer.benchmarks.trie;

import org.jspecify.annotations.NullMarked;
