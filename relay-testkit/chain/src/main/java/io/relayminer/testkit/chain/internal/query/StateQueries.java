package io.relayminer.testkit.chain.internal.query;

/** All queries that are answered from state. */
public final class StateQueries {
    private StateQueries() {}

    public static void register(QueryRouter router) {
        ParameterQueries.register(router);
        AccountQueries.register(router);
        BalanceQueries.register(router);
        StakeQueries.register(router);
        ServiceQueries.register(router);
        ClaimQueries.register(router);
        SessionQueries.register(router);
    }
}
