package io.relayminer.testkit.backend;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A TCP proxy on loopback between a client and a server of any protocol, with a broken network on
 * request: connections are refused, cut with a reset, or stalled so that nothing arrives although
 * everybody stays connected.
 *
 * <p>Thread-safe. Each connection has two virtual threads. {@link #close()} frees the port and cuts
 * all connections.
 */
public final class FaultProxy implements AutoCloseable {

    private static final int BUFFER_BYTES = 16 * 1024;

    private final InetSocketAddress target;
    private final ServerSocket listener;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final AtomicLong accepted = new AtomicLong();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition flowing = lock.newCondition();
    private boolean stalled;
    private volatile boolean refusing;

    private FaultProxy(InetSocketAddress target) {
        this.target = target;
        try {
            this.listener = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Thread.ofVirtual().name("fault-proxy").start(this::accept);
    }

    /** A proxy on a free port that forwards to the given server. */
    public static FaultProxy to(String host, int port) {
        return new FaultProxy(new InetSocketAddress(host, port));
    }

    /** Port of the proxy on 127.0.0.1. */
    public int port() {
        return listener.getLocalPort();
    }

    /** Number of connections accepted so far, refused ones included. */
    public long accepted() {
        return accepted.get();
    }

    /** Number of connections being forwarded; each has two sockets. */
    public int connections() {
        return open.size() / 2;
    }

    /** While on, new connections are reset at once; open ones go on. */
    public void refuse(boolean on) {
        refusing = on;
    }

    /** While on, nothing is forwarded in either direction; what was sent arrives afterwards. */
    public void stall(boolean on) {
        lock.lock();
        try {
            stalled = on;
            flowing.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Resets all open connections. */
    public void cut() {
        open.forEach(this::reset);
    }

    private void accept() {
        try {
            while (true) {
                Socket client = listener.accept();
                accepted.incrementAndGet();
                if (refusing) {
                    reset(client);
                } else {
                    Thread.ofVirtual().start(() -> connect(client));
                }
            }
        } catch (IOException closed) {
            cut();
        }
    }

    private void connect(Socket client) {
        Socket server = new Socket();
        try {
            server.connect(target);
            client.setOption(StandardSocketOptions.TCP_NODELAY, true);
            server.setOption(StandardSocketOptions.TCP_NODELAY, true);
        } catch (IOException e) {
            reset(client);
            reset(server);
            return;
        }
        open.add(client);
        open.add(server);
        Thread.ofVirtual().start(() -> forward(client, server));
        forward(server, client);
    }

    private void forward(Socket from, Socket to) {
        byte[] buffer = new byte[BUFFER_BYTES];
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                awaitFlow();
                out.write(buffer, 0, n);
            }
            to.shutdownOutput();
            if (from.isOutputShutdown()) {
                close(from);
                close(to);
            }
        } catch (IOException | InterruptedException e) {
            reset(from);
            reset(to);
        }
    }

    private void awaitFlow() throws InterruptedException {
        lock.lock();
        try {
            while (stalled) {
                flowing.await();
            }
        } finally {
            lock.unlock();
        }
    }

    private void close(Socket socket) throws IOException {
        open.remove(socket);
        socket.close();
    }

    /** Closes with a reset instead of an orderly end. */
    private void reset(Socket socket) {
        open.remove(socket);
        try {
            socket.setSoLinger(true, 0);
            socket.close();
        } catch (IOException alreadyClosed) {
            // what was wanted
        }
    }

    @Override
    public void close() {
        refusing = true;
        stall(false);
        try {
            listener.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        cut();
    }
}
