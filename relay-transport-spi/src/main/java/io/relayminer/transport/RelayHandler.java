package io.relayminer.transport;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * The relay pipeline as a transport sees it.
 *
 * <p>Everything that a gateway does is a conversation. One of a single message, which nearly all
 * are, takes the short way of {@link #handle}; one of many messages is opened with {@link #open}.
 *
 * <p>{@link #handle} is called on the transport's event loop, once per relay, possibly for many
 * relays at the same time, and must return without blocking. The stage may be completed on any
 * thread, before or after the method returns. A relay that fails is answered with {@link
 * RelayReply.Refused}; a stage completed exceptionally, a {@code null} stage or a thrown exception
 * is a defect, which the transport answers with 500 and reports as {@link
 * TransportEvents#handlerFailed}.
 */
public interface RelayHandler {

    /** Serves one relay: a conversation of one message, answered once or with a stream. */
    CompletionStage<RelayReply> handle(InboundRelay relay);

    /**
     * Opens a conversation of many messages. Called on the event loop before the protocol's
     * handshake is answered, must not block; the rules for the stage are those of {@link #handle}.
     * In the conversation that follows a stage that fails is a defect as well.
     *
     * <p>A transport that drains closes its conversations with {@link Closing#GOING_AWAY}, on both
     * sides. A handler of single relays need not implement this: it refuses.
     */
    default CompletionStage<OpeningReply> open(Opening opening) {
        return CompletableFuture.completedStage(
                new RelayReply.Refused(501, "conversations are not offered here"));
    }

    /**
     * Answers the health paths that share the relay port: exactly {@code /health}, {@code
     * /healthz}, {@code /ready}, and everything below {@code /ready/}. Called on the event loop,
     * must not block.
     *
     * @param path the decoded path without query
     */
    StatusPage status(String path);

    /**
     * A small status document.
     *
     * @param status HTTP status code
     * @param contentType e.g. {@code "application/json"}
     * @param body text, sent as UTF-8
     */
    record StatusPage(int status, String contentType, String body) {}
}
