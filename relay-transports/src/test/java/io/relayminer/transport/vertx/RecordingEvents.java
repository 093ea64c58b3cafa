package io.relayminer.transport.vertx;

import io.relayminer.transport.TransportEvents;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** Counts what a transport reports. */
final class RecordingEvents implements TransportEvents {

    final List<String> protocols = new CopyOnWriteArrayList<>();
    final AtomicInteger finished = new AtomicInteger();
    final List<Refusal> refusals = new CopyOnWriteArrayList<>();
    final List<Throwable> failures = new CopyOnWriteArrayList<>();

    @Override
    public void requestStarted(String protocol) {
        protocols.add(protocol);
    }

    @Override
    public void requestFinished() {
        finished.incrementAndGet();
    }

    @Override
    public void requestRefused(Refusal refusal) {
        refusals.add(refusal);
    }

    @Override
    public void handlerFailed(String component, Throwable cause) {
        failures.add(cause);
    }
}
