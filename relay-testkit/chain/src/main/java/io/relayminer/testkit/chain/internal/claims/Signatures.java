package io.relayminer.testkit.chain.internal.claims;

import com.google.protobuf.ByteString;

import io.relayminer.core.wire.application.Application;
import io.relayminer.core.wire.application.UndelegatingGatewayList;
import io.relayminer.core.wire.service.RelayRequest;
import io.relayminer.core.wire.service.RelayResponse;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.ring.MalformedKeyException;
import io.relayminer.ring.MalformedSignatureException;
import io.relayminer.ring.PublicKey;
import io.relayminer.ring.Ring;
import io.relayminer.ring.RingPolicy;
import io.relayminer.ring.RingSignature;
import io.relayminer.ring.RingVerdict;
import io.relayminer.ring.RingVerifier;
import io.relayminer.testkit.chain.internal.bank.Bank;
import io.relayminer.testkit.chain.internal.encoding.Hashes;
import io.relayminer.testkit.chain.internal.params.ChainParams;
import io.relayminer.testkit.chain.internal.params.SessionCalendar;
import io.relayminer.testkit.chain.internal.state.ChainAccount;
import io.relayminer.testkit.chain.internal.state.Keys;
import io.relayminer.testkit.chain.internal.state.StateReader;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Signature checks of the chain. The curve arithmetic is the library's; which keys may sign what is
 * decided here, from state.
 */
public final class Signatures {
    /** What the network accepts: larger rings and odd scalars are its business, not a policy's. */
    private static final RingPolicy CHAIN_POLICY =
            RingPolicy.DEFAULT
                    .withSingleMemberAllowed(true)
                    .withScalarsCanonical(false)
                    .withPlaceholderSignerRefused(false);

    private static final RingVerifier VERIFIER =
            RingVerifier.builder().policy(CHAIN_POLICY).build();

    private Signatures() {}

    /** Bech32 address of a 33-byte key; empty text when it is no key. */
    public static String addressOf(ByteString publicKey) {
        PublicKey key = parse(publicKey);
        return key == null ? "" : key.address().toString();
    }

    private static @Nullable PublicKey parse(ByteString publicKey) {
        try {
            return PublicKey.of(publicKey.toByteArray());
        } catch (MalformedKeyException e) {
            return null;
        }
    }

    /**
     * Whether {@code signature} (64 bytes, R then S) is one of {@code publicKey} over SHA-256 of
     * {@code message}.
     */
    public static boolean verify(ByteString publicKey, byte[] message, ByteString signature) {
        PublicKey key = parse(publicKey);
        return key != null && key.verify(message, signature.toByteArray());
    }

    /**
     * Whether the supplier's signature on a response is good: over the hash of its signed part,
     * hashed once more.
     */
    static boolean verifyResponse(ByteString supplierKey, RelayResponse response) {
        byte[] hash = Hashes.sha256(ProofRules.signable(response).toByteArray());
        return verify(supplierKey, hash, response.getMeta().getSupplierOperatorSignature());
    }

    /** What is wrong with the ring signature on a request, or an empty text. */
    static String requestProblem(StateReader state, RelayRequest request) {
        SessionHeader header = request.getMeta().getSessionHeader();
        RingSignature signature;
        try {
            signature =
                    RingSignature.decode(
                            request.getMeta().getSignature().toByteArray(),
                            CHAIN_POLICY.maxMembers());
        } catch (MalformedSignatureException e) {
            return "error deserializing ring signature: "
                    + e.getMessage()
                    + ": "
                    + ProofErrors.RING_INVALID_SIGNATURE;
        }
        List<byte[]> points = new ArrayList<>();
        points.add(signature.keyImage());
        for (int i = 0; i < signature.size(); i++) {
            points.add(signature.memberKey(i));
        }
        for (byte[] point : points) {
            if (parse(ByteString.copyFrom(point)) == null) {
                return "error deserializing ring signature: invalid public key: x coordinate "
                        + Hashes.lowerHex(ByteString.copyFrom(point, 1, point.length - 1))
                        + " is not on the secp256k1 curve: "
                        + ProofErrors.RING_INVALID_SIGNATURE;
            }
        }
        List<PublicKey> keys = new ArrayList<>();
        String application = header.getApplicationAddress();
        String unknown = collectKeys(state, header, keys);
        if (!unknown.isEmpty()) {
            return "error getting ring for application address "
                    + application
                    + ": "
                    + unknown
                    + ": "
                    + ProofErrors.RING_INVALID_REQUEST;
        }
        Ring ring = Ring.expected(keys.get(0), keys.subList(1, keys.size()));
        Set<ByteString> expected = new LinkedHashSet<>();
        keys.forEach(key -> expected.add(ByteString.copyFrom(key.encoded())));
        if (keys.size() == 1) {
            expected.add(ByteString.copyFrom(Ring.PLACEHOLDER.encoded()));
        }
        for (int i = 0; i < signature.size(); i++) {
            if (!expected.contains(ByteString.copyFrom(signature.memberKey(i)))) {
                return "ring signature in the relay request does not match the expected one for the"
                        + " app "
                        + application
                        + ": "
                        + ProofErrors.RING_INVALID_SIGNATURE;
            }
        }
        byte[] message = Hashes.sha256(ProofRules.signable(request).toByteArray());
        RingVerdict verdict = VERIFIER.verify(message, signature, ring);
        return verdict.accepted()
                ? ""
                : "invalid relay request signature or bytes: " + ProofErrors.RING_INVALID_SIGNATURE;
    }

    /**
     * Keys of the application and of the gateways it delegates to for the session; says whose key
     * is missing.
     */
    private static String collectKeys(
            StateReader state, SessionHeader header, List<PublicKey> keys) {
        Application app =
                state.get(Keys.APPLICATIONS + header.getApplicationAddress(), Application.class);
        if (app == null) {
            return "application not found";
        }
        long sessionEnd =
                new SessionCalendar(ChainParams.shared(state))
                        .end(header.getSessionEndBlockHeight());
        List<String> addresses = new ArrayList<>();
        addresses.add(app.getAddress());
        addresses.addAll(delegatedGateways(app, sessionEnd));
        for (String address : addresses) {
            ChainAccount account = Bank.account(state, address);
            PublicKey key = account == null ? null : parse(account.publicKey());
            if (key == null) {
                return "public key not found for " + address;
            }
            keys.add(key);
        }
        return "";
    }

    /**
     * Gateways an application delegates to for a session: the present ones, and those undelegated
     * at its end or later.
     */
    static Set<String> delegatedGateways(Application app, long sessionEnd) {
        Set<String> gateways = new LinkedHashSet<>(app.getDelegateeGatewayAddressesList());
        for (Map.Entry<Long, UndelegatingGatewayList> pending :
                app.getPendingUndelegationsMap().entrySet()) {
            if (Long.compareUnsigned(pending.getKey(), sessionEnd) >= 0) {
                gateways.addAll(pending.getValue().getGatewayAddressesList());
            }
        }
        return gateways;
    }
}
