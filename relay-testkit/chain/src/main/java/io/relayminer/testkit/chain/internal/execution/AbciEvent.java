package io.relayminer.testkit.chain.internal.execution;

import java.util.ArrayList;
import java.util.List;

/**
 * An event as the chain reports it: a type and ordered text attributes.
 *
 * @param type event type, e.g. {@code transfer} or {@code pocket.proof.EventClaimCreated}
 * @param attributes in the order in which they are reported
 */
public record AbciEvent(String type, List<Attribute> attributes) {
    /** One attribute; the chain's own are all indexed. */
    public record Attribute(String key, String value, boolean index) {
        Attribute(String key, String value) {
            this(key, value, true);
        }
    }

    public AbciEvent {
        attributes = List.copyOf(attributes);
    }

    /** An event from alternating keys and values. */
    public static AbciEvent of(String type, String... keysAndValues) {
        List<Attribute> attributes = new ArrayList<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            attributes.add(new Attribute(keysAndValues[i], keysAndValues[i + 1]));
        }
        return new AbciEvent(type, attributes);
    }

    /** This event with one more attribute at the end. */
    public AbciEvent with(String key, String value) {
        List<Attribute> extended = new ArrayList<>(attributes);
        extended.add(new Attribute(key, value));
        return new AbciEvent(type, extended);
    }
}
