package io.relayminer.smst.redis;

import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * A script's reply: a code, then what the code calls for. Numbers come as integers or as text,
 * depending on where Lua got them.
 */
record Reply(List<Object> values) {

    long code() {
        return number(0);
    }

    long number(int index) {
        Object value = values.get(index);
        return value instanceof Long number ? number : Long.parseLong(text(index));
    }

    String text(int index) {
        return new String(bytes(index), StandardCharsets.UTF_8);
    }

    byte[] bytes(int index) {
        return (byte[]) values.get(index);
    }

    IllegalStateException unknown() {
        return new IllegalStateException("the script answered with the unknown code " + code());
    }
}
