package io.relayminer.smst.redis;

import io.relayminer.smst.MerkleSumRoot;

/** What Redis decided about storing a sealed root. */
public sealed interface RootResult {

    /** The root is stored, by this call or before. */
    record Stored() implements RootResult {}

    /** The lease is not ours, or not of this epoch. Nothing was changed. */
    record Fenced() implements RootResult {}

    /**
     * Another root is stored already, and may have been claimed. Nothing was changed.
     *
     * @param stored that root
     */
    record Conflict(MerkleSumRoot stored) implements RootResult {}

    /** The session still takes leaves: seal it first. Nothing was changed. */
    record NotSealed() implements RootResult {}
}
