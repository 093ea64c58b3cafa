package io.relayminer.core.backend;

import org.jspecify.annotations.Nullable;

import java.nio.charset.StandardCharsets;
import java.util.Base64;

/**
 * Credentials for a backend. Of several the strongest form counts: user and password, then bearer
 * token, then plain token. Empty strings mean absent.
 *
 * @param username user of HTTP Basic; counts only together with a password
 * @param password password of HTTP Basic
 * @param bearerToken sent as {@code Authorization: Bearer <token>}
 * @param plainToken sent verbatim as {@code Authorization}
 */
public record BackendAuthentication(
        String username, String password, String bearerToken, String plainToken) {

    /** No credentials. */
    public static final BackendAuthentication NONE = new BackendAuthentication("", "", "", "");

    /** Value of the {@code Authorization} header, or {@code null} without credentials. */
    public @Nullable String authorization() {
        if (!username.isEmpty() && !password.isEmpty()) {
            byte[] pair = (username + ":" + password).getBytes(StandardCharsets.UTF_8);
            return "Basic " + Base64.getEncoder().encodeToString(pair);
        }
        if (!bearerToken.isEmpty()) {
            return "Bearer " + bearerToken;
        }
        return plainToken.isEmpty() ? null : plainToken;
    }

    /** Says whether there are credentials, never what they are. */
    @Override
    public String toString() {
        return authorization() == null ? "no credentials" : "credentials (hidden)";
    }
}
