package io.relayminer.benchmarks.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.relayminer.testkit.redis.EmbeddedRedis;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

class RedisProbeTest {

    private EmbeddedRedis redis;
    private RedisProbe probe;

    @BeforeEach
    void start() throws IOException {
        redis = EmbeddedRedis.start();
        probe = new RedisProbe(redis.port());
    }

    @AfterEach
    void stop() throws IOException {
        probe.close();
        redis.close();
    }

    private Socket client(String name) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), redis.port());
        say(socket, "CLIENT SETNAME " + name);
        return socket;
    }

    /** Sends a command and takes the first line of the answer. */
    private static void say(Socket socket, String command) throws IOException {
        OutputStream out = socket.getOutputStream();
        out.write((command + "\r\n").getBytes(StandardCharsets.US_ASCII));
        while (socket.getInputStream().read() != '\n') {
            // The rest of the line.
        }
    }

    private static String lists(Socket socket) throws IOException {
        socket.getOutputStream().write("CLIENT LIST\r\n".getBytes(StandardCharsets.US_ASCII));
        StringBuilder text = new StringBuilder();
        while (!text.toString().endsWith("\r\n\r\n") && !text.toString().endsWith("\n\r\n")) {
            text.append((char) socket.getInputStream().read());
        }
        return text.toString();
    }

    @Test
    void readsIntegersAndTakesNothingForZero() throws IOException {
        try (Socket client = client("relayer")) {
            say(client, "SET a 41");
            say(client, "HSET h x 1");
        }
        assertEquals(41, probe.integer("GET a"));
        assertEquals(1, probe.integer("HLEN h"));
        assertEquals(0, probe.integer("GET nothing"));
        assertTrue(probe.integer("MEMORY USAGE h SAMPLES 0") > 0);
    }

    @Test
    void workGrowsByWhatTheServerReads() throws IOException {
        RedisProbe.Work before = probe.work();
        try (Socket client = client("relayer")) {
            for (int i = 0; i < 50; i++) {
                say(client, "PING");
            }
        }
        assertTrue(probe.work().since(before).reads() >= 50);
    }

    @Test
    void countsWhatClientsSendAndNotWhatTheirScriptsRun() throws Exception {
        try (Socket relayer = client("relayer");
                Socket miner = client("miner")) {
            CompletableFuture<Map<String, Integer>> counts =
                    CompletableFuture.supplyAsync(
                            () -> {
                                try {
                                    return probe.commandsByClient(Duration.ofSeconds(5));
                                } catch (IOException e) {
                                    throw new IllegalStateException(e);
                                }
                            });
            Awaitility.await()
                    .until(
                            () -> {
                                try (Socket other = client("looker")) {
                                    return lists(other).contains(" cmd=monitor ");
                                }
                            });
            say(relayer, "PING");
            say(relayer, "PING");
            say(miner, "EVAL \"redis.call('SET','a','1');redis.call('GET','a')\" 0");
            assertEquals(Map.of("relayer", 2, "miner", 1), named(counts.get()));
        }
    }

    private static Map<String, Integer> named(Map<String, Integer> counts) {
        counts.remove("");
        return counts;
    }
}
