package io.relayminer.core.config;

import java.util.Set;

/** {@code logging}. */
public record LoggingConfig(
        @Key("debug, info, warn or error.") String level,
        @Key("json or text.") String format,
        @Key("Write log lines on a thread of their own.") Boolean async,
        @Key("Lines that may wait to be written; older ones are kept, further ones dropped.")
                Integer asyncBufferSize,
        @Key("Accepted for compatibility; has no effect.") Integer asyncPollInterval,
        @Key("Accepted for compatibility; has no effect.") Boolean sampling,
        @Key("Accepted for compatibility; has no effect.") Integer samplingInitial,
        @Key("Accepted for compatibility; has no effect.") Integer samplingThereafter,
        @Key("Add file and line of the caller; slow.") Boolean enableCaller,
        @Key("Accepted for compatibility; has no effect.") String output) {

    /** Puts the defaults in place. */
    public LoggingConfig {
        level = Check.textOr(level, "info");
        format = Check.textOr(format, "json");
        async = Check.orDefault(async, true);
        asyncBufferSize =
                Check.inRange(
                        "async_buffer_size",
                        Check.orDefault(asyncBufferSize, 100_000),
                        1,
                        10_000_000);
        asyncPollInterval = Check.orDefault(asyncPollInterval, 100);
        sampling = Check.orDefault(sampling, false);
        samplingInitial = Check.orDefault(samplingInitial, 100);
        samplingThereafter = Check.orDefault(samplingThereafter, 10);
        enableCaller = Check.orDefault(enableCaller, false);
        output = Check.textOr(output, "stderr");
        if (!Set.of("trace", "debug", "info", "warn", "error").contains(level)) {
            throw new IllegalArgumentException("level must be debug, info, warn or error");
        }
        if (!Set.of("json", "text").contains(format)) {
            throw new IllegalArgumentException("format must be json or text");
        }
    }

    /** All keys at their defaults. */
    @SuppressWarnings("NullAway") // null is how the reader says "absent"
    public static LoggingConfig defaults() {
        return new LoggingConfig(null, null, null, null, null, null, null, null, null, null);
    }
}
