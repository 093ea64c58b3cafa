package io.relayminer.core.chain;

import java.util.Map;

/**
 * An event of a block.
 *
 * @param type full name of the event message, for example {@code
 *     pocket.tokenomics.EventClaimSettled}
 * @param attributes values by field name. Values are as the chain wrote them: JSON texts (a string
 *     in quotes, a 64-bit number in quotes, a 32-bit number bare), except {@code mode} and {@code
 *     msg_index}, which are plain
 */
public record ChainEvent(String type, Map<String, String> attributes) {

    public ChainEvent {
        attributes = Map.copyOf(attributes);
    }
}
