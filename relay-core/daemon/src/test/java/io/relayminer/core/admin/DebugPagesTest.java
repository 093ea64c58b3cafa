package io.relayminer.core.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;

class DebugPagesTest {

    private final HttpClient client = HttpClient.newHttpClient();
    private AdminServer server;

    @BeforeEach
    void start() {
        server = DebugPages.open("127.0.0.1:0");
    }

    @AfterEach
    void stop() {
        server.close();
        client.close();
    }

    private HttpResponse<byte[]> get(String path) throws Exception {
        return client.send(
                HttpRequest.newBuilder(
                                URI.create("http://127.0.0.1:" + server.address().getPort() + path))
                        .build(),
                HttpResponse.BodyHandlers.ofByteArray());
    }

    private String text(String path) throws Exception {
        HttpResponse<byte[]> answer = get(path);
        assertEquals(200, answer.statusCode(), path);
        return new String(answer.body(), StandardCharsets.UTF_8);
    }

    @Test
    void anAddressThatCannotBeUsedIsNamed() {
        String taken = "127.0.0.1:" + server.address().getPort();
        UncheckedIOException busy =
                assertThrows(UncheckedIOException.class, () -> DebugPages.open(taken));
        assertEquals("pprof.addr: " + taken + " cannot be bound", busy.getMessage());
        IllegalArgumentException malformed =
                assertThrows(IllegalArgumentException.class, () -> DebugPages.open("nowhere"));
        assertTrue(malformed.getMessage().startsWith("pprof.addr"), malformed.getMessage());
    }

    @Test
    void oldBookmarksFindTheIndex() throws Exception {
        for (String path : new String[] {"/debug/pprof/", "/debug/pprof/heap", "/debug/"}) {
            assertTrue(text(path).contains("/debug/jfr?seconds="), path);
        }
    }

    @Test
    void threadsAreShownWithTheVirtualOnes() throws Exception {
        Thread virtual =
                Thread.ofVirtual()
                        .name("a-virtual-thread")
                        .start(
                                () -> {
                                    try {
                                        Thread.sleep(60_000);
                                    } catch (InterruptedException e) {
                                        Thread.currentThread().interrupt();
                                    }
                                });
        try {
            String dump = text("/debug/threads");
            assertTrue(dump.contains("main"), dump);
            assertTrue(dump.contains("a-virtual-thread"), dump);
        } finally {
            virtual.interrupt();
        }
    }

    @Test
    void theHeapIsShownByClass() throws Exception {
        assertTrue(text("/debug/heap").contains("java.lang.String"));
    }

    @Test
    void theVirtualMachineIsDescribed() throws Exception {
        assertTrue(text("/debug/vm").contains("collections"));
    }

    @Test
    void aFlightRecordingCanBeTaken() throws Exception {
        HttpResponse<byte[]> answer = get("/debug/jfr?seconds=1");
        assertEquals(200, answer.statusCode());
        assertEquals("FLR\0", new String(answer.body(), 0, 4, StandardCharsets.ISO_8859_1));
    }

    @Test
    void aHeapDumpCanBeTaken() throws Exception {
        HttpResponse<byte[]> answer = get("/debug/heapdump");
        assertEquals(200, answer.statusCode());
        assertEquals("JAVA PROFILE", new String(answer.body(), 0, 12, StandardCharsets.ISO_8859_1));
    }

    @Test
    void nonsenseIsRefused() throws Exception {
        for (String seconds : new String[] {"0", "301", "x", "-1"}) {
            assertEquals(400, get("/debug/jfr?seconds=" + seconds).statusCode(), seconds);
        }
        assertEquals(404, get("/metrics").statusCode());
    }
}
