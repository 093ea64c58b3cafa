package io.relayminer.transport;

/**
 * One whole message of a conversation, whatever pieces it travelled in.
 *
 * @param bytes its content: from a gateway an encoded {@code RelayRequest}, to a gateway an encoded
 *     {@code RelayResponse}, with a backend the payload alone. The array is handed over: the giver
 *     neither keeps nor changes it, the receiver may alias it but must not modify it
 * @param text whether it is marked as text, where the protocol knows the difference (WebSocket);
 *     otherwise {@code false}
 */
@SuppressWarnings("ArrayRecordComponent") // handed over; never compared
public record Frame(byte[] bytes, boolean text) {

    /** A message that is not marked as text. */
    public static Frame binary(byte[] bytes) {
        return new Frame(bytes, false);
    }
}
