package io.relayminer.core.chain;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;

import io.relayminer.core.wire.tendermint.types.Header;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A CometBFT node whose faults a test decides on: JSON-RPC over HTTP and a WebSocket on one port.
 * Blocks of a height are the same on every such node.
 */
final class ScriptedCometNode implements AutoCloseable {

    static final Instant GENESIS = Instant.parse("2026-01-01T00:00:00.5Z");

    private final ServerSocket server;
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private final List<OutputStream> subscribers = new CopyOnWriteArrayList<>();
    private volatile long tip;
    private volatile boolean failing;
    private volatile boolean stalling;
    private volatile boolean refusingSubscriptions;
    private volatile boolean otherHash;
    private volatile int connections;
    private volatile int blockRequests;

    ScriptedCometNode(long tip) throws IOException {
        this.tip = tip;
        this.server = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
        Thread.ofVirtual().start(this::accept);
    }

    URI url() {
        return URI.create("http://127.0.0.1:" + server.getLocalPort());
    }

    /** Answers every request with an HTTP error. */
    void failing(boolean value) {
        failing = value;
    }

    /** Begins every answer and never ends it. */
    void stalling(boolean value) {
        stalling = value;
    }

    /** Refuses to open WebSockets. */
    void refusingSubscriptions(boolean value) {
        refusingSubscriptions = value;
    }

    /** Names blocks by ids that are not the hashes of their headers. */
    void otherHash(boolean value) {
        otherHash = value;
    }

    /** WebSockets opened so far. */
    int connections() {
        return connections;
    }

    /** Blocks asked for so far. */
    int blockRequests() {
        return blockRequests;
    }

    int subscribers() {
        return subscribers.size();
    }

    /** Makes blocks up to a height without telling anybody. */
    void advanceSilently(long height) {
        tip = height;
    }

    /** Makes blocks up to a height and announces the last one. */
    void announce(long height) {
        tip = Math.max(tip, height);
        push(
                "{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":{\"query\":\"tm.event='NewBlockHeader'\","
                    + "\"data\":{\"type\":\"tendermint/event/NewBlockHeader\",\"value\":{\"header\":"
                        + headerJson(height)
                        + "}}}}");
    }

    /** Sends a text to all subscribers, except those that are just leaving. */
    void push(String text) {
        for (OutputStream subscriber : subscribers) {
            try {
                frame(subscriber, 0x81, text.getBytes(UTF_8));
            } catch (IOException gone) {
                subscribers.remove(subscriber);
            }
        }
    }

    /** Closes all WebSockets in the ordinary way. */
    void closeNormally() throws IOException {
        for (OutputStream subscriber : subscribers) {
            frame(subscriber, 0x88, new byte[] {0x03, (byte) 0xE8});
        }
        subscribers.clear();
    }

    private static void frame(OutputStream out, int opcode, byte[] payload) throws IOException {
        ByteArrayOutputStream frame = new ByteArrayOutputStream();
        frame.write(opcode);
        if (payload.length < 126) {
            frame.write(payload.length);
        } else if (payload.length < 1 << 16) {
            frame.write(126);
            frame.write(payload.length >> 8);
            frame.write(payload.length);
        } else {
            frame.write(127);
            for (int shift = 56; shift >= 0; shift -= 8) {
                frame.write((int) ((long) payload.length >> shift));
            }
        }
        frame.writeBytes(payload);
        synchronized (out) {
            out.write(frame.toByteArray());
            out.flush();
        }
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
            DataInputStream in = new DataInputStream(socket.getInputStream());
            OutputStream out = socket.getOutputStream();
            while (true) {
                String head = readHead(in);
                if (head.startsWith("GET /websocket")) {
                    webSocket(head, in, out);
                    return;
                }
                byte[] body = new byte[contentLength(head)];
                in.readFully(body);
                respond(out, new String(body, UTF_8));
            }
        } catch (IOException e) {
            // The client went away, or the test closed the node.
        }
    }

