package io.relayminer.transport;

/** How the attempt ended to open a channel of messages to a backend. */
public sealed interface ChannelResult
        permits ChannelResult.Opened, BackendResult.Response, BackendResult.Failure {

    /**
     * The channel is open.
     *
     * @param headers headers of the backend's answer to the handshake
     * @param channel the backend's side. It has to be begun, or given up with the cancellation of
     *     the call that opened it
     */
    record Opened(Headers headers, Conversation channel) implements ChannelResult {}
}
