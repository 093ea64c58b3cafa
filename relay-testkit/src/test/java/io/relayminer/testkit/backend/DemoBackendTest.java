package io.relayminer.testkit.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;

@Timeout(60)
class DemoBackendTest {

    private final DemoBackend backend = DemoBackend.start();
    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    @AfterEach
    void close() {
        http.close();
        backend.close();
    }

    private HttpResponse<String> post(String type, String body) throws Exception {
        return http.send(
                HttpRequest.newBuilder(URI.create(backend.url() + "/any/path"))
                        .header("Content-Type", type)
                        .POST(HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private String call(String body) throws Exception {
        return post("application/json", body).body();
    }

    @Test
    void answersCallsAndBatches() throws Exception {
        assertEquals(
                "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":\"0x1\"}",
                call("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"eth_blockNumber\"}"));
        assertEquals(
                "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"result\":[1,{\"x\":2}]}",
                call("{\"id\":\"a\",\"method\":\"demo_echo\",\"params\":[1,{\"x\":2}]}"));
        assertTrue(call("{\"id\":1,\"method\":\"nope\"}").contains("-32601"));
        assertTrue(call("{\"id\":1}").contains("-32600"));
        assertTrue(call("{").contains("-32700"));
        assertTrue(
                call("[{\"id\":1,\"method\":\"eth_chainId\"},{\"id\":2,\"method\":\"net_version\"}]")
                        .startsWith("[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"0x539\"},{"));
        assertEquals(6, backend.requests());
        assertEquals(415, post("text/plain", "{}").statusCode());
    }

    @Test
    void faultsCanBeSwitched() throws Exception {
        String call = "{\"id\":1,\"method\":\"eth_chainId\"}";
        backend.faults().errorRate(1);
        assertEquals(500, post("application/json", call).statusCode());
        backend.faults().clear();
        backend.faults().fatPayloadBytes(100_000);
        assertTrue(call(call).length() > 100_000);
        backend.faults().clear();
        backend.faults().brokenCompression(true);
        assertEquals(
                "gzip",
                post("application/json", call)
                        .headers()
                        .firstValue("content-encoding")
                        .orElseThrow());
        backend.faults().clear();
        backend.faults().hangUp(true);
        assertThrows(IOException.class, () -> call(call));
        backend.faults().clear();
        backend.faults().delay(Duration.ofMillis(1));
        assertTrue(call(call).contains("0x539"));
        assertThrows(IllegalArgumentException.class, () -> backend.faults().errorRate(1.5));
        assertThrows(IllegalArgumentException.class, () -> backend.faults().fatPayloadBytes(-1));
    }
}
