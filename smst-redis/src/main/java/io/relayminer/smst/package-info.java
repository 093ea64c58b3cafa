/**
 * The sparse Merkle sum trie that turns the relays of one (supplier, session) into a claim root of
 * 48 bytes and, later, into the proof of the one leaf the chain asks for.
 *
 * <p>Start at {@link io.relayminer.smst.SparseMerkleSumTrie}: it is built in bulk from leaves, is
 * immutable, and answers two questions, its {@link io.relayminer.smst.MerkleSumRoot root} and the
 * {@link io.relayminer.smst.ClosestProof closest proof} to a path. {@link
 * io.relayminer.smst.CompactClosestProof} is the form that travels: it encodes to the exact bytes
 * that go into a proof message, decodes them within bounds, and verifies them as the chain does.
 * Nothing here touches Redis or a network.
 */
@NullMarked
package io.relayminer.smst;

import org.jspecify.annotations.NullMarked;
