package io.relayminer.core.session;

import static io.relayminer.testkit.vectors.VectorFile.hex;
import static io.relayminer.testkit.vectors.VectorFile.uint64;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.FieldDescriptor;

import io.relayminer.core.session.SessionHydration.Found;
import io.relayminer.core.session.SessionHydration.Missing;
import io.relayminer.core.session.SupplierSelection.Candidate;
import io.relayminer.core.wire.RelayCodec;
import io.relayminer.core.wire.application.Application;
import io.relayminer.core.wire.application.UndelegatingGatewayList;
import io.relayminer.core.wire.proof.Claim;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.core.wire.shared.Params;
import io.relayminer.testkit.vectors.VectorFile;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

class SessionVectorsTest {

    @Test
    void everySession() throws IOException {
        new VectorFile("session.json").runAll(SessionVectorsTest::check);
    }

    private static void check(JsonNode vector) {
        switch (vector.get("kind").asText()) {
            case "grid" -> grid(vector);
            case "grace_elapsed" ->
                    assertEquals(
                            vector.get("elapsed").asBoolean(),
                            SessionGrid.isGraceElapsed(
                                    params(vector),
                                    vector.get("query_height").longValue(),
                                    vector.get("current_height").longValue()));
            case "windows" -> windows(vector);
            case "session_id" -> sessionId(vector);
            case "hydration" -> hydration(vector);
            case "delegated_gateways" -> delegatedGateways(vector);
            case "proof_path" ->
                    assertEquals(
                            vector.get("path").asText(),
                            hex(
                                    ProofPath.of(
                                            hex(vector.get("block_hash")),
                                            vector.get("session_id").asText())));
            case "varint" ->
                    assertEquals(
                            uint64(vector.get("value")),
                            ProofRequirement.varint(hex(vector.get("bytes"))));
            case "math_rand" -> mathRand(vector);
            case "seeded" -> seeded(vector);
            case "claimed_amount" -> claimedAmount(vector);
            case "proof_requirement" -> proofRequirement(vector);
            default -> throw new AssertionError("unknown kind " + vector.get("kind"));
        }
    }

    private static Params params(JsonNode vector) {
        Params.Builder params = Params.newBuilder();
        vector.get("params")
                .properties()
                .forEach(
                        entry -> {
                            FieldDescriptor field =
                                    Params.getDescriptor().findFieldByName(entry.getKey());
                            params.setField(field, uint64(entry.getValue()));
                        });
        return params.build();
    }

    private static void grid(JsonNode vector) {
        Params params = params(vector);
        for (JsonNode row : vector.get("cases")) {
            long height = row.get(0).longValue();
            String at = "height " + height;
            assertEquals(row.get(1).longValue(), SessionGrid.startHeight(params, height), at);
            assertEquals(row.get(2).longValue(), SessionGrid.endHeight(params, height), at);
            assertEquals(row.get(3).longValue(), SessionGrid.number(params, height), at);
            assertEquals(row.get(4).longValue(), SessionGrid.nextStartHeight(params, height), at);
            assertEquals(row.get(5).longValue(), SessionGrid.graceEndHeight(params, height), at);
            assertEquals(row.get(6).asBoolean(), SessionGrid.isStart(params, height), at);
            assertEquals(row.get(7).asBoolean(), SessionGrid.isEnd(params, height), at);
        }
    }

    private static void windows(JsonNode vector) {
        Params params = params(vector);
        assertEquals(
                vector.get("session_end_to_proof_window_close_blocks").longValue(),
                SessionWindows.offsetsTotal(params));
        assertEquals(
                vector.get("num_pending_sessions").longValue(),
                SessionWindows.pendingSessions(params));
        for (JsonNode row : vector.get("cases")) {
            SessionWindows windows = SessionWindows.of(params, row.get(0).longValue());
            List<Long> expected = new ArrayList<>();
            row.forEach(value -> expected.add(value.longValue()));
            assertEquals(
                    expected.subList(1, expected.size()),
                    List.of(
                            windows.sessionEnd(),
                            windows.graceEnd(),
                            windows.claimOpen(),
                            windows.claimClose(),
                            windows.proofOpen(),
                            windows.proofClose(),
                            windows.earliestClaim(),
                            windows.earliestProof(),
                            windows.seedHeight(),
                            windows.settlementHeight()));
        }
    }

