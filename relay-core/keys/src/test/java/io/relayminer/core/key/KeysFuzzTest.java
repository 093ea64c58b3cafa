package io.relayminer.core.key;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import com.code_intelligence.jazzer.junit.FuzzTest;

/** Nothing but a refusal comes out of a key file, whatever is in it. */
class KeysFuzzTest {

    @FuzzTest
    void keysFile(byte[] data) {
        try {
            KeysFile.parse(data);
        } catch (KeyException refused) {
            if (refused.getMessage().isBlank()) {
                throw new AssertionError("a refusal says why");
            }
        }
    }

    @FuzzTest
    void keyOfDirectory(byte[] data) {
        try {
            KeysDirectory.parse(data);
        } catch (KeyException refused) {
            if (refused.getMessage().isBlank()) {
                throw new AssertionError("a refusal says why");
            }
        }
    }

    @FuzzTest
    void keyringRecord(byte[] data) {
        try {
            CosmosKeyring.fromRecord(data);
        } catch (KeyException refused) {
            if (refused.getMessage().isBlank()) {
                throw new AssertionError("a refusal says why");
            }
        }
    }

    @FuzzTest
    void keyringItem(byte[] data) {
        String item = new String(data, ISO_8859_1);
        // Derivation is slow by intention; rounds are bounded elsewhere.
        if (item.length() > 4096 || item.contains("p2c")) {
            return;
        }
        try {
            KeyringItem.open(item, new char[] {'t'});
        } catch (KeyException refused) {
            if (refused.getMessage().isBlank()) {
                throw new AssertionError("a refusal says why");
            }
        }
    }
}
