package io.relayminer.miner;

/** The page of all configuration keys, around the table that the records give. */
final class ReferencePage {

    private ReferencePage() {}

    static String of(String table) {
        return """
        # Configuration of the miner

        The miner reads one YAML file, `miner --config FILE`. An unknown key is an error that names the
        nearest known one; `--lenient-config` makes it a warning. `${NAME}` inside a text is replaced by the
        environment variable, `$${` stands for `${`. A secret may be given as `<key>_file`, the path of a
        file that holds it. `miner validate --config FILE` checks a file and the keys it names,
        `miner --config FILE --print-config` prints what is in force with secrets masked.

        The older layout is accepted as well: a root key `miner` with `redis.address`, `chain.rpc_url`,
        `chain.grpc_address` and `metrics_address`; so are `redis.consumer_name` and
        `redis.claim_idle_timeout_ms`. Both forms of one value with different contents are an error.

        Choices worth knowing:

        * Leases: a replica that dies is replaced after `supplier_claiming.claim_ttl_seconds`, the time
          between two renewals and `supplier_claiming.rebalance_interval_seconds` together. Make the sum less
          than half of the claim window; the other half belongs to `claims.settle_seconds`. The name of a replica gets a unique part at each start, so
          a restarted process never mistakes its predecessor's lease for its own.
        * A session is sealed `claims.settle_seconds` after its claim window has opened, so that relays
          accepted at the last moment are paid, and when its part of the stream is drained. The time is
          rounded up to blocks and never takes more than half of the claim window.
        * Claims and proofs are repeated at every block until they are on chain or the window has closed:
          first with the same bytes, and at most `transaction.max_rebroadcasts` times signed anew.
        * Records of sessions that are not over never expire in Redis, whatever `session_ttl` says.
        * `submission_tracking_ttl` is seven days, so that an operator can look back over a week.

        ## Keys

        """
                        .stripIndent()
                + table;
    }
}
