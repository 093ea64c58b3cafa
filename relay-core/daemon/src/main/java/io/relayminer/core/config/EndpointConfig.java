package io.relayminer.core.config;

/** A listener that can be switched off: {@code metrics}, {@code health_check}. */
public record EndpointConfig(
        @Key("Whether the listener exists.") Boolean enabled,
        @Key("Address to bind, host:port.") String addr) {

    /** The defaults of one listener, filled in where a key is absent. */
    public EndpointConfig orDefaults(boolean enabledByDefault, String defaultAddr) {
        return new EndpointConfig(
                enabled == null ? enabledByDefault : enabled, Check.textOr(addr, defaultAddr));
    }

    /** Whether the listener exists. */
    public boolean isEnabled() {
        return Boolean.TRUE.equals(enabled);
    }

    /** The address; never null after {@link #orDefaults}. */
    public String address() {
        return addr == null ? "" : addr;
    }

    /** A listener about which nothing was said. */
    @SuppressWarnings("NullAway") // null is how the reader says "absent"
    public static EndpointConfig unset() {
        return new EndpointConfig(null, null);
    }
}
