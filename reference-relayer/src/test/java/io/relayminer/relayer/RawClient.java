package io.relayminer.relayer;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Sends one HTTP/1.1 request as given bytes on a connection of its own and reads the answer. */
final class RawClient {

    private static final int TIMEOUT_MILLIS = 30_000;

    private RawClient() {}

    /** An answer; header names are lower case, repeated ones joined with a line feed. */
    record Answer(int status, Map<String, String> headers, byte[] body) {
        String text() {
            return new String(body, StandardCharsets.UTF_8);
        }
    }

    static Answer post(InetSocketAddress to, byte[] body, String... headers) throws IOException {
        return send(to, "POST", "/", body, headers);
    }

    static Answer get(InetSocketAddress to, String path) throws IOException {
        return send(to, "GET", path, new byte[0]);
    }

    static Answer send(
            InetSocketAddress to, String method, String path, byte[] body, String... headers)
            throws IOException {
        StringBuilder head = new StringBuilder(method + " " + path + " HTTP/1.1\r\nHost: relayer");
        for (int i = 0; i < headers.length; i += 2) {
            head.append("\r\n").append(headers[i]).append(": ").append(headers[i + 1]);
        }
        head.append("\r\nContent-Length: ").append(body.length);
        return raw(to, head.toString(), body);
    }

    static Answer raw(InetSocketAddress to, String head, byte[] body) throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress("127.0.0.1", to.getPort()), TIMEOUT_MILLIS);
            socket.setSoTimeout(TIMEOUT_MILLIS);
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            out.writeBytes((head + "\r\n\r\n").getBytes(StandardCharsets.ISO_8859_1));
            out.writeBytes(body);
            try {
                socket.getOutputStream().write(out.toByteArray());
                socket.getOutputStream().flush();
            } catch (IOException e) {
                // The server may refuse a long body before it has read it all.
            }
            return read(socket.getInputStream());
        }
    }

    private static Answer read(InputStream in) throws IOException {
        String status = line(in);
        Map<String, String> headers = new TreeMap<>();
        for (String line = line(in); !line.isEmpty(); line = line(in)) {
            int colon = line.indexOf(':');
            headers.merge(
                    line.substring(0, colon).toLowerCase(Locale.ROOT),
                    line.substring(colon + 1).strip(),
                    (a, b) -> a + "\n" + b);
        }
        byte[] body;
        if (headers.containsKey("content-length")) {
            body = in.readNBytes(Integer.parseInt(headers.get("content-length")));
        } else if ("chunked".equals(headers.get("transfer-encoding"))) {
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            for (int n = Integer.parseInt(line(in), 16);
                    n > 0;
                    n = Integer.parseInt(line(in), 16)) {
                all.writeBytes(in.readNBytes(n));
                line(in);
            }
            body = all.toByteArray();
        } else {
            body = new byte[0];
        }
        return new Answer(Integer.parseInt(status.split(" ")[1]), headers, body);
    }

    private static String line(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        int b;
        while ((b = in.read()) >= 0 && b != '\n') {
            line.write(b);
        }
        if (b < 0 && line.size() == 0) {
            throw new IOException("connection closed without an answer");
        }
        return line.toString(StandardCharsets.ISO_8859_1).stripTrailing();
    }
}
