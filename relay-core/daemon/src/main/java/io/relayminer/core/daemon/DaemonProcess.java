package io.relayminer.core.daemon;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.concurrent.CountDownLatch;

/**
 * The life of a daemon: it is stopped in order once, by whoever comes first, the main thread or the
 * signal that ends the process. Safe for use by any thread.
 */
public abstract class DaemonProcess implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(DaemonProcess.class);

    private final String name;
    private final Closer parts;
    private final CountDownLatch stopped = new CountDownLatch(1);

    /**
     * A daemon.
     *
     * @param name how it calls itself in its log
     * @param parts what it consists of; closed last
     */
    protected DaemonProcess(String name, Closer parts) {
        this.name = name;
        this.parts = parts;
    }

    /** What has to happen in order before the parts are closed; called once. */
    protected abstract void stop();

    /** Closes the daemon when the process is told to end (SIGINT, SIGTERM). */
    public final void closeOnSignal() {
        Runtime.getRuntime()
                .addShutdownHook(Thread.ofPlatform().name(name + "-stop").unstarted(this::close));
    }

    /** Waits until the daemon was told to stop and has stopped. */
    public final void awaitStop() throws InterruptedException {
        stopped.await();
    }

    /** Stops in order; a second call waits for the first and does nothing. */
    @Override
    public final synchronized void close() {
        if (stopped.getCount() == 0) {
            return;
        }
        try {
            stop();
        } finally {
            parts.close();
            LOG.info("{} stopped", name);
            stopped.countDown();
        }
    }
}
