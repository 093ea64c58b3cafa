package io.relayminer.core.key;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.util.Arrays;
import java.util.Base64;

import javax.crypto.Cipher;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * One encrypted item of a key ring on disk: a JWE in compact form. A key derived from the
 * passphrase (PBES2 with HMAC-SHA-256) unwraps a content key (AES key wrap, 128 bits), which opens
 * the content (AES-GCM, 256 bits). The content is a JSON object whose {@code Data} is the item.
 */
final class KeyringItem {

    /** Most rounds of key derivation taken; more is a way to keep us busy. */
    static final int MAX_ROUNDS = 1_300_000;

    private static final String ALGORITHM = "PBES2-HS256+A128KW";
    private static final String ENCRYPTION = "A256GCM";
    private static final int WRAPPING_KEY_BITS = 128;
    private static final int TAG_BITS = 128;
    private static final int IV_BYTES = 12;
    private static final ObjectMapper JSON = new ObjectMapper();

    private KeyringItem() {}

    /**
     * Decrypts an item.
     *
     * @return the bytes of its {@code Data}; the caller wipes them
     * @throws KeySourceException if it is not such an item or the passphrase is wrong
     */
    static byte[] open(String jwe, char[] passphrase) {
        String[] parts = jwe.strip().split("\\.", -1);
        if (parts.length != 5) {
            throw new KeySourceException("not a key ring item");
        }
        JsonNode header = json(base64Url(parts[0]), "header");
        if (!ALGORITHM.equals(header.path("alg").asText())
                || !ENCRYPTION.equals(header.path("enc").asText())) {
            throw new KeySourceException("encrypted in a way that key rings do not use");
        }
        int rounds = header.path("p2c").asInt();
        if (rounds < 1 || rounds > MAX_ROUNDS) {
            throw new KeySourceException("key derivation of " + rounds + " rounds is not accepted");
        }
        byte[] salt = salt(base64Url(header.path("p2s").asText()));
        byte[] iv = base64Url(parts[2]);
        if (iv.length != IV_BYTES) {
            throw new KeySourceException("not a key ring item");
        }
        byte[] content = decrypt(parts, passphrase, rounds, salt, iv);
        try {
            return Base64.getDecoder().decode(json(content, "content").path("Data").asText());
        } catch (IllegalArgumentException e) {
            throw new KeySourceException("content of the item is not base64");
        } finally {
            Arrays.fill(content, (byte) 0);
        }
    }

    private static byte[] decrypt(
            String[] parts, char[] passphrase, int rounds, byte[] salt, byte[] iv) {
        PBEKeySpec password = new PBEKeySpec(passphrase, salt, rounds, WRAPPING_KEY_BITS);
        try {
            byte[] wrapping =
                    SecretKeyFactory.getInstance("PBKDF2WithHmacSHA256")
                            .generateSecret(password)
                            .getEncoded();
            Cipher unwrap = Cipher.getInstance("AESWrap");
            unwrap.init(Cipher.UNWRAP_MODE, new SecretKeySpec(wrapping, "AES"));
            Key contentKey;
            try {
                contentKey = unwrap.unwrap(base64Url(parts[1]), "AES", Cipher.SECRET_KEY);
            } catch (GeneralSecurityException e) {
                throw new KeySourceException("wrong passphrase");
            }
            Cipher gcm = Cipher.getInstance("AES/GCM/NoPadding");
            gcm.init(Cipher.DECRYPT_MODE, contentKey, new GCMParameterSpec(TAG_BITS, iv));
            gcm.updateAAD(parts[0].getBytes(US_ASCII));
            gcm.update(new byte[0]);
            ByteArrayOutputStream sealed = new ByteArrayOutputStream();
            sealed.writeBytes(base64Url(parts[3]));
            sealed.writeBytes(base64Url(parts[4]));
            return gcm.doFinal(sealed.toByteArray());
        } catch (GeneralSecurityException e) {
            throw new KeySourceException("the item is damaged");
        } finally {
            password.clearPassword();
        }
    }

    /** The salt of the derivation: name of the algorithm, a zero byte, the salt of the header. */
    private static byte[] salt(byte[] fromHeader) {
        ByteArrayOutputStream salt = new ByteArrayOutputStream();
        salt.writeBytes(ALGORITHM.getBytes(UTF_8));
        salt.write(0);
        salt.writeBytes(fromHeader);
        return salt.toByteArray();
    }

    private static byte[] base64Url(String text) {
        try {
            return Base64.getUrlDecoder().decode(text);
        } catch (IllegalArgumentException e) {
            throw new KeySourceException("not a key ring item");
        }
    }

    private static JsonNode json(byte[] bytes, String what) {
        try {
            return JSON.readTree(bytes);
        } catch (JsonProcessingException e) {
            // Its message quotes the text.
            throw new KeySourceException(what + " of the item is not JSON");
        } catch (IOException e) {
            throw new IllegalStateException("reading from memory failed", e);
        }
    }
}