    private static String readHead(DataInputStream in) throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        while (!head.toString(ISO_8859_1).endsWith("\r\n\r\n")) {
            int b = in.read();
            if (b < 0) {
                throw new EOFException();
            }
            head.write(b);
        }
        return head.toString(ISO_8859_1);
    }

    private static int contentLength(String head) {
        for (String line : head.split("\r\n")) {
            if (line.toLowerCase(Locale.ROOT).startsWith("content-length:")) {
                return Integer.parseInt(line.substring(line.indexOf(':') + 1).strip());
            }
        }
        return 0;
    }

    private void respond(OutputStream out, String request) throws IOException {
        String status = failing ? "500 Internal Server Error" : "200 OK";
        byte[] body = (failing ? "broken" : answer(CometJson.tree(request))).getBytes(UTF_8);
        out.write(
                ("HTTP/1.1 "
                                + status
                                + "\r\nContent-Type: application/json\r\nContent-Length: "
                                + body.length
                                + "\r\n\r\n")
                        .getBytes(ISO_8859_1));
        out.write(body, 0, stalling ? 1 : body.length);
        out.flush();
    }

    private String answer(JsonNode request) {
        String id = request.get("id").toString();
        if (request.get("method").asText().equals("status")) {
            return "{\"jsonrpc\":\"2.0\",\"id\":"
                    + id
                    + ",\"result\":{\"node_info\":{\"network\":\"pocket\"}}}";
        }
        blockRequests++;
        long height =
                request.path("params").has("height")
                        ? Long.parseLong(request.path("params").get("height").asText())
                        : tip;
        if (height > tip) {
            return "{\"jsonrpc\":\"2.0\",\"id\":"
                    + id
                    + ",\"error\":{\"code\":-32603,\"message\":\"Internal error\",\"data\":\"height"
                    + " "
                    + height
                    + " must be less than or equal to the current blockchain height "
                    + tip
                    + "\"}}";
        }
        return "{\"jsonrpc\":\"2.0\",\"id\":"
                + id
                + ",\"result\":{\"block_id\":{\"hash\":\""
                + hex(hash(height))
                + "\"},\"block\":{\"header\":"
                + headerJson(height)
                + "}}}";
    }

    ByteString hash(long height) {
        return otherHash
                ? ByteString.copyFrom(new byte[31])
                        .concat(ByteString.copyFrom(new byte[] {(byte) height}))
                : HeaderHash.of(header(height)).orElseThrow();
    }

    static Header header(long height) {
        Instant time = GENESIS.plusMillis(250 * height);
        return Header.newBuilder()
                .setChainId("pocket")
                .setHeight(height)
                .setTime(
                        Timestamp.newBuilder()
                                .setSeconds(time.getEpochSecond())
                                .setNanos(time.getNano()))
                .setValidatorsHash(ByteString.copyFrom(new byte[32]))
                .build();
    }

    private static String headerJson(long height) {
        return "{\"version\":{\"block\":\"0\"},\"chain_id\":\"pocket\",\"height\":\""
                + height
                + "\",\"time\":\""
                + GENESIS.plusMillis(250 * height)
                + "\",\"last_block_id\":{\"hash\":\"\",\"parts\":{\"total\":0,\"hash\":\"\"}},"
                + "\"validators_hash\":\""
                + hex(ByteString.copyFrom(new byte[32]))
                + "\"}";
    }

    private static String hex(ByteString bytes) {
        return HexFormat.of().withUpperCase().formatHex(bytes.toByteArray());
    }

    private void webSocket(String head, DataInputStream in, OutputStream out) throws IOException {
        connections++;
        if (refusingSubscriptions) {
            out.write(
                    "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
                            .getBytes(ISO_8859_1));
            out.flush();
            return;
        }
        out.write(
                ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                + "Sec-WebSocket-Accept: "
                                + accept(head)
                                + "\r\n\r\n")
                        .getBytes(ISO_8859_1));
        out.flush();
        try {
            while (true) {
                int opcode = in.readUnsignedByte() & 0x0F;
                int length = in.readUnsignedByte() & 0x7F;
                if (length == 126) {
                    length = in.readUnsignedShort();
                }
                byte[] mask = new byte[4];
                in.readFully(mask);
                byte[] payload = new byte[length];
                in.readFully(payload);
                for (int i = 0; i < length; i++) {
                    payload[i] ^= mask[i % 4];
                }
                if (opcode == 8) {
                    return;
                }
                if (opcode == 1 && new String(payload, UTF_8).contains("subscribe")) {
                    frame(
                            out,
                            0x81,
                            "{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":{}}".getBytes(UTF_8));
                    subscribers.add(out);
                }
            }
        } finally {
            subscribers.remove(out);
        }
    }

    private static String accept(String head) {
        for (String line : head.split("\r\n")) {
            if (line.toLowerCase(Locale.ROOT).startsWith("sec-websocket-key:")) {
                String key = line.substring(line.indexOf(':') + 1).strip();
                try {
                    return Base64.getEncoder()
                            .encodeToString(
                                    MessageDigest.getInstance("SHA-1")
                                            .digest(
                                                    (key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
                                                            .getBytes(ISO_8859_1)));
                } catch (NoSuchAlgorithmException e) {
                    throw new IllegalStateException(e);
                }
            }
        }
        return "";
    }

    @Override
    public void close() throws IOException {
        server.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
