package io.relayminer.testkit.redis;

import com.github.dockerjava.api.model.PortBinding;

import org.opentest4j.TestAbortedException;
import org.testcontainers.containers.ContainerFetchException;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.images.RemoteDockerImage;
import org.testcontainers.utility.DockerImageName;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A Redis server in a container.
 *
 * <p>The port on the host is chosen here and not by the engine: an engine picks a new one when a
 * container is started again, and a restarted server must be where its clients left it.
 */
final class ContainerRedis implements RedisServer {

    private static final int INSIDE = 6379;
    private static final Duration START_TIMEOUT = Duration.ofSeconds(60);

    private final GenericContainer<?> container;
    private final int port;

    private ContainerRedis(GenericContainer<?> container, int port) {
        this.container = container;
        this.port = port;
    }

    static ContainerRedis start(String image, String program, String... settings) {
        DockerImageName name = DockerImageName.parse(image);
        fetch(name);
        List<String> command = new ArrayList<>(List.of(program));
        command.addAll(List.of("--port", Integer.toString(INSIDE), "--protected-mode", "no"));
        command.addAll(List.of("--save", "", "--appendonly", "no"));
        command.addAll(List.of("--maxmemory-policy", "noeviction"));
        command.addAll(List.of(settings));
        int port = freePort();
        GenericContainer<?> container =
                new GenericContainer<>(name)
                        .withExposedPorts(INSIDE)
                        .withCommand(command.toArray(String[]::new))
                        .withCreateContainerCmdModifier(
                                create ->
                                        create.getHostConfig()
                                                .withPortBindings(
                                                        PortBinding.parse(port + ":" + INSIDE)))
                        .waitingFor(Wait.forListeningPort().withStartupTimeout(START_TIMEOUT));
        container.start();
        return new ContainerRedis(container, port);
    }

    private static void fetch(DockerImageName name) {
        try {
            new RemoteDockerImage(name).get();
        } catch (ContainerFetchException e) {
            throw new TestAbortedException("the image " + name + " cannot be fetched", e);
        } catch (Exception e) {
            throw new IllegalStateException("cannot look for the image " + name, e);
        }
    }

    @Override
    public String uri() {
        return "redis://" + container.getHost() + ":" + port;
    }

    @Override
    public void kill() {
        container.getDockerClient().killContainerCmd(container.getContainerId()).exec();
    }

    @Override
    public void restart() {
        container.getDockerClient().startContainerCmd(container.getContainerId()).exec();
        long deadline = System.nanoTime() + START_TIMEOUT.toNanos();
        while (!answers()) {
            if (System.nanoTime() - deadline > 0) {
                throw new IllegalStateException(
                        "the Redis server did not start again; its log: " + container.getLogs());
            }
            try {
                TimeUnit.MILLISECONDS.sleep(10);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while the server started", e);
            }
        }
    }

    @Override
    public void close() {
        container.stop();
    }

    private boolean answers() {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(container.getHost(), port), 1000);
            socket.setSoTimeout(1000);
            socket.getOutputStream().write("PING\r\n".getBytes(StandardCharsets.US_ASCII));
            byte[] reply = socket.getInputStream().readNBytes(7);
            // While the append-only file is loaded the answer is an error, not +PONG.
            return new String(reply, StandardCharsets.US_ASCII).equals("+PONG\r\n");
        } catch (IOException e) {
            return false; // not listening yet
        }
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException("no free port", e);
        }
    }
}
