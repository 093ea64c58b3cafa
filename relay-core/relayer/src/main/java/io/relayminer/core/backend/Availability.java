package io.relayminer.core.backend;

/** Whether a call to a pool could be attempted right now. */
public enum Availability {
    /** At least one endpoint is in service. */
    AVAILABLE,
    /** The service is not configured, or has no backend of that type. */
    NO_POOL,
    /** There is a pool, but every endpoint is out of service. */
    NONE_HEALTHY
}
