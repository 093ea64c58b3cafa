package io.relayminer.testkit.localnet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The command {@code localnet} with the real daemons; its final table is the judge. */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class LocalnetFlowTest {

    private static final String LOCALNET = "io.relayminer.testkit.localnet.Localnet";

    @TempDir Path folder;

    /**
     * The leading miner and a relayer are killed in mid-session and again between claim and proof.
     * Blocks are made when everyone is done with the last one.
     */
    @Test
    void everyServedRelayIsPaidThoughProcessesAreKilled() throws Exception {
        try (JavaProcess localnet =
                JavaProcess.start(
                        folder, LOCALNET, "--in-step", "--kill", "--sessions=2", "--rate=10")) {
            assertTrue(localnet.waitFor(540), localnet::output);
            assertEquals(0, localnet.exitCode(), localnet::output);
            String output = localnet.output();
            assertEquals(2, count(output, "in mid-session"), output);
            assertEquals(2, count(output, "between claim and proof"), output);
            assertEquals(4, count(output, "again (pid"), output);
            assertEquals(List.of(), temporaryFiles(), output);
        }
    }

    private static int count(String text, String part) {
        return text.split(Pattern.quote(part), -1).length - 1;
    }

    /** What a process has left in its temporary folder; the JVM's own files are removed late. */
    private List<Path> temporaryFiles() throws Exception {
        try (Stream<Path> files = Files.list(folder.resolve("tmp"))) {
            return files.filter(f -> !f.getFileName().toString().startsWith("hsperfdata"))
                    .sorted()
                    .toList();
        }
    }
}
