package io.relayminer.core.miner;

import com.google.protobuf.ByteString;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.relayminer.core.tx.TxSigner;
import io.relayminer.core.wire.RelayCodec;
import io.relayminer.core.wire.service.RelayRequest;
import io.relayminer.core.wire.service.RelayRequestMetadata;
import io.relayminer.core.wire.service.RelayResponse;
import io.relayminer.core.wire.service.RelayResponseMetadata;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.transport.MinedRelay;

import java.time.Duration;

/** What workers need around them, made of a store in memory and a simulated chain. */
final class SimWorld {

    private SimWorld() {}

    /** Blocks come every four seconds; nobody is told anything. */
    static SupplierWorker.Services services(
            SimStore store, SimChain chain, MinerSettings settings) {
        ChainCalls calls = new ChainCalls(Duration.ofSeconds(5));
        return new SupplierWorker.Services(
                store,
                new SessionConstantsSource(chain.queries(), calls),
                chain.queries(),
                chain,
                calls,
                new SessionSignals() {
                    @Override
                    public void sealed(String supplier, String sessionId) {}

                    @Override
                    public void met(String application, String service) {}
                },
                () -> Duration.ofSeconds(4),
                settings,
                new MinerMetrics(new SimpleMeterRegistry()),
                chain::now);
    }

    /** A relay as a relayer appends it; the number makes it differ from all others. */
    static MinedRelay relay(
            SimChain chain, SessionHeader header, String supplier, int number, boolean withHash) {
        RelayRequest request =
                RelayRequest.newBuilder()
                        .setMeta(
                                RelayRequestMetadata.newBuilder()
                                        .setSessionHeader(header)
                                        .setSignature(SimChain.bytes("ring signature"))
                                        .setSupplierOperatorAddress(supplier))
                        .setPayload(SimChain.bytes("request " + number))
                        .build();
        RelayResponse response =
                RelayResponse.newBuilder()
                        .setMeta(
                                RelayResponseMetadata.newBuilder()
                                        .setSessionHeader(header)
                                        .setSupplierOperatorSignature(SimChain.bytes("signature")))
                        .setPayloadHash(ByteString.copyFrom(new byte[32]))
                        .build();
        byte[] leaf = RelayCodec.leaf(request, response);
        return new MinedRelay(
                withHash ? RelayCodec.relayHash(leaf) : new byte[0],
                leaf,
                SimChain.UNITS,
                header.getSessionId(),
                header.getSessionStartBlockHeight(),
                header.getSessionEndBlockHeight(),
                supplier,
                header.getServiceId(),
                header.getApplicationAddress(),
                chain.height,
                1);
    }

    /** A key whose signatures nobody checks. */
    record Signer(String address) implements TxSigner {
        @Override
        public byte[] publicKey() {
            return new byte[33];
        }

        @Override
        public byte[] sign(byte[] message) {
            return new byte[64];
        }
    }
}
