package io.relayminer.leader;

import java.util.function.UnaryOperator;

/**
 * Where the list of live instances is kept.
 *
 * @param active key of the set of instance ids
 * @param instance instance id to the key of its heartbeat, whose presence says that it lives
 */
public record MembershipKeys(String active, UnaryOperator<String> instance) {

    /** {@code instances} and {@code instance:<id>}. */
    public static final MembershipKeys DEFAULT =
            new MembershipKeys("instances", id -> "instance:" + id);
}
