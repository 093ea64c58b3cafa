package io.relayminer.benchmarks.node;

import io.relayminer.testkit.backend.DemoBackend;
import io.relayminer.testkit.gateway.GatewayClient;
import io.relayminer.testkit.gateway.LoadGenerator;
import io.relayminer.testkit.localnet.Daemon;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What the bare proxy needs for the request bodies and the rate that the relayer gets.
 *
 * @param cpuMicros CPU time of one request at the steady rate, microseconds
 * @param p50Millis median latency at the steady rate
 * @param p99Millis 99th percentile of the latency at the steady rate
 * @param perSecond requests a second when sent as fast as they are answered
 */
record ProxyYardstick(double cpuMicros, double p50Millis, double p99Millis, double perSecond) {

    private static final Duration READY_LIMIT = Duration.ofSeconds(60);
    private static final int AHEAD = 20;

    /** Starts a proxy and a backend, measures, and ends them. */
    static ProxyYardstick measure(NodePlan plan) throws IOException, InterruptedException {
        int port = NodeUnderTest.freePort();
        URI url = URI.create("http://127.0.0.1:" + port + "/");
        Path log = Files.createTempFile("relayminer-proxy-", ".log");
        try (DemoBackend backend = DemoBackend.start();
                GatewayClient client = new GatewayClient(Duration.ofSeconds(10), Runnable::run);
                Daemon proxy =
                        new Daemon(
                                "proxy",
                                BareProxy.class.getName(),
                                List.of(Integer.toString(port), backend.url()),
                                Daemon.jvmOptions(),
                                url,
                                log)) {
            proxy.start();
            proxy.awaitReady(READY_LIMIT);
            RelayBody body = new RelayBody(plan.relayBytes());
            int half = Math.max(1, plan.proxyWarmUp() / 2);
            flood(client, url, body, half, plan.floodInFlight());
            Duration warm = flood(client, url, body, half, plan.floodInFlight());
            Duration before = proxy.cpuTime();
            long count = plan.relaysPerSecond() * plan.proxyTime().toSeconds();
            LoadGenerator.Report report =
                    new LoadGenerator<>(body::next, text -> send(client, url, text), 1, AHEAD)
                            .run(plan.relaysPerSecond(), count);
            return new ProxyYardstick(
                    proxy.cpuTime().minus(before).toNanos() / 1e3 / count,
                    report.percentileMillis(50),
                    report.percentileMillis(99),
                    half * 1e9 / warm.toNanos());
        } finally {
            Files.deleteIfExists(log);
        }
    }

    private static CompletionStage<GatewayClient.Answer> send(
            GatewayClient client, URI url, String text) {
        return client.send(url, text.getBytes(StandardCharsets.US_ASCII));
    }

    private static Duration flood(
            GatewayClient client, URI url, RelayBody body, int count, int inFlight)
            throws InterruptedException {
        AtomicLong left = new AtomicLong(count);
        return ClosedLoop.run(
                () -> left.getAndDecrement() > 0, () -> send(client, url, body.next()), inFlight);
    }
}
