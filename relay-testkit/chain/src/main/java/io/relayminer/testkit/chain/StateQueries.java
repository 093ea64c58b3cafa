package io.relayminer.testkit.chain;

/** All queries that are answered from state. */
final class StateQueries {
    private StateQueries() {}

    static void register(QueryRouter router) {
        ParameterQueries.register(router);
        AccountQueries.register(router);
        BalanceQueries.register(router);
        StakeQueries.register(router);
        ServiceQueries.register(router);
        ClaimQueries.register(router);
        SessionQueries.register(router);
    }
}
