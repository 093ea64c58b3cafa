package io.relayminer.miner;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A miner in a JVM of its own, started by its {@code main}. */
final class MinerJvm implements AutoCloseable {

    private final Process process;
    private final Path log;

    private MinerJvm(Process process, Path log) {
        this.process = process;
        this.log = log;
    }

    /** Starts a miner with a configuration. */
    static MinerJvm start(Path folder, String name, String yaml) throws IOException {
        Path config = Files.writeString(folder.resolve(name + ".yaml"), yaml);
        Path log = folder.resolve(name + ".log");
        ProcessBuilder builder =
                new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx256m",
                        "-XX:TieredStopAtLevel=1",
                        Main.class.getName(),
                        "--config",
                        config.toString());
        builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
        builder.redirectErrorStream(true).redirectOutput(log.toFile());
        return new MinerJvm(builder.start(), log);
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Ends the process like {@code kill -9}. */
    void kill() {
        process.destroyForcibly();
        process.onExit().join();
    }

    /** The end of its log. */
    String tail() {
        try {
            List<String> lines = Files.readAllLines(log);
            return String.join("\n", lines.subList(Math.max(0, lines.size() - 40), lines.size()));
        } catch (IOException e) {
            return "(no log)";
        }
    }

    @Override
    public void close() {
        kill();
    }
}
