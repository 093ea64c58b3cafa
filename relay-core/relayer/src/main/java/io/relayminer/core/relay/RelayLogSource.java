package io.relayminer.core.relay;

import io.relayminer.core.redis.RelayLogListener;
import io.relayminer.transport.RelayLog;

/** Where the log of a relayer comes from. */
@FunctionalInterface
public interface RelayLogSource {

    /**
     * Opens the log; called once. The relayer closes it after the last relay.
     *
     * @param listener what the log reports to
     */
    RelayLog open(RelayLogListener listener);
}
