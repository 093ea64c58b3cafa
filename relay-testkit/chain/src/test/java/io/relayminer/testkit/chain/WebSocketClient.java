package io.relayminer.testkit.chain;

import com.fasterxml.jackson.databind.JsonNode;

import io.relayminer.testkit.chain.internal.encoding.GoJson;

import org.jspecify.annotations.Nullable;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A websocket client for tests: sends texts, waits for texts. */
final class WebSocketClient implements WebSocket.Listener {
    /** Stands for a frame without id. */
    static final int NO_ID = Integer.MIN_VALUE;

    private static final int PATIENCE_SECONDS = 60;

    private final BlockingQueue<String> received = new LinkedBlockingQueue<>();
    private final StringBuilder partial = new StringBuilder();
    private @Nullable WebSocket socket;

    static WebSocketClient connect(int port) {
        WebSocketClient client = new WebSocketClient();
        client.socket =
                HttpClient.newHttpClient()
                        .newWebSocketBuilder()
                        .buildAsync(URI.create("ws://127.0.0.1:" + port + "/websocket"), client)
                        .join();
        return client;
    }

    void send(String text) {
        java.util.Objects.requireNonNull(socket).sendText(text, true).join();
    }

    /** The next text. */
    String next() throws InterruptedException {
        String text = received.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
        if (text == null) {
            throw new AssertionError("nothing came");
        }
        return text;
    }

    /** The next text with this id; others are dropped. */
    String next(int id) throws Exception {
        while (true) {
            String text = next();
            JsonNode json = GoJson.MAPPER.readTree(text);
            if (json.path("id").asInt(NO_ID) == id) {
                return text;
            }
        }
    }

    /** The next text with the id of {@code expected}, or without id if that has none. */
    String nextLike(JsonNode expected) throws Exception {
        while (true) {
            String text = next();
            JsonNode json = GoJson.MAPPER.readTree(text);
            if (java.util.Objects.equals(
                    String.valueOf(json.get("id")), String.valueOf(expected.get("id")))) {
                return text;
            }
        }
    }

    void clear() {
        received.clear();
    }

    @Override
    public @Nullable CompletionStage<?> onText(
            WebSocket webSocket, CharSequence data, boolean last) {
        partial.append(data);
        if (last) {
            received.add(partial.toString());
            partial.setLength(0);
        }
        webSocket.request(1);
        return null;
    }
}
