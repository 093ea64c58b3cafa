package io.relayminer.miner;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;

/**
 * A door between one client and its Redis that falls shut at a chosen command, so that the client
 * can be killed at exactly that point, however slow the machine is.
 */
final class RedisTrap implements AutoCloseable {

    /** Where the door falls shut. */
    enum Shut {
        /** Redis does not see the command. */
        BEFORE,
        /** Redis executes the command and its reply is lost. */
        AFTER,
        /** The command is answered, and Redis sees nothing that comes later. */
        BEHIND
    }

    private final int redisPort;
    private final ServerSocket listener;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final CountDownLatch sprung = new CountDownLatch(1);
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition opened = lock.newCondition();
    private Predicate<List<String>> trigger = command -> false;
    private Shut shut = Shut.BEFORE;
    private boolean commandsStop;
    private boolean repliesStop;
    private boolean closed;

    private RedisTrap(int redisPort) {
        this.redisPort = redisPort;
        try {
            this.listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Thread.ofVirtual().start(this::accept);
    }

    /** A door, open, to a Redis on loopback. */
    static RedisTrap before(int redisPort) {
        return new RedisTrap(redisPort);
    }

    /** URL of the door. */
    String uri() {
        return "redis://127.0.0.1:" + listener.getLocalPort();
    }

    /** Falls shut at the first command that the predicate accepts; arguments are cut. */
    void arm(Shut where, Predicate<List<String>> command) {
        lock.lock();
        try {
            shut = where;
            trigger = command;
        } finally {
            lock.unlock();
        }
    }

    /** Waits until it fell shut. */
    boolean awaitSprung(Duration limit) throws InterruptedException {
        return sprung.await(limit.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void accept() {
        try {
            while (true) {
                Socket client = listener.accept();
                Socket server = new Socket();
                sockets.add(client);
                sockets.add(server);
                server.connect(new InetSocketAddress("127.0.0.1", redisPort));
                client.setTcpNoDelay(true);
                server.setTcpNoDelay(true);
                Thread.ofVirtual().start(() -> commands(client, server));
                Thread.ofVirtual().start(() -> replies(server, client));
            }
        } catch (IOException e) {
            close();
        }
    }

    private void commands(Socket client, Socket server) {
        try {
            InputStream in = new BufferedInputStream(client.getInputStream());
            OutputStream out = server.getOutputStream();
            while (true) {
                ByteArrayOutputStream raw = new ByteArrayOutputStream();
                List<String> command = read(in, raw);
                if (!pass(command)) {
                    return;
                }
                out.write(raw.toByteArray());
                out.flush();
            }
        } catch (IOException | InterruptedException e) {
            end(client, server);
        }
    }

    /** Whether the command may go on to Redis. */
    private boolean pass(List<String> command) throws InterruptedException {
        lock.lock();
        try {
            while (commandsStop && !closed) {
                opened.await();
            }
            if (closed) {
                return false;
            }
            if (!trigger.test(command)) {
                return true;
            }
            trigger = none -> false;
            commandsStop = true;
            repliesStop = shut != Shut.BEHIND;
            sprung.countDown();
            return shut != Shut.BEFORE;
        } finally {
            lock.unlock();
        }
    }

    private void replies(Socket server, Socket client) {
        byte[] buffer = new byte[16 * 1024];
        try {
            InputStream in = server.getInputStream();
            OutputStream out = client.getOutputStream();
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                lock.lock();
                try {
                    while (repliesStop && !closed) {
                        opened.await();
                    }
                } finally {
                    lock.unlock();
                }
                out.write(buffer, 0, n);
            }
            end(client, server);
        } catch (IOException | InterruptedException e) {
            end(client, server);
        }
    }

    private void end(Socket... both) {
        for (Socket socket : both) {
            sockets.remove(socket);
            try {
                socket.close();
            } catch (IOException alreadyClosed) {
                // what was wanted
            }
        }
    }

    /** One command, an array of bulk strings, and its bytes as they came. */
    private static List<String> read(InputStream in, ByteArrayOutputStream raw) throws IOException {
        int count = Integer.parseInt(line(in, raw).substring(1));
        List<String> command = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int length = Integer.parseInt(line(in, raw).substring(1));
            byte[] argument = in.readNBytes(length + 2);
            if (argument.length < length + 2) {
                throw new EOFException();
            }
            raw.write(argument);
            command.add(
                    new String(argument, 0, Math.min(length, 160), StandardCharsets.ISO_8859_1));
        }
        return command;
    }

    private static String line(InputStream in, ByteArrayOutputStream raw) throws IOException {
        StringBuilder text = new StringBuilder();
        while (true) {
            int c = in.read();
            if (c < 0) {
                throw new EOFException();
            }
            raw.write(c);
            if (c == '\n') {
                return text.toString();
            }
            if (c != '\r') {
                text.append((char) c);
            }
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            opened.signalAll();
        } finally {
            lock.unlock();
        }
        try {
            listener.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        sockets.forEach(this::end);
    }
}
