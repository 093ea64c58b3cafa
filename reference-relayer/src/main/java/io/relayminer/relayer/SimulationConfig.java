package io.relayminer.relayer;

import io.relayminer.core.config.Check;
import io.relayminer.core.config.Key;
import io.relayminer.core.relay.SimulatedRelays;
import io.relayminer.ring.PublicKey;
import io.relayminer.ring.Ring;
import io.relayminer.ring.RingException;

import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;

/** {@code simulation}. Identities are checked when it is enabled. */
record SimulationConfig(
        @Key("Accept simulated relays.") Boolean enabled,
        @Key("Simulated relays at a time.") Integer maxConcurrent,
        @Key("How far the time in a simulated relay may be from now, seconds.")
                Integer freshnessWindowSeconds,
        @Key("Who may send simulated relays; at least one when enabled.")
                List<IdentityConfig> identities) {

    SimulationConfig {
        enabled = Check.orDefault(enabled, false);
        maxConcurrent =
                Check.inRange("max_concurrent", Check.orDefault(maxConcurrent, 32), 1, 10_000);
        freshnessWindowSeconds =
                Check.inRange(
                        "freshness_window_seconds",
                        Check.orDefault(freshnessWindowSeconds, 30),
                        1,
                        3_600);
        identities = identities == null ? List.of() : List.copyOf(identities);
        if (enabled) {
            List<String> problems = problems(identities);
            if (!problems.isEmpty()) {
                throw new IllegalArgumentException(String.join("; ", problems));
            }
        }
    }

    @SuppressWarnings("NullAway") // null is how the reader says "absent"
    static SimulationConfig defaults() {
        return new SimulationConfig(null, null, null, null);
    }

    /** What the relay path is constructed with; to be called only when enabled. */
    SimulatedRelays.Settings settings() {
        return new SimulatedRelays.Settings(
                maxConcurrent,
                Duration.ofSeconds(freshnessWindowSeconds),
                identities.stream().map(IdentityConfig::identity).toList());
    }

    /** What a check of the configuration has to say beside errors. */
    List<String> warnings(Instant now) {
        List<String> warnings = new ArrayList<>();
        if (!enabled) {
            for (String problem : problems(identities)) {
                if (!identities.isEmpty()) {
                    warnings.add("simulation is disabled; enabled it would be refused: " + problem);
                }
            }
            return warnings;
        }
        List<String> expired = new ArrayList<>();
        for (IdentityConfig identity : identities) {
            Instant end = identity.end();
            if (end != null && now.isAfter(end)) {
                expired.add(identity.keyId());
            }
        }
        if (!expired.isEmpty()) {
            warnings.add("simulation identities past not_after: " + String.join(", ", expired));
        }
        return warnings;
    }

    private static List<String> problems(List<IdentityConfig> identities) {
        List<String> problems = new ArrayList<>();
        if (identities.isEmpty()) {
            problems.add("identities: at least one is required");
        }
        Set<String> names = new HashSet<>();
        for (int i = 0; i < identities.size(); i++) {
            IdentityConfig identity = identities.get(i);
            String at = "identities[" + i + "].";
            if (identity.keyId().isEmpty()) {
                problems.add(at + "key_id is required");
            } else if (!names.add(identity.keyId())) {
                problems.add(at + "key_id: " + identity.keyId() + " is given twice");
            }
            try {
                identity.identity();
            } catch (IllegalArgumentException e) {
                problems.add(at + e.getMessage());
            }
        }
        return problems;
    }

    /** {@code simulation.identities[]}. */
    record IdentityConfig(
            @Key("Name by which requests refer to the identity.") String keyId,
            @Key("Whether the identity is accepted.") Boolean enabled,
            @Key("Last moment at which it is accepted, RFC 3339; absent means for ever.")
                    String notAfter,
            @Key("Relays per second.") Integer maxRps,
            @Key("Compressed public key of the pinned application, hex.") String appPubkeyHex,
            @Key("Compressed public keys of the pinned gateways, hex; at least one.")
                    List<String> gatewayPubkeysHex,
            @Key("Services it may test; empty means all.") List<String> allowedServices) {

        IdentityConfig {
            keyId = Check.textOr(keyId, "");
            enabled = Check.orDefault(enabled, false);
            notAfter = Check.textOr(notAfter, "");
            maxRps = Check.orDefault(maxRps, 5);
            appPubkeyHex = Check.textOr(appPubkeyHex, "");
            gatewayPubkeysHex =
                    gatewayPubkeysHex == null ? List.of() : List.copyOf(gatewayPubkeysHex);
            allowedServices = allowedServices == null ? List.of() : List.copyOf(allowedServices);
        }

        @org.jspecify.annotations.Nullable
        Instant end() {
            if (notAfter.isEmpty()) {
                return null;
            }
            try {
                return OffsetDateTime.parse(notAfter).toInstant();
            } catch (DateTimeParseException e) {
                throw new IllegalArgumentException(
                        "not_after must be a time such as 2030-01-31T00:00:00Z");
            }
        }

        SimulatedRelays.Identity identity() {
            if (maxRps < 1) {
                throw new IllegalArgumentException("max_rps must be positive");
            }
            if (gatewayPubkeysHex.isEmpty()) {
                throw new IllegalArgumentException(
                        "gateway_pubkeys_hex: at least one key is required");
            }
            return new SimulatedRelays.Identity(
                    keyId,
                    enabled,
                    end(),
                    maxRps,
                    key("app_pubkey_hex", appPubkeyHex),
                    gatewayPubkeysHex.stream().map(hex -> key("gateway_pubkeys_hex", hex)).toList(),
                    Set.copyOf(allowedServices));
        }

        private static PublicKey key(String name, String hex) {
            PublicKey key;
            try {
                key = PublicKey.of(HexFormat.of().parseHex(hex));
            } catch (IllegalArgumentException | RingException e) {
                throw new IllegalArgumentException(
                        name + ": \"" + hex + "\" is not a compressed secp256k1 public key in hex");
            }
            if (key.equals(Ring.PLACEHOLDER)) {
                throw new IllegalArgumentException(
                        name + ": the placeholder key of rings is forbidden; everyone has it");
            }
            return key;
        }
    }
}
