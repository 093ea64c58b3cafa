package io.relayminer.testkit.chain.internal.search;

import io.relayminer.testkit.chain.internal.block.StoredBlock;
import io.relayminer.testkit.chain.internal.encoding.Hashes;
import io.relayminer.testkit.chain.internal.execution.AbciEvent;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Events as {@link EventQuery queries} see them: {@code type.key} to all values. */
public final class EventIndex {
    private EventIndex() {}

    /** What is found under {@code tm.event = 'eventName'}; the caller may add to it. */
    public static Map<String, List<String>> of(String eventName, List<AbciEvent> events) {
        Map<String, List<String>> map = new LinkedHashMap<>();
        for (AbciEvent event : events) {
            for (AbciEvent.Attribute attribute : event.attributes()) {
                map.computeIfAbsent(event.type() + "." + attribute.key(), key -> new ArrayList<>())
                        .add(attribute.value());
            }
        }
        map.put("tm.event", List.of(eventName));
        return map;
    }

    /** Events of a transaction, with its hash and height. */
    public static Map<String, List<String>> ofTx(StoredBlock block, int index) {
        Map<String, List<String>> map = of("Tx", block.results().get(index).events());
        map.put(
                "tx.hash",
                List.of(Hashes.upperHex(Hashes.sha256(block.block().getData().getTxs(index)))));
        map.put("tx.height", List.of(Long.toString(block.height())));
        return map;
    }
}
