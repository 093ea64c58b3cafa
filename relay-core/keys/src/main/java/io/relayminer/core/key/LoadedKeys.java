package io.relayminer.core.key;

import java.util.List;

/**
 * What a source holds now.
 *
 * @param keys its keys
 * @param problems entries that were left out, and why, for people; the keys beside them are good
 */
public record LoadedKeys(List<SupplierKey> keys, List<String> problems) {

    public LoadedKeys {
        keys = List.copyOf(keys);
        problems = List.copyOf(problems);
    }
}
