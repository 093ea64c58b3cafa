package io.relayminer.core.key;

import java.util.ArrayList;
import java.util.List;

/** Keys written into the configuration itself; setting {@code keys}, a list of hex texts. */
public final class InlineKeys implements KeySourceProvider {

    @Override
    public String kind() {
        return "inline";
    }

    @Override
    public KeySource open(KeySourceSettings settings) {
        settings.allow("keys");
        List<String> texts = settings.list("keys");
        List<SupplierKey> keys = new ArrayList<>();
        for (int i = 0; i < texts.size(); i++) {
            try {
                keys.add(SupplierKey.fromHex(texts.get(i)));
            } catch (InvalidKeyException e) {
                throw new KeySourceException("inline keys: key[" + i + "]: " + e.getMessage());
            }
        }
        LoadedKeys loaded = new LoadedKeys(keys, List.of());
        return new KeySource() {
            @Override
            public String description() {
                return "inline keys";
            }

            @Override
            public String metricName() {
                return "inline";
            }

            @Override
            public LoadedKeys load() {
                return loaded;
            }
        };
    }
}
