package io.relayminer.testkit.chain.internal.query;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;

import io.grpc.Status;
import io.relayminer.core.wire.cosmos.query.PageRequest;
import io.relayminer.core.wire.proof.Claim;
import io.relayminer.core.wire.proof.Proof;
import io.relayminer.core.wire.proof.QueryAllClaimsRequest;
import io.relayminer.core.wire.proof.QueryAllClaimsResponse;
import io.relayminer.core.wire.proof.QueryAllProofsRequest;
import io.relayminer.core.wire.proof.QueryAllProofsResponse;
import io.relayminer.core.wire.proof.QueryGetClaimRequest;
import io.relayminer.core.wire.proof.QueryGetClaimResponse;
import io.relayminer.core.wire.proof.QueryGetProofRequest;
import io.relayminer.core.wire.proof.QueryGetProofResponse;
import io.relayminer.testkit.chain.internal.claims.ProofErrors;
import io.relayminer.testkit.chain.internal.encoding.Bech32Text;
import io.relayminer.testkit.chain.internal.query.QueryRouter.QueryContext;
import io.relayminer.testkit.chain.internal.state.Keys;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Queries for claims and proofs. */
final class ClaimQueries {
    private ClaimQueries() {}

    static void register(QueryRouter router) {
        router.add(
                "pocket.proof.Query/Claim",
                QueryGetClaimRequest.getDefaultInstance(),
                (context, request) -> {
                    requireClaimKey(
                            "claim", request.getSessionId(), request.getSupplierOperatorAddress());
                    Claim claim =
                            context.state()
                                    .get(
                                            Keys.claim(
                                                    request.getSessionId(),
                                                    request.getSupplierOperatorAddress()),
                                            Claim.class);
                    if (claim == null) {
                        throw QueryException.notFound(
                                absent(
                                        request.getSessionId(),
                                        request.getSupplierOperatorAddress(),
                                        ProofErrors.CLAIM_NOT_FOUND));
                    }
                    return QueryGetClaimResponse.newBuilder().setClaim(claim).build();
                });
        router.add(
                "pocket.proof.Query/Proof",
                QueryGetProofRequest.getDefaultInstance(),
                (context, request) -> {
                    requireClaimKey(
                            "proof", request.getSessionId(), request.getSupplierOperatorAddress());
                    Proof proof =
                            context.state()
                                    .get(
                                            Keys.proof(
                                                    request.getSessionId(),
                                                    request.getSupplierOperatorAddress()),
                                            Proof.class);
                    if (proof == null) {
                        throw QueryException.notFound(
                                absent(
                                        request.getSessionId(),
                                        request.getSupplierOperatorAddress(),
                                        ProofErrors.PROOF_NOT_FOUND));
                    }
                    return QueryGetProofResponse.newBuilder().setProof(proof).build();
                });
        router.add(
                "pocket.proof.Query/AllClaims",
                QueryAllClaimsRequest.getDefaultInstance(),
                ClaimQueries::allClaims);
        router.add(
                "pocket.proof.Query/AllProofs",
                QueryAllProofsRequest.getDefaultInstance(),
                (context, request) -> {
                    Pages.Page<Proof> page =
                            pageOf(
                                    Pages.under(context.state(), Keys.PROOFS, Proof.class),
                                    request.getPagination());
                    return QueryAllProofsResponse.newBuilder()
                            .addAllProofs(page.values())
                            .setPagination(page.response())
                            .build();
                });
    }

    private static String absent(String sessionId, String supplier, String what) {
        return "session ID \"" + sessionId + "\" and supplier \"" + supplier + "\": " + what;
    }

    private static void requireClaimKey(String what, String sessionId, String supplier)
            throws QueryException {
        try {
            Bech32Text.decodeAccount(supplier);
        } catch (Bech32Text.AddressException e) {
            throw QueryException.invalid(
                    "invalid supplier operator address for "
                            + what
                            + " being retrieved "
                            + supplier
                            + "; ("
                            + e.text()
                            + "): "
                            + ProofErrors.INVALID_ADDRESS);
        }
        if (sessionId.isEmpty()) {
            throw QueryException.invalid(
                    "invalid empty session ID for "
                            + what
                            + " being retrieved: "
                            + ProofErrors.INVALID_SESSION_ID);
        }
    }

    private static <T> Pages.Page<T> pageOf(List<Pages.Entry<T>> entries, PageRequest request)
            throws QueryException {
        try {
            return Pages.of(entries, request);
        } catch (QueryException e) {
            throw new QueryException(Status.Code.INTERNAL, e.text());
        }
    }

    private static MessageLite allClaims(QueryContext context, QueryAllClaimsRequest request)
            throws QueryException {
        List<Pages.Entry<Claim>> entries =
                switch (request.getFilterCase()) {
                    case SUPPLIER_OPERATOR_ADDRESS ->
                            indexed(
                                    context,
                                    Keys.CLAIMS_BY_SUPPLIER
                                            + request.getSupplierOperatorAddress()
                                            + "/",
                                    request.getSupplierOperatorAddress());
                    case SESSION_END_HEIGHT ->
                            indexed(
                                    context,
                                    Keys.claimsEnding(Math.max(0, request.getSessionEndHeight())),
                                    null);
                    case SESSION_ID ->
                            request.getSessionId().isEmpty()
                                    ? primary(context, Keys.CLAIMS, "")
                                    : primary(
                                            context,
                                            Keys.CLAIMS + request.getSessionId() + "/",
                                            "/");
                    default -> primary(context, Keys.CLAIMS, "");
                };
        Pages.Page<Claim> page = pageOf(entries, request.getPagination());
        return QueryAllClaimsResponse.newBuilder()
                .addAllClaims(page.values())
                .setPagination(page.response())
                .build();
    }

    private static List<Pages.Entry<Claim>> primary(
            QueryContext context, String prefix, String keyPrefix) {
        List<Pages.Entry<Claim>> entries = new ArrayList<>();
        for (Map.Entry<String, Object> entry : context.state().scan(prefix)) {
            entries.add(
                    new Pages.Entry<>(
                            ByteString.copyFromUtf8(
                                    keyPrefix + entry.getKey().substring(prefix.length())),
                            (Claim) entry.getValue()));
        }
        return entries;
    }

    /**
     * Claims behind an index whose entries end with the session id, and with the supplier unless it
     * is given.
     */
    private static List<Pages.Entry<Claim>> indexed(
            QueryContext context, String prefix, @Nullable String supplier) {
        List<Pages.Entry<Claim>> entries = new ArrayList<>();
        for (Map.Entry<String, Object> entry : context.state().scan(prefix)) {
            String rest = entry.getKey().substring(prefix.length());
            String key = supplier == null ? rest : rest + "/" + supplier;
            Claim claim = context.state().get(Keys.CLAIMS + key, Claim.class);
            if (claim != null) {
                entries.add(new Pages.Entry<>(ByteString.copyFromUtf8("/" + key), claim));
            }
        }
        return entries;
    }
}
