package io.relayminer.leader;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.concurrent.CompletableFuture;

/** Work that is the life of one virtual thread; every way to end it is to interrupt that. */
final class LeaseThread implements LeaseWork.Running {

    private static final Logger log = LoggerFactory.getLogger(LeaseThread.class);

    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private final Thread thread;
    private volatile boolean told;

    LeaseThread(Lease lease, LeaseWork.Body body) {
        thread = Thread.ofVirtual().name(lease.resource()).start(() -> run(lease, body));
    }

    private void run(Lease lease, LeaseWork.Body body) {
        try {
            body.run(lease);
            ended.complete(null);
        } catch (Exception e) {
            if (told) {
                // An interrupt shows as whatever the code that it met makes of it.
                log.debug("the work under {} ended as it was told to", lease, e);
                ended.complete(null);
            } else {
                ended.completeExceptionally(e);
            }
        } catch (Error e) {
            ended.completeExceptionally(e);
        }
    }

    @Override
    public CompletableFuture<Void> ended() {
        return ended;
    }

    @Override
    public void abandon() {
        told = true;
        thread.interrupt();
    }

    @Override
    public void drain() {
        abandon();
    }
}
