package io.relayminer.transport;

/** What a gateway that wants to open a conversation is answered. */
public sealed interface OpeningReply permits OpeningReply.Accepted, RelayReply.Refused {

    /**
     * The conversation may begin. The transport completes its handshake and then calls {@link
     * Conversation#begin}; if the gateway has gone meanwhile it does not, and the opening's
     * cancellation fires.
     *
     * @param headers further headers of the handshake's answer; usually empty
     * @param conversation the handler's side
     */
    record Accepted(Headers headers, Conversation conversation) implements OpeningReply {}
}
