package io.relayminer.testkit.localnet;

import java.util.List;

/** A localnet cannot run in the environment that it was given; the message is for its user. */
final class LocalnetException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    LocalnetException(String message) {
        super(message);
    }

    /** With one line for each problem. */
    static LocalnetException of(String headline, List<String> problems) {
        return new LocalnetException(headline + "\n  " + String.join("\n  ", problems));
    }
}