    private static void sessionId(JsonNode vector) {
        long start =
                SessionGrid.startHeight(params(vector), vector.get("query_height").longValue());
        assertEquals(vector.get("start_height").longValue(), start);
        SessionId id =
                SessionId.of(
                        hex(vector.get("block_hash")),
                        vector.get("service_id").asText(),
                        vector.get("application_address").asText(),
                        start);
        assertEquals(vector.get("id_bytes").asText(), hex(id.preimage()));
        assertEquals(vector.get("session_id").asText(), id.hex());
    }

    private static void hydration(JsonNode vector) {
        List<Candidate> candidates = new ArrayList<>();
        for (JsonNode row : vector.get("candidates")) {
            candidates.add(
                    new Candidate(
                            row.get(0).asText(), row.get(1).longValue(), row.get(2).longValue()));
        }
        Set<String> missing = new HashSet<>();
        if (vector.has("missing_supplier_records")) {
            vector.get("missing_supplier_records").forEach(row -> missing.add(row.asText()));
        }
        SessionHydration.Result result =
                SessionHydration.of(
                        new SessionHydration.Query(
                                vector.get("application_address").asText(),
                                vector.get("service_id").asText(),
                                vector.get("query_height").longValue(),
                                vector.get("current_height").longValue(),
                                params(vector),
                                vector.get("num_suppliers_per_session").longValue(),
                                ByteString.copyFrom(hex(vector.get("block_hash"))),
                                application(vector),
                                candidates,
                                missing));
        if (!vector.get("ok").asBoolean()) {
            assertEquals(
                    vector.get("error_code").intValue(),
                    assertInstanceOf(Missing.class, result).reason().code());
            return;
        }
        Found found = assertInstanceOf(Found.class, result);
        assertEquals(vector.get("session_id").asText(), found.id().hex());
        assertEquals(vector.get("session_number").longValue(), found.number());
        assertEquals(vector.get("start_height").longValue(), found.startHeight());
        assertEquals(vector.get("end_height").longValue(), found.endHeight());
        assertEquals(vector.get("num_blocks_per_session").longValue(), found.length());
        List<String> suppliers = new ArrayList<>();
        vector.get("suppliers").forEach(supplier -> suppliers.add(supplier.asText()));
        assertEquals(suppliers, found.suppliers());
        if (vector.has("weights")) {
            for (JsonNode row : vector.get("weights")) {
                assertEquals(uint64(row.get(1)), found.id().weight(row.get(0).asText()));
            }
        }
    }

    private static Optional<Application> application(JsonNode vector) {
        if (!vector.has("application")) {
            Application.Builder staked = Application.newBuilder();
            staked.addServiceConfigsBuilder().setServiceId(vector.get("service_id").asText());
            return Optional.of(staked.build());
        }
        JsonNode fields = vector.get("application");
        if (fields.isNull()) {
            return Optional.empty();
        }
        Application.Builder application = Application.newBuilder();
        application.setUnstakeSessionEndHeight(
                fields.get("unstake_session_end_height").longValue());
        if (fields.has("pending_transfer_session_end_height")) {
            application
                    .getPendingTransferBuilder()
                    .setSessionEndHeight(
                            fields.get("pending_transfer_session_end_height").longValue());
        }
        fields.get("service_ids")
                .forEach(id -> application.addServiceConfigsBuilder().setServiceId(id.asText()));
        fields.get("service_history")
                .forEach(
                        row -> {
                            var update = application.addServiceConfigHistoryBuilder();
                            update.getServiceBuilder().setServiceId(row.get(0).asText());
                            update.setActivationHeight(row.get(1).longValue());
                            update.setDeactivationHeight(row.get(2).longValue());
                        });
        return Optional.of(application.build());
    }

    private static void delegatedGateways(JsonNode vector) {
        Application.Builder application = Application.newBuilder();
        vector.get("delegatee_gateway_addresses")
                .forEach(address -> application.addDelegateeGatewayAddresses(address.asText()));
        for (JsonNode row : vector.get("pending_undelegations")) {
            UndelegatingGatewayList.Builder list = UndelegatingGatewayList.newBuilder();
            row.get(1).forEach(address -> list.addGatewayAddresses(address.asText()));
            application.putPendingUndelegations(row.get(0).longValue(), list.build());
        }
        List<String> expected = new ArrayList<>();
        vector.get("gateways").forEach(address -> expected.add(address.asText()));
        assertEquals(
                expected,
                DelegatedGateways.at(
                        application.build(), vector.get("session_end_height").longValue()));
    }

