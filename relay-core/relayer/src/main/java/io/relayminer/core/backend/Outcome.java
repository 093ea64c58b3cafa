package io.relayminer.core.backend;

/** How a backend call ended, with the label value it has in metrics. */
public enum Outcome {
    /** An answer below 500. */
    SUCCESS("success"),
    /** An answer of 500 or more. */
    BACKEND_5XX("backend_5xx"),
    /** The deadline of the service, or the limit for the response head, passed. */
    BACKEND_TIMEOUT("backend_timeout"),
    /** The client went away first. */
    CLIENT_DISCONNECTED("client_disconnected"),
    /** Everything else: connecting, TLS, DNS, broken or oversized response. */
    BACKEND_NETWORK_ERROR("backend_network_error");

    private final String label;

    Outcome(String label) {
        this.label = label;
    }

    /** Value of the metric label {@code outcome}. */
    public String label() {
        return label;
    }
}
