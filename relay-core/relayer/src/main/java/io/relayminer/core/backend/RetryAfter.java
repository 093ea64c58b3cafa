package io.relayminer.core.backend;

import io.relayminer.transport.Headers;

import org.jspecify.annotations.Nullable;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;

/** The header {@code Retry-After}, RFC 9110 §10.2.3: seconds, or a date. */
final class RetryAfter {

    /** What an endpoint gets that asks for a pause without saying how long, or not legibly. */
    private static final Duration UNSAID = Duration.ofSeconds(1);

    /** No endpoint is passed over for longer on its own word. */
    private static final Duration LONGEST = Duration.ofMinutes(5);

    private RetryAfter() {}

    /** The pause that an answer of status 429 asks for; positive. */
    static Duration of(Headers headers, Instant now) {
        Duration said = parse(headers.first("Retry-After"), now);
        if (said.isNegative() || said.isZero()) {
            return UNSAID;
        }
        return said.compareTo(LONGEST) > 0 ? LONGEST : said;
    }

    private static Duration parse(@Nullable String value, Instant now) {
        if (value == null) {
            return UNSAID;
        }
        String text = value.trim();
        try {
            return Duration.ofSeconds(Long.parseLong(text));
        } catch (NumberFormatException notSeconds) {
            return until(text, now);
        }
    }

    private static Duration until(String date, Instant now) {
        try {
            return Duration.between(
                    now, DateTimeFormatter.RFC_1123_DATE_TIME.parse(date, Instant::from));
        } catch (DateTimeException illegible) {
            return UNSAID;
        }
    }
}
