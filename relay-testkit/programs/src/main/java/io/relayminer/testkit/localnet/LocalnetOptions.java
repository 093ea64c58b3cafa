package io.relayminer.testkit.localnet;

import java.net.URI;
import java.util.Optional;

/**
 * What a localnet run is asked to do.
 *
 * @param rate relays per second
 * @param sessions number of sessions to serve relays in
 * @param applications number of applications, 1 to 5
 * @param suppliers number of suppliers, 1 to 15
 * @param relayBytes size of a relay's JSON-RPC body
 * @param kill whether processes are killed on the way
 * @param externalRpc CometBFT RPC of a chain to use instead of the built-in one
 * @param externalGrpc gRPC address of that chain
 * @param externalRedis Redis to use instead of the built-in one
 * @param inStep whether a block of the built-in chain is made when everyone is done with the last
 *     one, instead of every second
 * @param keepLogs whether the folder with configurations and logs is kept in any case
 */
record LocalnetOptions(
        double rate,
        int sessions,
        int applications,
        int suppliers,
        int relayBytes,
        boolean kill,
        Optional<URI> externalRpc,
        Optional<String> externalGrpc,
        Optional<String> externalRedis,
        boolean inStep,
        boolean keepLogs) {

    LocalnetOptions {
        if (!(rate > 0 && rate <= 10_000)) {
            throw new IllegalArgumentException("the rate is 0 to 10000 relays/s, not " + rate);
        }
        requireRange("sessions", sessions, 1, 1000);
        requireRange("applications", applications, 1, 5);
        requireRange("suppliers", suppliers, 1, 15);
        requireRange("relay bytes", relayBytes, 0, 1 << 20);
        if (externalRpc.isPresent() != externalGrpc.isPresent()) {
            throw new IllegalArgumentException(
                    "an external node needs both its RPC URL and its gRPC address");
        }
        if (inStep && externalRpc.isPresent()) {
            throw new IllegalArgumentException(
                    "--in-step makes the blocks of the built-in chain, not of an external node");
        }
    }

    private static void requireRange(String what, int value, int min, int max) {
        if (value < min || value > max) {
            throw new IllegalArgumentException(
                    what + " must be " + min + " to " + max + ", not " + value);
        }
    }
}
