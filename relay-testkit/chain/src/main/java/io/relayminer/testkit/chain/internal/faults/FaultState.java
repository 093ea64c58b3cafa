package io.relayminer.testkit.chain.internal.faults;

import com.google.protobuf.ByteString;

import io.grpc.Status;
import io.relayminer.testkit.chain.faults.Faults;
import io.relayminer.testkit.chain.internal.execution.TxResult;

import org.jspecify.annotations.Nullable;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** How the chain is made to misbehave at the moment, for the parts that do it. */
public final class FaultState implements Faults {
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

    private record Refusal(String codespace, int code, String log) {}

    /** An error that a gRPC method answers with. */
    public record QueryFault(Status.Code code, String message) {}

    @Override
    public void dropNextAccepted(int count) {
        dropAccepted.set(count);
    }

    @Override
    public void refuseNext(int count, String codespace, int code, String log) {
        refusal = new Refusal(codespace, code, log);
        refusals.set(count);
    }

    @Override
    public void delayInclusion(int blocks) {
        inclusionDelay = blocks;
    }

    @Override
    public void slowQueries(Duration delay) {
        queryDelay = delay;
    }

    @Override
    public void slowBroadcastReplies(Duration delay) {
        broadcastReplyDelay = delay;
    }

    @Override
    public void lagQueries(int blocks) {
        queryLag = blocks;
    }

    @Override
    public void failQuery(String fullMethod, Status.Code code, String message) {
        queryFaults.put(fullMethod, new QueryFault(code, message));
    }

    @Override
    public void restoreQuery(String fullMethod) {
        queryFaults.remove(fullMethod);
    }

    @Override
    public void failRpc(String method) {
        failingRpcMethods.add(method);
    }

    @Override
    public void restoreRpc(String method) {
        failingRpcMethods.remove(method);
    }

    @Override
    public void unreachable(boolean on) {
        unreachable = on;
    }

    @Override
    public void hang(boolean on) {
        hanging = on;
    }

    @Override
    public void silenceEvents(boolean on) {
        eventsSilenced = on;
    }

    @Override
    public void skipEvents(int count) {
        skippedEvents.set(count);
    }

    @Override
    public void duplicateEvents(int count) {
        duplicatedEvents.set(count);
    }

    @Override
    public void lagBlockTime(Duration lag) {
        blockTimeLag = lag;
    }

    @Override
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

    public @Nullable TxResult refusalOf(ByteString tx) {
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
                List.of());
    }

    public boolean dropsAccepted(ByteString tx) {
        return !tx.isEmpty() && take(dropAccepted);
    }

    private static boolean take(AtomicInteger counter) {
        return counter.getAndUpdate(count -> Math.max(0, count - 1)) > 0;
    }

    public long inclusionDelay() {
        return inclusionDelay;
    }

    public Duration queryDelay() {
        return queryDelay;
    }

    public Duration broadcastReplyDelay() {
        return broadcastReplyDelay;
    }

    public long queryLag() {
        return queryLag;
    }

    public boolean isUnreachable() {
        return unreachable;
    }

    public boolean isHanging() {
        return hanging;
    }

    public @Nullable QueryFault queryFault(String fullMethod) {
        return queryFaults.get(fullMethod);
    }

    public boolean failsRpc(String method) {
        return failingRpcMethods.contains(method);
    }

    public Duration blockTimeLag() {
        return blockTimeLag;
    }

    /** How often the events of the next block are sent: 0, 1 or 2 times. */
    public int takeEventCopies() {
        if (eventsSilenced || take(skippedEvents)) {
            return 0;
        }
        return take(duplicatedEvents) ? 2 : 1;
    }
}
