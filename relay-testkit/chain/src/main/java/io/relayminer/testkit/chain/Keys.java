package io.relayminer.testkit.chain;

/**
 * The keys of chain state. Heights and times inside keys have a fixed width, so that key order is
 * their order.
 */
final class Keys {
    static final String ACCOUNTS = "account/";
    static final String BALANCES = "balance/";
    static final String HOLDERS = "holder/";
    static final String SUPPLY = "supply/";
    static final String NONCES = "nonce/";
    static final String APPLICATIONS = "application/";
    static final String SUPPLIERS = "supplier/";
    static final String SUPPLIER_CONFIGS = "supplierConfig/";
    static final String GATEWAYS = "gateway/";
    static final String SERVICES = "service/";
    static final String COMPUTE_UNITS = "computeUnits/";
    static final String DIFFICULTY = "difficulty/";
    static final String DIFFICULTY_HISTORY = "difficultyHistory/";
    static final String BLOCK_HASHES = "blockHash/";
    static final String CLAIMS = "claim/";
    static final String CLAIMS_BY_END = "claimByEnd/";
    static final String CLAIMS_BY_SUPPLIER = "claimBySupplier/";
    static final String PROOFS = "proof/";

    private static final int HEIGHT_DIGITS = 19;

    private Keys() {}

    static String height(long height) {
        return fixed(height);
    }

    private static String fixed(long number) {
        String digits = Long.toString(number);
        return "0".repeat(HEIGHT_DIGITS - digits.length()) + digits;
    }

    /** The height a key ends with. */
    static long heightAtEnd(String key) {
        return Long.parseLong(key.substring(key.length() - HEIGHT_DIGITS));
    }

    static String account(String address) {
        return ACCOUNTS + address;
    }

    static String balance(String address, String denom) {
        return BALANCES + address + "/" + denom;
    }

    static String holder(String denom, String address) {
        return HOLDERS + denom + "/" + address;
    }

    static String supply(String denom) {
        return SUPPLY + denom;
    }

    static String nonce(long unixNanos, String address) {
        return NONCES + fixed(unixNanos) + "/" + address;
    }

    static long nonceTime(String key) {
        return Long.parseLong(key.substring(NONCES.length(), NONCES.length() + HEIGHT_DIGITS));
    }

    static String supplierConfig(String serviceId, long activation, String operator) {
        return SUPPLIER_CONFIGS + serviceId + "/" + fixed(activation) + "/" + operator;
    }

    static String computeUnits(String serviceId, long height) {
        return COMPUTE_UNITS + serviceId + "/" + fixed(height);
    }

    static String difficultyHistory(String serviceId, long height) {
        return DIFFICULTY_HISTORY + serviceId + "/" + fixed(height);
    }

    static String blockHash(long height) {
        return BLOCK_HASHES + height;
    }

    static String claim(String sessionId, String supplier) {
        return CLAIMS + sessionId + "/" + supplier;
    }

    static String claimsEnding(long sessionEnd) {
        return CLAIMS_BY_END + fixed(sessionEnd) + "/";
    }

    static String claimByEnd(long sessionEnd, String sessionId, String supplier) {
        return claimsEnding(sessionEnd) + sessionId + "/" + supplier;
    }

    static String claimBySupplier(String sessionId, String supplier) {
        return CLAIMS_BY_SUPPLIER + supplier + "/" + sessionId;
    }

    static String proof(String sessionId, String supplier) {
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
