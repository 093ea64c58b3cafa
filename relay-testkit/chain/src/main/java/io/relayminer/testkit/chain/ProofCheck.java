package io.relayminer.testkit.chain;

/**
 * Verdict on a proof at the end of the block that carried it.
 *
 * @param height height of that block
 * @param supplier operator address
 * @param application application address
 * @param serviceId service
 * @param sessionEnd last height of the session
 * @param failureReason what is wrong with the proof, empty when it is good
 */
public record ProofCheck(
        long height,
        String supplier,
        String application,
        String serviceId,
        long sessionEnd,
        String failureReason) {

    /** Whether the proof is good. */
    public boolean valid() {
        return failureReason.isEmpty();
    }
}
