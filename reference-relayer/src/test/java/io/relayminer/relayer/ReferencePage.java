package io.relayminer.relayer;

/** The page of all configuration keys, around the table that the records give. */
final class ReferencePage {

    private ReferencePage() {}

    static String of(String table) {
        return """
        # Configuration of the relayer

        The relayer reads one YAML file, `relayer --config FILE`. An unknown key is an error that names the
        nearest known one; `--lenient-config` makes it a warning. `${NAME}` inside a text is replaced by the
        environment variable, `$${` stands for `${`. A secret may be given as `<key>_file`, the path of a
        file that holds it. `relayer validate --config FILE` checks a file and the keys it names,
        `relayer --config FILE --print-config` prints what is in force with secrets masked.

        The older layout is accepted as well: a root key `relayer` with `listen_address`, `health_address`,
        `metrics_address`, `redis.address`, `backends.<service>.url` and
        `supplier_keys[].{address, private_key_hex}`. Both forms of one value with different contents are an
        error. An address that does not belong to its key is an error.

        Choices worth knowing:

        * An empty payload is a relay like any other: the backend gets a `GET` of its path without a body.
        * `optimistic` validation calls the backend while the signature is verified and answers only if both
          succeed. It hides the time of the verification and costs backend calls for forged relays.
        * A constant of a session that cannot be read (compute units, difficulty, parameters) refuses the
          relay with 503; nothing is assumed in its place.
        * `publish.mode: confirmed` answers after Redis acknowledged the relay. Under `async` a crash loses
          the relays that were still waiting.
        * A lease of the relay meter is budget taken from Redis in advance; a crash forfeits at most
          `relay_meter.lease_relays` relays' worth per session and supplier.

        ## Keys

        """
                        .stripIndent()
                + table;
    }
}
