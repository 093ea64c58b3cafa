package io.relayminer.smst;

/**
 * What verifying a proof against a root came to. A verdict is an ordinary result: no input makes
 * verification throw.
 */
public sealed interface ProofVerdict {

    /**
     * Whether the proof holds.
     *
     * @return true only for {@link Valid}
     */
    default boolean isValid() {
        return this instanceof Valid;
    }

    /** The proof leads to the root. */
    record Valid() implements ProofVerdict {}

    /**
     * The proof is well formed and leads to another root: another tree, or a leaf, weight or
     * sibling that was changed.
     *
     * @param computed the root it leads to
     */
    record RootMismatch(MerkleSumRoot computed) implements ProofVerdict {}

    /**
     * The proof is not well formed, or breaks a rule of the strict check.
     *
     * @param reason which rule, with the numbers found and wanted
     */
    record Malformed(String reason) implements ProofVerdict {}
}
