package io.relayminer.core.key;

import java.util.SortedSet;

/**
 * What a load changed.
 *
 * @param added addresses that have a key now and had none
 * @param removed addresses that have none any more
 */
public record KeyChanges(SortedSet<String> added, SortedSet<String> removed) {

    /** Whether nothing changed. */
    public boolean isEmpty() {
        return added.isEmpty() && removed.isEmpty();
    }
}
