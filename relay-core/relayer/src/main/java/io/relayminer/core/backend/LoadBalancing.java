package io.relayminer.core.backend;

/** How a pool chooses among its healthy endpoints. */
public enum LoadBalancing {
    /** Each relay starts one endpoint further; the first relay of a process at the second one. */
    ROUND_ROBIN,
    /** The first healthy endpoint in the order of the configuration. */
    FIRST_HEALTHY;

    /** What an empty setting means: round robin from two endpoints on. */
    public static LoadBalancing automatic(int endpoints) {
        return endpoints >= 2 ? ROUND_ROBIN : FIRST_HEALTHY;
    }

    /**
     * Reads the setting {@code load_balancing}.
     *
     * @throws IllegalArgumentException naming the accepted values
     */
    public static LoadBalancing parse(String setting, int endpoints) {
        return switch (setting) {
            case "" -> automatic(endpoints);
            case "round_robin" -> ROUND_ROBIN;
            case "first_healthy" -> FIRST_HEALTHY;
            default ->
                    throw new IllegalArgumentException(
                            "load_balancing must be round_robin, first_healthy or empty, got \""
                                    + setting
                                    + "\"");
        };
    }
}
