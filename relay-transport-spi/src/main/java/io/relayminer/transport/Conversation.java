package io.relayminer.transport;

/**
 * One side of a conversation that is ready to begin: the handler's side as a transport sees it, or
 * a backend's side as the pipeline sees it. Until {@link #begin} nothing is said, and nothing is
 * read from the peer.
 */
@FunctionalInterface
public interface Conversation {

    /**
     * Begins it; called once at most.
     *
     * @param outlet takes what this side says; may be called before this method returns
     * @return takes what is said to this side
     */
    FrameReceiver begin(FrameReceiver outlet);
}
