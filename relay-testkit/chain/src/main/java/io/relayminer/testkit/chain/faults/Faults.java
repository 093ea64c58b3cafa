package io.relayminer.testkit.chain.faults;

import io.grpc.Status;

import java.time.Duration;

/**
 * The switches that make a {@code DevChain} misbehave the ways real nodes do.
 *
 * <p>All are off at first and stay as set until changed; counted ones end by themselves. Every
 * method may be called at any time from any thread and takes effect for requests that begin
 * afterwards. {@link #clear()} ends everything.
 */
public interface Faults {
    /** Accepts the next {@code count} valid transactions and loses them. */
    void dropNextAccepted(int count);

    /**
     * Refuses the next {@code count} transactions with a code of the caller's choice instead of
     * checking them.
     */
    void refuseNext(int count, String codespace, int code, String log);

    /**
     * Includes transactions accepted from now on {@code blocks} blocks later than possible; 0 ends
     * it.
     */
    void delayInclusion(int blocks);

    /** Answers every gRPC query and JSON-RPC call this much later; zero ends it. */
    void slowQueries(Duration delay);

    /** Accepts transactions at once but answers the broadcast this much later; zero ends it. */
    void slowBroadcastReplies(Duration delay);

    /** Answers queries from a state this many blocks old, as a node that lags; 0 ends it. */
    void lagQueries(int blocks);

    /**
     * Answers calls of one gRPC method with an error, e.g. {@code /pocket.proof.Query/Claim} with
     * NOT_FOUND.
     */
    void failQuery(String fullMethod, Status.Code code, String message);

    /** Ends {@link #failQuery} for one method. */
    void restoreQuery(String fullMethod);

    /** Answers calls of one JSON-RPC method, e.g. {@code block}, with HTTP status 500. */
    void failRpc(String method);

    /** Ends {@link #failRpc} for one method. */
    void restoreRpc(String method);

    /**
     * Refuses everything: gRPC calls answer UNAVAILABLE, HTTP and websocket connections are closed.
     */
    void unreachable(boolean on);

    /** Accepts calls and never answers them. */
    void hang(boolean on);

    /** Sends no more events on any websocket, without closing it. */
    void silenceEvents(boolean on);

    /** Leaves out the events of the next {@code count} blocks. */
    void skipEvents(int count);

    /** Sends the events of the next {@code count} blocks twice. */
    void duplicateEvents(int count);

    /**
     * Lets the time in headers lag behind the wall clock by this much, for blocks made by timer.
     */
    void lagBlockTime(Duration lag);

    /** Ends every fault. */
    void clear();
}
