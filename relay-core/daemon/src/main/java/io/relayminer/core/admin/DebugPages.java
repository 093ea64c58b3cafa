package io.relayminer.core.admin;

import com.sun.management.HotSpotDiagnosticMXBean;

import io.relayminer.core.admin.AdminServer.Answer;
import io.relayminer.core.admin.AdminServer.Content;
import io.relayminer.core.admin.AdminServer.Download;
import io.relayminer.core.config.Check;

import jdk.jfr.Configuration;
import jdk.jfr.Recording;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.ParseException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

import javax.management.JMException;
import javax.management.ObjectName;

/**
 * What a developer looks at when a running process misbehaves: threads, heap, flight recordings and
 * the virtual machine itself, over HTTP. Meant for a listener on the loopback address, off by
 * default: a heap dump holds the keys.
 *
 * <p>Expensive pages are answered one at a time; another request meanwhile gets 429.
 */
public final class DebugPages {

    private static final Logger LOG = LoggerFactory.getLogger(DebugPages.class);
    private static final String TEXT = "text/plain; charset=utf-8";
    private static final String BYTES = "application/octet-stream";
    private static final int DEFAULT_SECONDS = 30;
    private static final int MOST_SECONDS = 300;
    private static final String INDEX =
            """
            /debug/threads         stacks of all threads, virtual ones included
            /debug/heap            classes by memory in use
            /debug/heapdump        heap dump, hprof; holds everything in memory, keys included
            /debug/jfr?seconds=30  flight recording of the next seconds, jfr
            /debug/vm              flags, memory pools and garbage collections
            """;

    private static final Semaphore ONE_AT_A_TIME = new Semaphore(1);
    private static @Nullable Path folder;
    private static long number;

    private DebugPages() {}

    /**
     * Opens the debug listener of a daemon, and warns if other machines can reach it.
     *
     * @param address {@code pprof.addr} of its configuration, host:port
     * @throws IllegalArgumentException if the address is not of that form
     * @throws UncheckedIOException if it cannot be bound
     */
    public static AdminServer open(String address) {
        InetSocketAddress at = Check.listenAddress("pprof.addr", address);
        AdminServer server;
        try {
            server = on(AdminServer.builder()).start(at.getHostString(), at.getPort());
        } catch (IOException e) {
            throw new UncheckedIOException("pprof.addr: " + address + " cannot be bound", e);
        }
        if (!server.address().getAddress().isLoopbackAddress()) {
            LOG.warn(
                    "pprof.addr {} can be reached from other machines; it serves heap dumps, which"
                            + " hold keys, without authentication",
                    address);
        }
        LOG.info("debug pages on {}", server.address());
        return server;
    }

    private interface Expensive {
        Content produce() throws IOException, InterruptedException;
    }

    /** Adds the pages to a server. {@code /debug/pprof/} lists them for old bookmarks. */
    private static AdminServer.Builder on(AdminServer.Builder server) {
        return server.get("/debug/", () -> Answer.text(200, INDEX))
                .getBelow("/debug/pprof", rest -> Answer.text(200, INDEX))
                .page("/debug/threads", query -> alone(DebugPages::threads))
                .page("/debug/heap", query -> alone(() -> command("gcClassHistogram")))
                .page("/debug/heapdump", query -> alone(DebugPages::heapDump))
                .page("/debug/jfr", query -> recording(query))
                .page("/debug/vm", query -> alone(DebugPages::virtualMachine));
    }

    private static Content alone(Expensive page) throws IOException {
        if (!ONE_AT_A_TIME.tryAcquire()) {
            return Answer.text(429, "another debug page is being produced; try again later");
        }
        try {
            return page.produce();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Answer.text(503, "interrupted");
        } finally {
            ONE_AT_A_TIME.release();
        }
    }

    private static Content threads() throws IOException {
        Path file = newFile(".txt");
        diagnostics()
                .dumpThreads(file.toString(), HotSpotDiagnosticMXBean.ThreadDumpFormat.TEXT_PLAIN);
        return new Download(TEXT, file);
    }

    private static Content heapDump() throws IOException {
        Path file = newFile(".hprof");
        diagnostics().dumpHeap(file.toString(), true);
        return new Download(BYTES, file);
    }

    private static Content recording(Map<String, String> query) throws IOException {
        int seconds = seconds(query.get("seconds"));
        return alone(
                () -> {
                    Path file = newFile(".jfr");
                    try (Recording recording =
                            new Recording(Configuration.getConfiguration("profile"))) {
                        recording.setMaxAge(Duration.ofSeconds(seconds));
                        recording.start();
                        TimeUnit.SECONDS.sleep(seconds);
                        recording.stop();
                        recording.dump(file);
                    } catch (ParseException e) {
                        throw new IOException(e);
                    }
                    return new Download(BYTES, file);
                });
    }

    private static int seconds(@Nullable String given) {
        if (given == null || given.isEmpty()) {
            return DEFAULT_SECONDS;
        }
        try {
            int seconds = Integer.parseInt(given);
            if (seconds >= 1 && seconds <= MOST_SECONDS) {
                return seconds;
            }
        } catch (NumberFormatException e) {
            // Said below.
        }
        throw new IllegalArgumentException("seconds must be a number from 1 to " + MOST_SECONDS);
    }

    private static Content virtualMachine() throws IOException {
        StringBuilder text = new StringBuilder();
        text.append(command("vmVersion").body()).append('\n');
        text.append(command("vmFlags").body()).append('\n');
        for (MemoryPoolMXBean pool : ManagementFactory.getMemoryPoolMXBeans()) {
            text.append(pool.getName()).append(": ").append(pool.getUsage()).append('\n');
        }
        for (GarbageCollectorMXBean collector : ManagementFactory.getGarbageCollectorMXBeans()) {
            text.append(collector.getName())
                    .append(": ")
                    .append(collector.getCollectionCount())
                    .append(" collections, ")
                    .append(collector.getCollectionTime())
                    .append(" ms\n");
        }
        return Answer.text(200, text.toString());
    }

    /** A diagnostic command of the virtual machine without arguments. */
    private static Answer command(String name) throws IOException {
        try {
            Object text =
                    ManagementFactory.getPlatformMBeanServer()
                            .invoke(
                                    new ObjectName("com.sun.management:type=DiagnosticCommand"),
                                    name,
                                    new Object[] {new String[0]},
                                    new String[] {String[].class.getName()});
            return Answer.text(200, String.valueOf(text));
        } catch (JMException e) {
            throw new IOException(name + " is not offered by this virtual machine", e);
        }
    }

    private static HotSpotDiagnosticMXBean diagnostics() {
        return ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
    }

    /** A free name in a folder of the process's own, which nobody else may read. */
    private static synchronized Path newFile(String suffix) throws IOException {
        Path own = folder;
        if (own == null || !Files.isDirectory(own)) {
            own = Files.createTempDirectory("relayminer-debug-");
            own.toFile().deleteOnExit();
            folder = own;
        }
        return own.resolve("debug-" + ++number + suffix);
    }
}
