package io.relayminer.testkit.chain.internal.state;

/**
 * The keys of chain state. Heights and times inside keys have a fixed width, so that key order is
 * their order.
 */
public final class Keys {
    public static final String ACCOUNTS = "account/";
    public static final String BALANCES = "balance/";
    static final String HOLDERS = "holder/";
    public static final String SUPPLY = "supply/";
    public static final String NONCES = "nonce/";
    public static final String APPLICATIONS = "application/";
    public static final String SUPPLIERS = "supplier/";
    public static final String SUPPLIER_CONFIGS = "supplierConfig/";
    public static final String GATEWAYS = "gateway/";
    public static final String SERVICES = "service/";
    public static final String COMPUTE_UNITS = "computeUnits/";
    public static final String DIFFICULTY = "difficulty/";
    public static final String DIFFICULTY_HISTORY = "difficultyHistory/";
    static final String BLOCK_HASHES = "blockHash/";
    public static final String CLAIMS = "claim/";
    static final String CLAIMS_BY_END = "claimByEnd/";
    public static final String CLAIMS_BY_SUPPLIER = "claimBySupplier/";
    public static final String PROOFS = "proof/";

    private static final int HEIGHT_DIGITS = 19;

    private Keys() {}

    public static String height(long height) {
        return fixed(height);
    }

    private static String fixed(long number) {
        String digits = Long.toString(number);
        return "0".repeat(HEIGHT_DIGITS - digits.length()) + digits;
    }

    /** The height a key ends with. */
    public static long heightAtEnd(String key) {
        return Long.parseLong(key.substring(key.length() - HEIGHT_DIGITS));
    }

    public static String account(String address) {
        return ACCOUNTS + address;
    }

    public static String balance(String address, String denom) {
        return BALANCES + address + "/" + denom;
    }

    public static String holder(String denom, String address) {
        return HOLDERS + denom + "/" + address;
    }

    public static String supply(String denom) {
        return SUPPLY + denom;
    }

    public static String nonce(long unixNanos, String address) {
        return NONCES + fixed(unixNanos) + "/" + address;
    }

    public static long nonceTime(String key) {
        return Long.parseLong(key.substring(NONCES.length(), NONCES.length() + HEIGHT_DIGITS));
    }

    public static String supplierConfig(String serviceId, long activation, String operator) {
        return SUPPLIER_CONFIGS + serviceId + "/" + fixed(activation) + "/" + operator;
    }

    public static String computeUnits(String serviceId, long height) {
        return COMPUTE_UNITS + serviceId + "/" + fixed(height);
    }

    public static String difficultyHistory(String serviceId, long height) {
        return DIFFICULTY_HISTORY + serviceId + "/" + fixed(height);
    }

    public static String blockHash(long height) {
        return BLOCK_HASHES + height;
    }

    public static String claim(String sessionId, String supplier) {
        return CLAIMS + sessionId + "/" + supplier;
    }

    public static String claimsEnding(long sessionEnd) {
        return CLAIMS_BY_END + fixed(sessionEnd) + "/";
    }

    public static String claimByEnd(long sessionEnd, String sessionId, String supplier) {
        return claimsEnding(sessionEnd) + sessionId + "/" + supplier;
    }

    public static String claimBySupplier(String sessionId, String supplier) {
        return CLAIMS_BY_SUPPLIER + supplier + "/" + sessionId;
    }

    public static String proof(String sessionId, String supplier) {
        return PROOFS + sessionId + "/" + supplier;
    }

    /**
     * How many bytes a key counts for gas: about what the same entry's key has in a Cosmos store.
     */
    static int gasLength(String key) {
        if (key.startsWith("params/")) {
            return 1;
        }
        if (key.startsWith(ACCOUNTS)) {
            return 21;
        }
        if (key.startsWith(BALANCES) || key.startsWith(HOLDERS)) {
            return 27;
        }
        return key.length();
    }
}
