package io.relayminer.testkit.chain.internal.claims;

/**
 * Registered texts of the proof module and the modules it calls, and codes where they reach a
 * transaction result.
 */
public final class ProofErrors {
    static final String CODESPACE = "proof";
    static final int CODE_INVALID_ADDRESS = 1101;
    static final int CODE_INVALID_ROOT = 1104;
    static final int CODE_INVALID_PROOF = 1108;
    static final int CODE_INVALID_SESSION_HEADER = 1115;

    public static final String INVALID_ADDRESS = "invalid address";
    static final String SUPPLIER_NOT_FOUND = "supplier not found";
    static final String INVALID_SERVICE = "invalid service in supplier";
    static final String INVALID_ROOT = "invalid root hash";
    public static final String CLAIM_NOT_FOUND = "claim not found";
    public static final String PROOF_NOT_FOUND = "proof not found";
    static final String INVALID_PROOF = "invalid proof";
    static final String INVALID_RELAY = "invalid relay";
    static final String INVALID_SESSION_HEADER = "invalid session header";
    public static final String INVALID_SESSION_ID = "invalid session ID";
    static final String INVALID_SESSION_END = "invalid session end height";
    static final String INVALID_SESSION_START = "invalid session start height";
    static final String CLAIM_OUTSIDE_OF_WINDOW =
            "claim attempted outside of the session's claim window";
    static final String PROOF_OUTSIDE_OF_WINDOW =
            "proof attempted outside of the session's proof window";
    static final String SUPPLIER_MISMATCH =
            "supplier operator address does not match the claim or proof";
    static final String ACCOUNT_NOT_FOUND = "account not found";
    static final String SERVICE_NOT_FOUND = "service not found";
    public static final String COMPUTE_UNITS_MISMATCH =
            "mismatch: claim compute units != number of relays * service compute units per relay";
    static final String NOT_ENOUGH_FUNDS = "not enough funds to submit proof";
    static final String FEE_NOT_DEDUCTED = "failed to deduct proof submission fee";
    static final String NOT_REQUIRED = "proof not required";
    static final String INVALID_DIFFICULTY = "invalid relay difficulty";
    static final String INVALID_RELAY_REQUEST = "invalid relay request";
    static final String INVALID_RELAY_RESPONSE = "invalid relay response";
    static final String RING_INVALID_REQUEST = "invalid relay request";
    static final String RING_INVALID_SIGNATURE = "invalid relay request signature";

    private ProofErrors() {}
}
