package io.relayminer.provider;

import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations as people write them in configurations: {@code 250ms}, {@code 90s}, {@code 1h30m}. */
public final class DurationText {

    private static final Pattern WHOLE = Pattern.compile("(\\d{1,12}(ns|us|µs|ms|s|m|h))+");
    private static final Pattern PART = Pattern.compile("(\\d{1,12})(ns|us|µs|ms|s|m|h)");

    private DurationText() {}

    /** The duration, or empty if the text is none. {@code 0} needs no unit. */
    public static Optional<Duration> parse(String text) {
        String stripped = text.strip();
        if (stripped.equals("0")) {
            return Optional.of(Duration.ZERO);
        }
        if (!WHOLE.matcher(stripped).matches()) {
            return Optional.empty();
        }
        Duration sum = Duration.ZERO;
        Matcher part = PART.matcher(stripped);
        while (part.find()) {
            long n = Long.parseLong(part.group(1));
            sum =
                    sum.plus(
                            switch (part.group(2)) {
                                case "ns" -> Duration.ofNanos(n);
                                case "ms" -> Duration.ofMillis(n);
                                case "s" -> Duration.ofSeconds(n);
                                case "m" -> Duration.ofMinutes(n);
                                case "h" -> Duration.ofHours(n);
                                default -> Duration.ofNanos(Math.multiplyExact(n, 1000L));
                            });
        }
        return Optional.of(sum);
    }
}
