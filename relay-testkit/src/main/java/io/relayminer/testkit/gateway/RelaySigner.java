package io.relayminer.testkit.gateway;

import com.google.protobuf.ByteString;

import io.relayminer.core.wire.HttpMessageCodec;
import io.relayminer.core.wire.RelayCodec;
import io.relayminer.core.wire.service.RelayRequest;
import io.relayminer.core.wire.service.RelayRequestMetadata;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.ring.PrivateKey;
import io.relayminer.ring.PublicKey;
import io.relayminer.ring.Ring;
import io.relayminer.ring.RingSigner;

import java.security.SecureRandom;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/**
 * Signs relay requests for one application with the key of one member of its ring, the application
 * or a gateway it delegates to.
 *
 * <p>Thread-safe. Closing wipes the key.
 */
public final class RelaySigner implements AutoCloseable {

    private final Ring ring;
    private final RingSigner signer;

    /**
     * A signer.
     *
     * @param application the application's key
     * @param gateways keys of the gateways it delegates to
     * @param key private key of the application or of one of the gateways
     * @param random source of nonces
     */
    public RelaySigner(
            PublicKey application,
            Collection<PublicKey> gateways,
            PrivateKey key,
            SecureRandom random) {
        this.ring = Ring.signing(application, gateways);
        this.signer = new RingSigner(key, random);
    }

    /**
     * Signs one request.
     *
     * @param session header of the session, as the chain gives it
     * @param supplier operator address of a supplier in that session
     * @param payload encoded inner HTTP request
     */
    public RelayRequest sign(SessionHeader session, String supplier, ByteString payload) {
        RelayRequest unsigned =
                RelayRequest.newBuilder()
                        .setMeta(
                                RelayRequestMetadata.newBuilder()
                                        .setSessionHeader(session)
                                        .setSupplierOperatorAddress(supplier))
                        .setPayload(payload)
                        .build();
        byte[] signature = signer.sign(RelayCodec.signableHash(unsigned), ring).encoded();
        return unsigned.toBuilder()
                .setMeta(unsigned.getMeta().toBuilder().setSignature(RelayCodec.wrap(signature)))
                .build();
    }

    /** The payload of a JSON-RPC relay: a POST of the given text, as gateways send it. */
    public static ByteString jsonRpc(String body) {
        return HttpMessageCodec.encode(
                HttpMessageCodec.request(
                        "POST",
                        "http://gateway.example/",
                        Map.of("Content-Type", List.of("application/json")),
                        ByteString.copyFromUtf8(body)));
    }

    @Override
    public void close() {
        signer.close();
    }
}
