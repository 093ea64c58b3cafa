package io.relayminer.core.redis;

import java.time.DateTimeException;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * RFC 3339 times as Go writes them: up to nine fractional digits without trailing zeros, {@code Z}
 * or an offset, and year 1 for "never".
 */
public final class GoTime {

    /** Go's zero time. */
    public static final OffsetDateTime ZERO =
            OffsetDateTime.of(1, 1, 1, 0, 0, 0, 0, ZoneOffset.UTC);

    private static final Pattern FORM =
            Pattern.compile(
                    "(\\d{4})-(\\d{2})-(\\d{2})T(\\d{2}):(\\d{2}):(\\d{2})(?:[.,](\\d{1,18}))?"
                            + "(Z|[+-]\\d{2}:\\d{2})");

    private GoTime() {}

    public static String format(OffsetDateTime time) {
        StringBuilder text = new StringBuilder(35);
        pad(text, time.getYear(), 4).append('-');
        pad(text, time.getMonthValue(), 2).append('-');
        pad(text, time.getDayOfMonth(), 2).append('T');
        pad(text, time.getHour(), 2).append(':');
        pad(text, time.getMinute(), 2).append(':');
        pad(text, time.getSecond(), 2);
        int nano = time.getNano();
        if (nano != 0) {
            StringBuilder fraction = pad(new StringBuilder(9), nano, 9);
            int end = 9;
            while (fraction.charAt(end - 1) == '0') {
                end--;
            }
            text.append('.').append(fraction, 0, end);
        }
        int offset = time.getOffset().getTotalSeconds();
        if (offset == 0) {
            return text.append('Z').toString();
        }
        int minutes = Math.abs(offset) / 60;
        text.append(offset < 0 ? '-' : '+');
        pad(text, minutes / 60, 2).append(':');
        return pad(text, minutes % 60, 2).toString();
    }

    public static OffsetDateTime parse(String what, String text) {
        Matcher m = FORM.matcher(text);
        if (m.matches()) {
            try {
                int nano = 0;
                String fraction = m.group(7);
                if (fraction != null) {
                    nano = Integer.parseInt((fraction + "000000000").substring(0, 9));
                }
                return OffsetDateTime.of(
                        Integer.parseInt(m.group(1)),
                        Integer.parseInt(m.group(2)),
                        Integer.parseInt(m.group(3)),
                        Integer.parseInt(m.group(4)),
                        Integer.parseInt(m.group(5)),
                        Integer.parseInt(m.group(6)),
                        nano,
                        ZoneOffset.of(m.group(8)));
            } catch (DateTimeException e) {
                throw new RedisStateException.MalformedValue(
                        what + " is not a valid time: " + text, e);
            }
        }
        throw new RedisStateException.MalformedValue(
                what + " is not an RFC 3339 time (2006-01-02T15:04:05.999999999Z)");
    }

    private static StringBuilder pad(StringBuilder text, int value, int width) {
        String digits = Integer.toString(value);
        for (int i = digits.length(); i < width; i++) {
            text.append('0');
        }
        return text.append(digits);
    }
}