    private static void mathRand(JsonNode vector) {
        long seed = uint64(vector.get("seed"));
        assertEquals(seed, ProofRequirement.varint(hex(vector.get("varint"))));
        GoLegacyRandom integers = new GoLegacyRandom(seed);
        assertEquals(uint64(vector.get("int63")), integers.nextInt63());
        assertEquals(uint64(vector.get("int63_second")), integers.nextInt63());
        assertBits(vector.get("float_bits"), new GoLegacyRandom(seed).nextFloat64());
    }

    private static void seeded(JsonNode vector) {
        List<byte[]> parts = new ArrayList<>();
        vector.get("parts").forEach(part -> parts.add(hex(part)));
        byte[][] array = parts.toArray(byte[][]::new);
        assertEquals(vector.get("sha256").asText(), hex(Sha.sha256(array)));
        long seed = ProofRequirement.seed(array);
        assertEquals(uint64(vector.get("seed")), seed);
        assertBits(vector.get("float_bits"), new GoLegacyRandom(seed).nextFloat64());
        assertEquals(uint64(vector.get("int63")), new GoLegacyRandom(seed).nextInt63());
    }

    private static void claimedAmount(JsonNode vector) {
        ClaimAmounts amounts =
                ClaimAmounts.of(
                        uint64(vector.get("sum")),
                        uint64(vector.get("count")),
                        hex(vector.get("target_hash")),
                        uint64(vector.get("compute_units_to_tokens_multiplier")),
                        uint64(vector.get("compute_unit_cost_granularity")));
        assertEquals(new BigInteger(vector.get("claimed_upokt").asText()), amounts.claimedUpokt());
        assertEquals(
                uint64(vector.get("estimated_compute_units")), amounts.estimatedComputeUnits());
        assertEquals(uint64(vector.get("estimated_relays")), amounts.estimatedRelays());
    }

    private static void proofRequirement(JsonNode vector) {
        JsonNode header = vector.get("session_header");
        Params params = params(vector);
        Claim claim =
                Claim.newBuilder()
                        .setSupplierOperatorAddress(
                                vector.get("supplier_operator_address").asText())
                        .setSessionHeader(
                                SessionHeader.newBuilder()
                                        .setApplicationAddress(
                                                header.get("application_address").asText())
                                        .setServiceId(header.get("service_id").asText())
                                        .setSessionId(header.get("session_id").asText())
                                        .setSessionStartBlockHeight(
                                                header.get("session_start_block_height")
                                                        .longValue())
                                        .setSessionEndBlockHeight(
                                                header.get("session_end_block_height").longValue()))
                        .setRootHash(ByteString.copyFrom(hex(vector.get("root_hash"))))
                        .setProofValidationStatusValue(
                                vector.get("proof_validation_status").intValue())
                        .build();
        assertEquals(vector.get("claim_bytes").asText(), hex(claim.toByteArray()));
        byte[] claimHash = RelayCodec.claimHash(claim);
        assertEquals(vector.get("claim_hash").asText(), hex(claimHash));
        byte[] seedHash = hex(vector.get("seed_block_hash"));
        assertEquals(vector.get("inner_hash").asText(), hex(Sha.sha256(claimHash, seedHash)));
        assertEquals(uint64(vector.get("seed")), ProofRequirement.seed(claimHash, seedHash));
        double sample = ProofRequirement.sample(claim, seedHash);
        assertBits(vector.get("sample_bits"), sample);
        assertEquals(
                vector.get("seed_height").longValue(),
                SessionWindows.of(params, header.get("session_end_block_height").longValue())
                        .seedHeight());
        var root = claim.getRootHash().substring(32).asReadOnlyByteBuffer();
        long sum = root.getLong();
        long count = root.getLong();
        BigInteger claimed =
                ClaimAmounts.of(
                                sum,
                                count,
                                hex(vector.get("target_hash")),
                                params.getComputeUnitsToTokensMultiplier(),
                                params.getComputeUnitCostGranularity())
                        .claimedUpokt();
        assertEquals(new BigInteger(vector.get("claimed_upokt").asText()), claimed);
        assertEquals(
                vector.get("requirement").asText(),
                ProofRequirement.of(
                                claim,
                                claimed,
                                seedHash,
                                new BigInteger(vector.get("proof_requirement_threshold").asText()),
                                Double.longBitsToDouble(
                                        Long.parseUnsignedLong(
                                                vector.get("proof_request_probability_bits")
                                                        .asText(),
                                                16)))
                        .name());
    }

    private static void assertBits(JsonNode bits, double value) {
        assertEquals(Long.parseUnsignedLong(bits.asText(), 16), Double.doubleToRawLongBits(value));
    }
}
