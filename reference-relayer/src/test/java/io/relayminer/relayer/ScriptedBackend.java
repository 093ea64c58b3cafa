package io.relayminer.relayer;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;

/**
 * An HTTP/1.1 server that answers with whatever bytes a script returns, valid or not. Each
 * connection has a virtual thread.
 */
final class ScriptedBackend implements AutoCloseable {

    /** What the server does with a request. */
    sealed interface Step {
        /** Sends bytes; then keeps the connection, or closes it. */
        record Send(byte[] bytes, boolean close) implements Step {}

        /** Says nothing until the client closes the connection. */
        record Silence(byte[] first) implements Step {}

        /** Closes the connection without an answer. */
        record Hangup() implements Step {}
    }

    /** One request as it came. */
    record Request(String head, byte[] body) {
        String line() {
            return head.lines().findFirst().orElse("");
        }

        String header(String name) {
            return head.lines()
                    .filter(
                            l ->
                                    l.toLowerCase(Locale.ROOT)
                                            .startsWith(name.toLowerCase(Locale.ROOT) + ":"))
                    .map(l -> l.substring(l.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse("");
        }
    }

    private final ServerSocket server;
    private final List<Request> requests = new CopyOnWriteArrayList<>();
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private volatile Function<Request, Step> script;

    ScriptedBackend(Function<Request, Step> script) throws IOException {
        this.script = script;
        this.server = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::accept);
    }

    static Step ok(String json) {
        return response(200, "application/json", json.getBytes(StandardCharsets.UTF_8));
    }

    static Step response(int status, String contentType, byte[] body) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(
                ("HTTP/1.1 "
                                + status
                                + " Status\r\nContent-Type: "
                                + contentType
                                + "\r\nContent-Length: "
                                + body.length
                                + "\r\n\r\n")
                        .getBytes(StandardCharsets.UTF_8));
        out.writeBytes(body);
        return new Step.Send(out.toByteArray(), false);
    }

    int port() {
        return server.getLocalPort();
    }

    String url() {
        return "http://127.0.0.1:" + port();
    }

    void script(Function<Request, Step> next) {
        script = next;
    }

    List<Request> requests() {
        return List.copyOf(requests);
    }

    void forget() {
        requests.clear();
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                Socket socket = server.accept();
                sockets.add(socket);
                Thread.ofVirtual().start(() -> serve(socket));
            } catch (IOException e) {
                return;
            }
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            InputStream in = socket.getInputStream();
            while (true) {
                Request request = read(in);
                if (request == null) {
                    return;
                }
                requests.add(request);
                switch (script.apply(request)) {
                    case Step.Send send -> {
                        socket.getOutputStream().write(send.bytes());
                        socket.getOutputStream().flush();
                        if (send.close()) {
                            return;
                        }
                    }
                    case Step.Silence silence -> {
                        socket.getOutputStream().write(silence.first());
                        socket.getOutputStream().flush();
                        while (in.read() >= 0) {
                            // until the client gives up
                        }
                        return;
                    }
                    case Step.Hangup hangup -> {
                        return;
                    }
                }
            }
        } catch (IOException e) {
            // The client has gone.
        }
    }

    private static Request read(InputStream in) throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        int matched = 0;
        while (matched < 4) {
            int b = in.read();
            if (b < 0) {
                return null;
            }
            head.write(b);
            matched = b == (matched % 2 == 0 ? '\r' : '\n') ? matched + 1 : b == '\r' ? 1 : 0;
        }
        String text = head.toString(StandardCharsets.ISO_8859_1).strip();
        List<String> lines = new ArrayList<>(text.lines().toList());
        int length = 0;
        for (String line : lines) {
            if (line.toLowerCase(Locale.ROOT).startsWith("content-length:")) {
                length = Integer.parseInt(line.substring(15).strip());
            }
        }
        return new Request(text, in.readNBytes(length));
    }

    @Override
    public void close() throws IOException {
        server.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
