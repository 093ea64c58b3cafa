package io.relayminer.core.config;

import java.util.List;

/**
 * A configuration that cannot be used. The message names the source, every offending key with its
 * full path, and what to do; it never repeats the value of a secret.
 */
public final class ConfigException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final List<String> problems;

    ConfigException(String source, List<String> problems) {
        super(
                source
                        + (problems.size() == 1
                                ? ": " + problems.get(0)
                                : ":\n  - " + String.join("\n  - ", problems)));
        this.problems = List.copyOf(problems);
    }

    /** One sentence for each problem. */
    public List<String> problems() {
        return problems;
    }
}
