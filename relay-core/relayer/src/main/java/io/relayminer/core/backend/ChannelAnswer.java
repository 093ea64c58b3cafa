package io.relayminer.core.backend;

import io.relayminer.transport.Conversation;

/** What became of the wish for a channel to a backend. */
public sealed interface ChannelAnswer {

    /**
     * It is open.
     *
     * @param channel the backend's side; has to be begun, or given up by the call's cancellation
     */
    record Opened(Conversation channel) implements ChannelAnswer {}

    /**
     * There is none.
     *
     * @param why what the last endpoint tried said, or why none was tried
     */
    record NotOpened(BackendAnswer why) implements ChannelAnswer {}
}
