package io.relayminer.core.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.concurrent.atomic.AtomicBoolean;

class AdminServerTest {

    private final HttpClient client = HttpClient.newHttpClient();

    @Test
    void answersItsEndpoints() throws Exception {
        AtomicBoolean live = new AtomicBoolean(true);
        try (AdminServer server =
                AdminServer.builder()
                        .health(live::get)
                        .metrics(() -> "up 1\n")
                        .getBelow("/ready/", name -> AdminServer.Answer.json(200, '"' + name + '"'))
                        .get(
                                "/broken",
                                () -> {
                                    throw new IllegalStateException("inside");
                                })
                        .start("127.0.0.1", 0)) {
            assertEquals("OK", get(server, "/health").body());
            live.set(false);
            assertEquals(503, get(server, "/health").statusCode());
            assertEquals("up 1\n", get(server, "/metrics").body());
            assertTrue(
                    get(server, "/metrics")
                            .headers()
                            .firstValue("content-type")
                            .orElseThrow()
                            .startsWith("text/plain; version=0.0.4"));
            assertEquals("\"eth\"", get(server, "/ready/eth").body());
            assertEquals(404, get(server, "/nothing").statusCode());
            HttpResponse<String> broken = get(server, "/broken");
            assertEquals(500, broken.statusCode());
            assertEquals("Internal Server Error", broken.body());
        }
    }

    private HttpResponse<String> get(AdminServer server, String path) throws Exception {
        URI uri = URI.create("http://127.0.0.1:" + server.address().getPort() + path);
        return client.send(
                HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
    }
}
