package io.relayminer.testkit.chain;

import com.google.protobuf.ByteString;

import io.grpc.Status;

import org.jspecify.annotations.Nullable;

import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The switches that make a {@link DevChain} misbehave the ways real nodes do.
 *
 * <p>All are off at first and stay as set until changed; counted ones end by themselves. Every
 * method may be called at any time from any thread and takes effect for requests that begin
 * afterwards. {@link #clear()} ends everything.
 */
public final class Faults {
    private final AtomicInteger dropAccepted = new AtomicInteger();
    private final AtomicInteger refusals = new AtomicInteger();
    private volatile Refusal refusal = new Refusal("sdk", 1, "");
    private volatile long inclusionDelay;
    private volatile Duration queryDelay = Duration.ZERO;
    private volatile Duration broadcastReplyDelay = Duration.ZERO;
    private volatile long queryLag;
    private volatile boolean unreachable;
    private volatile boolean hanging;
    private volatile boolean eventsSilenced;
    private volatile Duration blockTimeLag = Duration.ZERO;
    private final AtomicInteger skippedEvents = new AtomicInteger();
    private final AtomicInteger duplicatedEvents = new AtomicInteger();
    private final Map<String, QueryFault> queryFaults = new ConcurrentHashMap<>();
    private final Set<String> failingRpcMethods = ConcurrentHashMap.newKeySet();

    Faults() {}

    private record Refusal(String codespace, int code, String log) {}

    /** An error that a gRPC method answers with. */
    record QueryFault(Status.Code code, String message) {}

    /** Accepts the next {@code count} valid transactions and loses them. */
    public void dropNextAccepted(int count) {
        dropAccepted.set(count);
    }

    /**
     * Refuses the next {@code count} transactions with a code of the caller's choice instead of
     * checking them.
     */
    public void refuseNext(int count, String codespace, int code, String log) {
        refusal = new Refusal(codespace, code, log);
        refusals.set(count);
    }

    /**
     * Includes transactions accepted from now on {@code blocks} blocks later than possible; 0 ends
     * it.
     */
    public void delayInclusion(int blocks) {
        inclusionDelay = blocks;
    }

    /** Answers every gRPC query and JSON-RPC call this much later; zero ends it. */
    public void slowQueries(Duration delay) {
        queryDelay = delay;
    }

    /** Accepts transactions at once but answers the broadcast this much later; zero ends it. */
    public void slowBroadcastReplies(Duration delay) {
        broadcastReplyDelay = delay;
    }

    /** Answers queries from a state this many blocks old, as a node that lags; 0 ends it. */
    public void lagQueries(int blocks) {
        queryLag = blocks;
    }

    /**
     * Answers calls of one gRPC method with an error, e.g. {@code /pocket.proof.Query/Claim} with
     * NOT_FOUND.
     */
    public void failQuery(String fullMethod, Status.Code code, String message) {
        queryFaults.put(fullMethod, new QueryFault(code, message));
    }

    /** Ends {@link #failQuery} for one method. */
    public void restoreQuery(String fullMethod) {
        queryFaults.remove(fullMethod);
    }

    /** Answers calls of one JSON-RPC method, e.g. {@code block}, with HTTP status 500. */
    public void failRpc(String method) {
        failingRpcMethods.add(method);
    }

    /** Ends {@link #failRpc} for one method. */
    public void restoreRpc(String method) {
        failingRpcMethods.remove(method);
    }

    /**
     * Refuses everything: gRPC calls answer UNAVAILABLE, HTTP and websocket connections are closed.
     */
    public void unreachable(boolean on) {
        unreachable = on;
    }

    /** Accepts calls and never answers them. */
    public void hang(boolean on) {
        hanging = on;
    }

    /** Sends no more events on any websocket, without closing it. */
    public void silenceEvents(boolean on) {
        eventsSilenced = on;
    }

    /** Leaves out the events of the next {@code count} blocks. */
    public void skipEvents(int count) {
        skippedEvents.set(count);
    }

    /** Sends the events of the next {@code count} blocks twice. */
    public void duplicateEvents(int count) {
        duplicatedEvents.set(count);
    }

    /**
     * Lets the time in headers lag behind the wall clock by this much, for blocks made by timer.
     */
    public void lagBlockTime(Duration lag) {
        blockTimeLag = lag;
    }

    /** Ends every fault. */
    public void clear() {
        dropAccepted.set(0);
        refusals.set(0);
        inclusionDelay = 0;
        queryDelay = Duration.ZERO;
        broadcastReplyDelay = Duration.ZERO;
        queryLag = 0;
        unreachable = false;
        hanging = false;
        eventsSilenced = false;
        blockTimeLag = Duration.ZERO;
        skippedEvents.set(0);
        duplicatedEvents.set(0);
        queryFaults.clear();
        failingRpcMethods.clear();
    }

    @Nullable TxResult refusalOf(ByteString tx) {
        if (!take(refusals)) {
            return null;
        }
        Refusal current = refusal;
        return new TxResult(
                current.code(),
                current.codespace(),
                ByteString.EMPTY,
                ByteString.copyFromUtf8(current.log()),
                0,
                tx.size(),
                java.util.List.of());
    }

    boolean dropsAccepted(ByteString tx) {
        return !tx.isEmpty() && take(dropAccepted);
    }

    private static boolean take(AtomicInteger counter) {
        return counter.getAndUpdate(count -> Math.max(0, count - 1)) > 0;
    }

    long inclusionDelay() {
        return inclusionDelay;
    }

    Duration queryDelay() {
        return queryDelay;
    }

    Duration broadcastReplyDelay() {
        return broadcastReplyDelay;
    }

    long queryLag() {
        return queryLag;
    }

    boolean isUnreachable() {
        return unreachable;
    }

    boolean isHanging() {
        return hanging;
    }

    @Nullable QueryFault queryFault(String fullMethod) {
        return queryFaults.get(fullMethod);
    }

    boolean failsRpc(String method) {
        return failingRpcMethods.contains(method);
    }

    Duration blockTimeLag() {
        return blockTimeLag;
    }

    /** How often the events of the next block are sent: 0, 1 or 2 times. */
    int takeEventCopies() {
        if (eventsSilenced || take(skippedEvents)) {
            return 0;
        }
        return take(duplicatedEvents) ? 2 : 1;
    }
}
