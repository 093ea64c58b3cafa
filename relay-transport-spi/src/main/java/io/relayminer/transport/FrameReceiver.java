package io.relayminer.transport;

import java.util.concurrent.CompletionStage;

/**
 * The receiving end of one direction of a conversation. Whoever has something to say is given the
 * receiver of the other side and calls it.
 *
 * <p><b>Order and back-pressure.</b> Messages arrive in the order of the calls. The next {@link
 * #receive} is made only after the stage of the one before has completed: by not completing it a
 * receiver holds its sender up, and a transport then stops reading from its peer. Nobody queues
 * more than the one message that is being received.
 *
 * <p><b>Ends.</b> {@link #end} closes this direction only: no message follows, the other direction
 * goes on. {@link #close} ends both directions at once, from whichever side it is called, also
 * while a message is being received; the called side does not answer it with a {@code close} of its
 * own. Exactly one close, or the end of both directions, is the last thing that happens; calls
 * after it change nothing, and messages given after it fail.
 *
 * <p><b>Threads.</b> Methods may be called on any thread, and must not block or throw. {@code
 * receive} and {@code end} are called by one thread at a time; {@code close} may come at any
 * moment. Stages may be completed on any thread. What is done before a call happens before what the
 * receiver does in it.
 */
public interface FrameReceiver {

    /**
     * Takes one message.
     *
     * @return completes when the receiver is ready for the next one; fails if this message cannot
     *     be delivered any more because the conversation is over
     */
    CompletionStage<Void> receive(Frame frame);

    /** No more messages come in this direction. */
    void end();

    /** The conversation is over in both directions. */
    void close(Closing closing);
}
