package io.relayminer.testkit.backend;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;

@Timeout(60)
class FaultProxyTest {

    private ServerSocket echo;
    private FaultProxy proxy;

    @BeforeEach
    void start() throws IOException {
        echo = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual()
                .start(
                        () -> {
                            while (!echo.isClosed()) {
                                try {
                                    Socket socket = echo.accept();
                                    Thread.ofVirtual().start(() -> echo(socket));
                                } catch (IOException over) {
                                    return;
                                }
                            }
                        });
        proxy = FaultProxy.to("127.0.0.1", echo.getLocalPort());
    }

    private static void echo(Socket socket) {
        try (socket) {
            socket.getInputStream().transferTo(socket.getOutputStream());
        } catch (IOException cut) {
            // the proxy did it
        }
    }

    @AfterEach
    void stop() throws IOException {
        proxy.close();
        echo.close();
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket("127.0.0.1", proxy.port());
        socket.setSoTimeout(30_000);
        return socket;
    }

    private static int roundTrip(Socket socket, int value) throws IOException {
        socket.getOutputStream().write(value);
        return socket.getInputStream().read();
    }

    @Test
    void forwardsBothWaysAndEndsOrderly() throws IOException {
        try (Socket socket = connect()) {
            assertEquals(7, roundTrip(socket, 7));
            assertEquals(1, proxy.connections());
            socket.shutdownOutput();
            assertEquals(-1, socket.getInputStream().read());
        }
        await().atMost(Duration.ofSeconds(30)).until(() -> proxy.connections() == 0);
        assertEquals(1, proxy.accepted());
    }

    @Test
    void cutResetsOpenConnections() throws IOException {
        try (Socket socket = connect()) {
            assertEquals(1, roundTrip(socket, 1));
            proxy.cut();
            InputStream in = socket.getInputStream();
            assertThrows(IOException.class, in::read);
        }
        try (Socket again = connect()) {
            assertEquals(2, roundTrip(again, 2));
        }
    }

    @Test
    void refusedConnectionsAreReset() throws IOException {
        try (Socket before = connect()) {
            assertEquals(1, roundTrip(before, 1));
            proxy.refuse(true);
            assertThrows(
                    IOException.class,
                    () -> {
                        try (Socket socket = connect()) {
                            for (int i = 0; i < 1000; i++) {
                                if (roundTrip(socket, 2) < 0) {
                                    throw new IOException("closed");
                                }
                            }
                        }
                    });
            assertEquals(3, roundTrip(before, 3), "open connections go on");
        }
    }

    @Test
    void stalledBytesArriveLater() throws IOException {
        try (Socket socket = connect()) {
            assertEquals(1, roundTrip(socket, 1));
            proxy.stall(true);
            socket.getOutputStream().write(2);
            socket.setSoTimeout(50);
            assertThrows(SocketTimeoutException.class, () -> socket.getInputStream().read());
            socket.setSoTimeout(30_000);
            proxy.stall(false);
            assertEquals(2, socket.getInputStream().read());
        }
    }
}
