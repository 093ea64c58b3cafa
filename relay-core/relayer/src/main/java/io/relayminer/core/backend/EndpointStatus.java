package io.relayminer.core.backend;

/**
 * State of one endpoint for the readiness document.
 *
 * @param type backend type of its pool
 * @param name name of the endpoint
 * @param url its URL with credentials masked
 * @param healthy whether relays are sent to it
 */
public record EndpointStatus(String type, String name, String url, boolean healthy) {}
