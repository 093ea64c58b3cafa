package io.relayminer.transport.vertx;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

import javax.net.ServerSocketFactory;

/** A server that reads HTTP/1.1 requests and lets a script write whatever it likes back. */
final class ScriptedServer implements AutoCloseable {

    /** Writes the answer to one request. */
    interface Script {
        void answer(Request request, Connection connection) throws Exception;
    }

    /** A request as it came over the wire. */
    record Request(String head, byte[] body) {
        String line() {
            return head.substring(0, head.indexOf("\r\n"));
        }

        boolean has(String headerLine) {
            return ("\r\n" + head.toLowerCase(Locale.ROOT))
                    .contains("\r\n" + headerLine.toLowerCase(Locale.ROOT) + "\r\n");
        }

        boolean mentions(String headerName) {
            return head.toLowerCase(Locale.ROOT)
                    .contains("\r\n" + headerName.toLowerCase(Locale.ROOT) + ":");
        }
    }

    /** The server's side of a connection. */
    static final class Connection {
        private final Socket socket;
        final CountDownLatch closedByPeer = new CountDownLatch(1);

        Connection(Socket socket) {
            this.socket = socket;
        }

        void write(String text) throws IOException {
            OutputStream out = socket.getOutputStream();
            out.write(text.getBytes(StandardCharsets.ISO_8859_1));
            out.flush();
        }

        void respond(String body) throws IOException {
            write("HTTP/1.1 200 OK\r\nContent-Length: " + body.length() + "\r\n\r\n" + body);
        }

        /** Says that nothing follows, and goes on reading. */
        void endOutput() throws IOException {
            socket.shutdownOutput();
        }

        void close() throws IOException {
            socket.close();
        }
    }

    final List<Request> requests = new CopyOnWriteArrayList<>();
    final List<Connection> connections = new CopyOnWriteArrayList<>();
    final AtomicInteger accepted = new AtomicInteger();
    private final ServerSocket server;
    private final Script script;

    ScriptedServer(Script script) throws IOException {
        this(ServerSocketFactory.getDefault(), script);
    }

    ScriptedServer(ServerSocketFactory factory, Script script) throws IOException {
        this.script = script;
        this.server = factory.createServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::accept);
    }

    int port() {
        return server.getLocalPort();
    }

    private void accept() {
        try {
            while (true) {
                Socket socket = server.accept();
                accepted.incrementAndGet();
                Thread.ofVirtual().start(() -> serve(socket));
            }
        } catch (IOException closed) {
            // the test is over
        }
    }

    private void serve(Socket socket) {
        Connection connection = new Connection(socket);
        connections.add(connection);
        try (socket) {
            InputStream in = new BufferedInputStream(socket.getInputStream());
            while (true) {
                Request request = read(in);
                if (request == null) {
                    break;
                }
                requests.add(request);
                script.answer(request, connection);
            }
        } catch (Exception lost) {
            // the client gave up, or the test closed the connection
        } finally {
            connection.closedByPeer.countDown();
        }
    }

    private static Request read(InputStream in) throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        while (!head.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
            int b = in.read();
            if (b < 0) {
                return null;
            }
            head.write(b);
        }
        String text = head.toString(StandardCharsets.ISO_8859_1);
        int length = 0;
        for (String line : text.split("\r\n")) {
            if (line.toLowerCase(Locale.ROOT).startsWith("content-length:")) {
                length = Integer.parseInt(line.substring(15).trim());
            }
        }
        return new Request(text, in.readNBytes(length));
    }

    @Override
    public void close() throws IOException {
        server.close();
        for (Connection connection : connections) {
            connection.close();
        }
    }
}
