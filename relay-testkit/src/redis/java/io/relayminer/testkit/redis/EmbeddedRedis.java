package io.relayminer.testkit.redis;

import org.jspecify.annotations.Nullable;

import redis.embedded.core.ExecutableProvider;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * One Redis server process on a loopback port of its own, with a data folder of its own.
 *
 * <p>The server keeps its port and data across {@link #kill()} and {@link #restart()}, so a test
 * can crash it in the middle of a write and see what a client finds afterwards. Persistence is off
 * unless the settings ask for it (for example {@code "--appendonly", "yes", "--appendfsync",
 * "always"}). Closing stops the process and deletes the data. Not thread-safe.
 */
public final class EmbeddedRedis implements RedisServer {

    private static final String SERVER_VARIABLE = "RELAYMINER_REDIS_SERVER";
    private static final String LOOPBACK = "127.0.0.1";
    private static final long START_TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(30);
    private static final int START_ATTEMPTS = 5;

    private final Path folder;
    private final List<String> settings;
    private int port;
    private @Nullable Process process;

    private EmbeddedRedis(Path folder, List<String> settings) {
        this.folder = folder;
        this.settings = settings;
    }

    /**
     * Starts a server on a free loopback port and waits until it answers {@code PING}.
     *
     * @param settings further arguments of {@code redis-server}, for example {@code "--maxmemory",
     *     "10mb"}; they override the defaults (no persistence, {@code noeviction})
     */
    public static EmbeddedRedis start(String... settings) {
        return start(0, settings);
    }

    /**
     * Starts a server on the given loopback port; 0 means any free one.
     *
     * @throws IllegalStateException if the server does not answer within 30 s
     */
    public static EmbeddedRedis start(int port, String... settings) {
        EmbeddedRedis redis = null;
        boolean started = false;
        try {
            redis =
                    new EmbeddedRedis(
                            Files.createTempDirectory("relayminer-redis"), List.of(settings));
            redis.startOn(port);
            started = true;
            return redis;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot prepare the Redis server", e);
        } finally {
            if (redis != null && !started) {
                redis.close();
            }
        }
    }

    /** The address of the listener, always {@code 127.0.0.1}. */
    public String host() {
        return LOOPBACK;
    }

    /** The port of the listener; the same before and after a restart. */
    public int port() {
        return port;
    }

    /** {@code redis://127.0.0.1:<port>}. */
    @Override
    public String uri() {
        return "redis://" + LOOPBACK + ":" + port;
    }

    /** The process id of the running server. */
    public long pid() {
        return running().pid();
    }

    /** The folder with the append-only file and snapshots. */
    public Path dataFolder() {
        return folder;
    }

    /** Ends the server like {@code kill -9}: nothing is flushed, clients see a reset. */
    @Override
    public void kill() {
        end(running().destroyForcibly());
        process = null;
    }

    /** Ends the server in order, as SIGTERM does. */
    public void stop() {
        Process current = process;
        if (current == null) {
            return;
        }
        current.destroy();
        try {
            if (!current.waitFor(10, TimeUnit.SECONDS)) {
                current.destroyForcibly();
            }
        } catch (InterruptedException e) {
            current.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        end(current);
        process = null;
    }

    /**
     * Starts the server again on the same port and data, after {@link #kill()} or {@link #stop()}.
     */
    @Override
    public void restart() {
        stop();
        try {
            startOn(port);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot restart the Redis server", e);
        }
    }

    @Override
    public void close() {
        stop();
        try (var files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot delete " + folder, e);
        }
    }

    private Process running() {
        Process current = process;
        if (current == null) {
            throw new IllegalStateException("the Redis server is not running");
        }
        return current;
    }

    private void startOn(int wanted) throws IOException {
        for (int attempt = 1; ; attempt++) {
            port = wanted == 0 ? freePort() : wanted;
            Process started = launch();
            process = started;
            if (answers(started)) {
                return;
            }
            started.destroyForcibly();
            process = null;
            // A free port can be taken between the look and the bind; only then is another try
            // useful.
            if (wanted != 0
                    || attempt == START_ATTEMPTS
                    || Thread.currentThread().isInterrupted()) {
                throw new IllegalStateException(
                        "the Redis server did not start; its log: "
                                + Files.readString(folder.resolve("redis.log")));
            }
        }
    }

    private Process launch() throws IOException {
        List<String> command = new ArrayList<>();
        command.add(executable().getAbsolutePath());
        command.addAll(List.of("--port", Integer.toString(port), "--bind", LOOPBACK));
        command.addAll(List.of("--dir", folder.toString(), "--save", "", "--appendonly", "no"));
        command.addAll(List.of("--maxmemory-policy", "noeviction"));
        command.addAll(settings);
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(
                        ProcessBuilder.Redirect.appendTo(folder.resolve("redis.log").toFile()))
                .start();
    }

    /**
     * The server named by the environment variable {@value #SERVER_VARIABLE}, for tests against
     * another version or Valkey; otherwise the packaged one, unpacked once for each process.
     */
    private static synchronized File executable() throws IOException {
        if (binary == null) {
            String chosen = System.getenv(SERVER_VARIABLE);
            binary = chosen == null || chosen.isBlank() ? unpacked() : new File(chosen);
        }
        return binary;
    }

    private static File unpacked() throws IOException {
        File home = Files.createTempDirectory("relayminer-redis-binary").toFile();
        File unpacked = ExecutableProvider.newJarResourceProvider(home).get();
        Runnable removal =
                () -> {
                    unpacked.delete();
                    home.delete();
                };
        try {
            Runtime.getRuntime().addShutdownHook(new Thread(removal));
        } catch (IllegalStateException shuttingDown) {
            removal.run();
            throw shuttingDown;
        }
        return unpacked;
    }

    private static @Nullable File binary;

    private boolean answers(Process started) throws IOException {
        long deadline = System.nanoTime() + START_TIMEOUT_NANOS;
        while (started.isAlive() && System.nanoTime() - deadline < 0) {
            try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
                socket.setSoTimeout(1000);
                socket.getOutputStream().write("PING\r\n".getBytes(StandardCharsets.US_ASCII));
                byte[] reply = socket.getInputStream().readNBytes(7);
                // While the append-only file is loaded the answer is an error, not +PONG.
                if (new String(reply, StandardCharsets.US_ASCII).equals("+PONG\r\n")) {
                    return started.isAlive();
                }
            } catch (IOException e) {
                // Not listening yet.
            }
            try {
                TimeUnit.MILLISECONDS.sleep(10);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
        return false;
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static void end(Process process) {
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
