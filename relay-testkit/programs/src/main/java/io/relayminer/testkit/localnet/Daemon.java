package io.relayminer.testkit.localnet;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * One daemon in a JVM of its own, on the class path of this process, with the real {@code main}.
 *
 * <p>The process can be killed without warning and started again with the same configuration, as a
 * supervisor would. Output goes to one log file, appended across restarts. Not thread-safe, except
 * {@link #kill()} and {@link #close()}, which a shutdown hook may call at any time.
 */
public final class Daemon implements AutoCloseable {

    private static final HttpClient HTTP =
            HttpClient.newBuilder()
                    .version(HttpClient.Version.HTTP_1_1)
                    .connectTimeout(Duration.ofSeconds(2))
                    .build();

    private static final List<String> JVM_OPTIONS =
            List.of(
                    "-Xmx512m",
                    "-XX:+UseSerialGC",
                    "--enable-native-access=ALL-UNNAMED",
                    "--sun-misc-unsafe-memory-access=allow");

    private static final Duration STOP_LIMIT = Duration.ofSeconds(5);

    private final String name;
    private final String mainClass;
    private final List<String> arguments;
    private final List<String> jvmOptions;
    private final URI ready;
    private final Path log;
    private final OrphanGuard guard;
    private volatile @Nullable Process process;
    private volatile boolean closed;
    private long startedNanos;
    private Duration startToReady = Duration.ZERO;

    /**
     * A daemon that is not running yet.
     *
     * @param name for messages
     * @param mainClass class with the {@code main}
     * @param arguments of {@code main}
     * @param jvmOptions of the process, without its class path
     * @param ready URL that answers 200 once the daemon works
     * @param log file that takes its output
     */
    public Daemon(
            String name,
            String mainClass,
            List<String> arguments,
            List<String> jvmOptions,
            URI ready,
            Path log) {
        this(name, mainClass, arguments, jvmOptions, ready, log, OrphanGuard.none());
    }

    /** A daemon that a guard ends if this process is killed. */
    Daemon(
            String name,
            String mainClass,
            List<String> arguments,
            List<String> jvmOptions,
            URI ready,
            Path log,
            OrphanGuard guard) {
        this.name = name;
        this.mainClass = mainClass;
        this.arguments = List.copyOf(arguments);
        this.jvmOptions = List.copyOf(jvmOptions);
        this.ready = ready;
        this.log = log;
        this.guard = guard;
    }

    /** JVM options for a daemon that shares two processors with the rest of a localnet. */
    public static List<String> jvmOptions() {
        return JVM_OPTIONS;
    }

    String name() {
        return name;
    }

    /** The file that takes the output. */
    public Path log() {
        return log;
    }

    /** Starts the process, which must not be running. */
    public void start() {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(jvmOptions);
        command.add(mainClass);
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
        builder.redirectErrorStream(true);
        builder.redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
        try {
            startedNanos = System.nanoTime();
            Process started = builder.start();
            guard.watch(started.pid());
            process = started;
            if (closed) {
                kill();
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot start " + name, e);
        }
    }

    /**
     * Waits until the daemon is ready.
     *
     * @throws IllegalStateException if it ends before, or is not ready in time; with the end of its
     *     log
     */
    public void awaitReady(Duration limit) throws InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (!isReady()) {
            Process p = process;
            if (p == null || !p.isAlive()) {
                throw new IllegalStateException(name + " ended at its start:\n" + tail());
            }
            if (System.nanoTime() > deadline) {
                throw new IllegalStateException(
                        name + " is not ready after " + limit.toSeconds() + " s:\n" + tail());
            }
            TimeUnit.MILLISECONDS.sleep(10);
        }
        startToReady = Duration.ofNanos(System.nanoTime() - startedNanos);
    }

    /** Whether the daemon says that it is ready. */
    boolean isReady() throws InterruptedException {
        try {
            return HTTP.send(
                                    HttpRequest.newBuilder(ready)
                                            .timeout(Duration.ofSeconds(2))
                                            .build(),
                                    HttpResponse.BodyHandlers.discarding())
                            .statusCode()
                    == 200;
        } catch (IOException e) {
            return false;
        }
    }

    /** Time from the last start of the process to being ready. */
    public Duration startToReady() {
        return startToReady;
    }

    /** Process id; the process must have been started. */
    public long pid() {
        Process p = process;
        if (p == null) {
            throw new IllegalStateException(name + " was not started");
        }
        return p.pid();
    }

    /** CPU time the process has used, zero if unknown. */
    public Duration cpuTime() {
        Process p = process;
        return p == null ? Duration.ZERO : p.info().totalCpuDuration().orElse(Duration.ZERO);
    }

    /** Whether the process runs. */
    public boolean isAlive() {
        Process p = process;
        return p != null && p.isAlive();
    }

    /** Ends the process like {@code kill -9} and waits until it is gone. */
    public void kill() {
        Process p = process;
        if (p != null) {
            p.destroyForcibly();
            p.onExit().join();
            guard.forget(p.pid());
        }
    }

    /** Asks the process to stop, and returns at once. It is not started again. */
    void terminate() {
        closed = true;
        Process p = process;
        if (p != null) {
            p.destroy();
        }
    }

    /** Asks the process to stop, and kills it if it has not by the limit. */
    void stop(Duration limit) throws InterruptedException {
        Process p = process;
        if (p == null) {
            return;
        }
        p.destroy();
        p.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
        kill();
    }

    private String tail() {
        try {
            List<String> lines = Files.readAllLines(log);
            return String.join("\n", lines.subList(Math.max(0, lines.size() - 30), lines.size()));
        } catch (IOException e) {
            return "(no log)";
        }
    }

    /** Stops the process, which has a few seconds for it. */
    @Override
    public void close() {
        closed = true;
        try {
            stop(STOP_LIMIT);
        } catch (InterruptedException e) {
            kill();
            Thread.currentThread().interrupt();
        }
    }
}
