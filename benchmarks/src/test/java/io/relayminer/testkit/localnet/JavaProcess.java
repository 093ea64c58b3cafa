package io.relayminer.testkit.localnet;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A main class of this build in a JVM of its own, on the class path of the test. */
final class JavaProcess implements AutoCloseable {

    private final Process process;
    private final Path output;

    private JavaProcess(Process process, Path output) {
        this.process = process;
        this.output = output;
    }

    /**
     * Starts a main class.
     *
     * @param folder gets the output and temporary files
     */
    static JavaProcess start(Path folder, String main, String... arguments) throws Exception {
        Path output = folder.resolve("output");
        List<String> command = new ArrayList<>(receivingSignals());
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(
                List.of(
                        "-Xmx512m",
                        "-XX:+UseSerialGC",
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow",
                        "-Djava.io.tmpdir=" + Files.createDirectory(folder.resolve("tmp")),
                        main));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
        return new JavaProcess(
                builder.redirectErrorStream(true).redirectOutput(output.toFile()).start(), output);
    }

    /**
     * A build that runs in the background of a shell ignores SIGINT, and a JVM respects that. Where
     * {@code env} can undo it, it does.
     */
    private static List<String> receivingSignals() throws IOException, InterruptedException {
        List<String> reset = List.of("env", "--default-signal=INT,TERM");
        List<String> probe = new ArrayList<>(reset);
        probe.add("true");
        Process env =
                new ProcessBuilder(probe)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .redirectError(ProcessBuilder.Redirect.DISCARD)
                        .start();
        return env.waitFor() == 0 ? reset : List.of();
    }

    /** Everything printed so far. */
    String output() {
        try {
            return Files.readString(output);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Processes started by this one, and by those. */
    List<ProcessHandle> descendants() {
        return process.descendants().toList();
    }

    /** Sends a signal, for example INT. */
    void signal(String name) throws Exception {
        int exit =
                new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                        .start()
                        .waitFor();
        if (exit != 0) {
            throw new IllegalStateException("cannot send SIG" + name);
        }
    }

    /** Waits for the end. */
    boolean waitFor(long seconds) throws InterruptedException {
        return process.waitFor(seconds, TimeUnit.SECONDS);
    }

    int exitCode() {
        return process.exitValue();
    }

    @Override
    public void close() {
        List<ProcessHandle> all = descendants();
        process.destroyForcibly().onExit().join();
        all.forEach(ProcessHandle::destroyForcibly);
    }
}
