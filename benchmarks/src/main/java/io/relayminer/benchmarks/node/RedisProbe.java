package io.relayminer.benchmarks.node;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Asks a Redis on loopback what it has done, in its inline protocol over a connection of its own,
 * so that the question costs the server one command.
 *
 * <p>Not thread-safe.
 */
final class RedisProbe implements AutoCloseable {

    private static final int TIMEOUT_MILLIS = 10_000;
    private static final int TICK_MILLIS = 100;
    private static final Pattern CLIENT = Pattern.compile("\\baddr=(\\S+) .*\\bname=(\\S*)");

    /** A command that a client sent, not one that a script ran. */
    private static final Pattern SENT = Pattern.compile("^\\+?[0-9.]+ \\[\\d+ ([0-9.:]+)\\] ");

    private final int port;
    private final Socket socket;
    private final BufferedReader in;

    RedisProbe(int port) throws IOException {
        this.port = port;
        this.socket = connect();
        this.in = reader(socket);
    }

    private Socket connect() throws IOException {
        Socket opened = new Socket(InetAddress.getLoopbackAddress(), port);
        opened.setSoTimeout(TIMEOUT_MILLIS);
        return opened;
    }

    private static BufferedReader reader(Socket socket) throws IOException {
        return new BufferedReader(
                new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1),
                1 << 16);
    }

    private String ask(String command) throws IOException {
        write(socket, command);
        String head = in.readLine();
        if (head == null || head.startsWith("-")) {
            throw new IOException("Redis answered " + command + " with " + head);
        }
        if (!head.startsWith("$")) {
            return head.substring(1);
        }
        int length = Integer.parseInt(head.substring(1));
        char[] text = new char[Math.max(0, length) + (length < 0 ? 0 : 2)];
        int read = 0;
        while (read < text.length) {
            int n = in.read(text, read, text.length - read);
            if (n < 0) {
                throw new IOException("Redis hung up");
            }
            read += n;
        }
        return new String(text, 0, Math.max(0, length));
    }

    private static void write(Socket socket, String command) throws IOException {
        socket.getOutputStream().write((command + "\r\n").getBytes(StandardCharsets.ISO_8859_1));
    }

    /** An integer answer, 0 for none. */
    long integer(String command) throws IOException {
        String answer = ask(command);
        return answer.isEmpty() ? 0 : Long.parseLong(answer);
    }

    private Map<String, Double> info() throws IOException {
        Map<String, Double> numbers = new HashMap<>();
        for (String line : ask("INFO all").split("\r\n", -1)) {
            int colon = line.indexOf(':');
            if (colon > 0) {
                try {
                    numbers.put(
                            line.substring(0, colon), Double.valueOf(line.substring(colon + 1)));
                } catch (NumberFormatException text) {
                    // A version, a list.
                }
            }
        }
        return numbers;
    }

    /**
     * Work done since the start of the server.
     *
     * @param cpuMicros CPU time of the server and of the children that rewrite its log
     * @param reads reads from sockets; several commands that arrive together are one
     */
    record Work(double cpuMicros, double reads) {
        Work since(Work earlier) {
            return new Work(cpuMicros - earlier.cpuMicros, reads - earlier.reads);
        }
    }

    /** Work done up to now. */
    Work work() throws IOException {
        Map<String, Double> info = info();
        double seconds = 0;
        for (String part :
                new String[] {
                    "used_cpu_sys",
                    "used_cpu_user",
                    "used_cpu_sys_children",
                    "used_cpu_user_children"
                }) {
            seconds += info.getOrDefault(part, 0.0);
        }
        return new Work(seconds * 1e6, info.getOrDefault("total_reads_processed", 0.0));
    }

    /**
     * Watches for a while which client sends how many commands.
     *
     * @return number of commands by client name
     */
    Map<String, Integer> commandsByClient(Duration time) throws IOException {
        Map<String, String> names = new HashMap<>();
        for (String line : ask("CLIENT LIST").split("\n", -1)) {
            Matcher client = CLIENT.matcher(line);
            if (client.find()) {
                names.put(client.group(1), client.group(2));
            }
        }
        Map<String, Integer> counts = new HashMap<>();
        try (Socket monitor = connect()) {
            monitor.setSoTimeout(TICK_MILLIS);
            write(monitor, "MONITOR");
            BufferedReader lines = reader(monitor);
            long end = System.nanoTime() + time.toNanos();
            while (System.nanoTime() < end) {
                String line;
                try {
                    line = lines.readLine();
                } catch (SocketTimeoutException quiet) {
                    continue;
                }
                if (line == null) {
                    throw new IOException("Redis hung up");
                }
                Matcher sent = SENT.matcher(line);
                if (sent.find()) {
                    counts.merge(names.getOrDefault(sent.group(1), ""), 1, Integer::sum);
                }
            }
        }
        return counts;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
