package io.relayminer.testkit.chain.internal.query;

import com.google.protobuf.MessageLite;

import io.grpc.Status;
import io.relayminer.core.wire.session.QueryGetSessionRequest;
import io.relayminer.core.wire.session.QueryGetSessionResponse;
import io.relayminer.testkit.chain.internal.encoding.Bech32Text;
import io.relayminer.testkit.chain.internal.query.QueryRouter.QueryContext;
import io.relayminer.testkit.chain.internal.session.SessionDraw;

/** The query for a session. */
final class SessionQueries {
    private SessionQueries() {}

    static void register(QueryRouter router) {
        router.add(
                "pocket.session.Query/GetSession",
                QueryGetSessionRequest.getDefaultInstance(),
                SessionQueries::session);
    }

    private static MessageLite session(QueryContext context, QueryGetSessionRequest request)
            throws QueryException {
        try {
            Bech32Text.decodeAccount(request.getApplicationAddress());
        } catch (Bech32Text.AddressException e) {
            throw QueryException.invalid(e.text() + ": invalid application address for session");
        }
        String badServiceId = SessionDraw.serviceIdProblem(request.getServiceId());
        if (!badServiceId.isEmpty()) {
            throw QueryException.invalid(badServiceId);
        }
        if (request.getBlockHeight() < 0) {
            throw QueryException.invalid(
                    "invalid block height for session being retrieved "
                            + request.getBlockHeight()
                            + ";: invalid block height for session");
        }
        long height = request.getBlockHeight() == 0 ? context.height() : request.getBlockHeight();
        try {
            return QueryGetSessionResponse.newBuilder()
                    .setSession(
                            SessionDraw.hydrate(
                                    context.state(),
                                    context.height(),
                                    request.getApplicationAddress(),
                                    request.getServiceId(),
                                    height))
                    .build();
        } catch (SessionDraw.HydrationException e) {
            throw new QueryException(Status.Code.INTERNAL, e.text());
        }
    }
}
