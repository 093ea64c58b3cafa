package io.relayminer.benchmarks.node;

import io.relayminer.benchmarks.Figure;
import io.relayminer.benchmarks.Suite;
import io.relayminer.core.chain.ChainQueries;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.session.SessionWindows;
import io.relayminer.core.wire.proof.Claim;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.core.wire.shared.Params;
import io.relayminer.smst.MerkleSumRoot;
import io.relayminer.testkit.gateway.LoadGenerator;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/**
 * The whole node under load.
 *
 * <p>One relayer, one miner and Redis serve one application and one supplier, with the JVM options
 * of the localnet and the daemons' default configuration, while a chain in a process of its own
 * makes a block each second. Sessions are long enough for the relays of a large claim. In this
 * order:
 *
 * <ol>
 *   <li>The yardstick: a bare proxy in a process of its own gets the same request bodies at the
 *       same rate and sends them to the same backend. Figures of the relayer are divided by its.
 *   <li>Chain, Redis, miner and relayer start; the latter two are timed.
 *   <li>In the rest of that session, and in further ones, relays are sent as fast as they are
 *       answered, until shortly before the end of the last: the node is warm.
 *   <li>At the steady rate, Redis tells for some seconds which process sends how many commands.
 *   <li>For whole sessions the steady rate is kept up, and CPU time of the three processes and
 *       latencies are measured. Each such session contains the claim and the proof of the one
 *       before, so these are part of the cost of a relay.
 *   <li>Traffic stops; the claim of the last session is timed, from the block that opens the claim
 *       window to the transaction in the mempool.
 *   <li>Relays signed in advance are sent as fast as they are answered: the throughput with
 *       everything, sender and backend included, on the processors of this machine, and what a
 *       relay costs each process then.
 * </ol>
 *
 * <p>The load is open-loop: latencies count from when a relay was due, whether or not the sender
 * was held up by earlier ones.
 */
public final class NodeSuite implements Suite {

    private static final double NANOS_PER_MICRO = 1e3;
    private static final int TOLERATED_FAILURES_PER_MILLE = 10;

    private final @Nullable NodePlan plan;

    /** The suite that {@code benchmarks/run node} runs. */
    public NodeSuite() {
        this.plan = null;
    }

    /** The suite with a load of one's own. */
    public NodeSuite(NodePlan plan) {
        this.plan = plan;
    }

    @Override
    public List<Figure> run(boolean quick) throws Exception {
        NodePlan chosen = plan;
        if (chosen == null) {
            chosen = quick ? NodePlan.QUICK : NodePlan.FULL;
        }
        return new Run(chosen).figures();
    }

    private static final class Run {
        private final NodePlan plan;
        private final List<Figure> figures = new ArrayList<>();

        Run(NodePlan plan) {
            this.plan = plan;
        }

        List<Figure> figures() throws IOException, InterruptedException {
            progress("bare proxy");
            ProxyYardstick proxy = ProxyYardstick.measure(plan);
            add("yardstick_proxy_cpu", proxy.cpuMicros(), "us/op", proxy.cpuMicros());
            add("yardstick_proxy_p50", proxy.p50Millis(), "ms", proxy.p50Millis());
            add("yardstick_proxy_p99", proxy.p99Millis(), "ms", proxy.p99Millis());
            add("yardstick_proxy_throughput", proxy.perSecond(), "1/s", proxy.perSecond());
            progress("starting the node");
            try (NodeUnderTest node = new NodeUnderTest(plan.sessionBlocks())) {
                ChainQueries queries = node.chain().queries();
                Params params = now(queries.sharedParams());
                try (GatewayLoad load =
                                new GatewayLoad(
                                        queries,
                                        NodeUnderTest.SERVICE,
                                        node.relayerUrl(),
                                        node::height,
                                        plan.relayBytes());
                        RedisProbe redis = new RedisProbe(node.redis().port())) {
                    add("relayer_start", node.relayer().startToReady().toMillis(), "ms");
                    add("miner_start", node.miner().startToReady().toMillis(), "ms");
                    warmUp(node, load, params);
                    sample(load, redis);
                    SessionHeader last = steady(node, load, redis, proxy);
                    claim(node, load, redis, params, last);
                    throughput(node, load, redis, proxy);
                    judge(load);
                }
            }
            return figures;
        }

        private void add(String name, double value, String unit) {
            figures.add(new Figure(name, value, unit, null));
        }

        private void add(String name, long value, String unit) {
            add(name, (double) value, unit);
        }

        private void add(String name, double value, String unit, double yardstick) {
            figures.add(new Figure(name, value, unit, value / yardstick));
        }

        /** What the processes have spent up to now, or in between. */
        private record Cost(Duration relayer, Duration miner, RedisProbe.Work redis) {
            static Cost of(NodeUnderTest node, RedisProbe redis) throws IOException {
                return new Cost(node.relayer().cpuTime(), node.miner().cpuTime(), redis.work());
            }

            Cost since(Cost earlier) {
                return new Cost(
                        relayer.minus(earlier.relayer),
                        miner.minus(earlier.miner),
                        redis.since(earlier.redis));
            }
        }

        private void add(String prefix, Cost cost, double relays, ProxyYardstick proxy) {
            double yardstick = proxy.cpuMicros();
            String unit = "us/relay";
            add(prefix + "relayer_cpu", micros(cost.relayer()) / relays, unit, yardstick);
            add(prefix + "miner_cpu", micros(cost.miner()) / relays, unit, yardstick);
            add(prefix + "redis_cpu", cost.redis().cpuMicros() / relays, unit, yardstick);
        }

        private static void progress(String format, Object... values) {
            System.err.printf(Locale.ROOT, format + "%n", values);
        }

        // ---- warm-up ---------------------------------------------------------------------------

        private void warmUp(NodeUnderTest node, GatewayLoad load, Params params)
                throws InterruptedException {
            long length = params.getNumBlocksPerSession();
            long spare = plan.sampleSeconds() + 1L;
            long inSession = (node.height() - 1) % length + 1;
            long stop = node.height() - inSession + length - spare;
            if (inSession > length / 2) {
                stop += length; // too little is left of this session
            }
            stop += length * plan.warmUpSessions();
            long until = stop;
            progress("warming up until block %d, now at %d", until, node.height());
            load.warmUp(() -> node.height() < until, plan.floodInFlight());
        }

        // ---- commands --------------------------------------------------------------------------

        private void sample(GatewayLoad load, RedisProbe redis)
                throws IOException, InterruptedException {
            long before = load.served();
            Thread sender =
                    Thread.ofPlatform()
                            .daemon()
                            .start(
                                    () ->
                                            unattended(
                                                    load,
                                                    (long) plan.relaysPerSecond()
                                                            * plan.sampleSeconds()));
            Map<String, Integer> commands =
                    redis.commandsByClient(Duration.ofSeconds(plan.sampleSeconds()));
            double relays = Math.max(1, load.served() - before);
            add("relayer_redis_commands", commands.getOrDefault("relayer", 0) / relays, "1/relay");
            add("miner_redis_commands", commands.getOrDefault("miner", 0) / relays, "1/relay");
            sender.join();
        }

        private void unattended(GatewayLoad load, long count) {
            try {
                load.steady(plan.relaysPerSecond(), count);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        // ---- steady ----------------------------------------------------------------------------

        private SessionHeader steady(
                NodeUnderTest node, GatewayLoad load, RedisProbe redis, ProxyYardstick proxy)
                throws IOException, InterruptedException {
            node.awaitBlock(load.session().getHeader().getSessionEndBlockHeight() + 1);
            progress("steady load from block %d", node.height());
            Cost before = Cost.of(node, redis);
            long count = plan.steadyRelays();
            LoadGenerator.Report report = load.steady(plan.relaysPerSecond(), count);
            Cost cost = Cost.of(node, redis).since(before);
            add("", cost, (double) count, proxy);
            add("latency_p50", report.percentileMillis(50), "ms", proxy.p50Millis());
            add("latency_p99", report.percentileMillis(99), "ms", proxy.p99Millis());
            add("redis_reads", cost.redis().reads() / count, "1/relay");
            memory("relayer_memory", node.relayer().pid());
            memory("miner_memory", node.miner().pid());
            memory("redis_memory", node.redis().pid());
            progress("%d of %d relays were sent late", report.late(), report.sent());
            return load.lastSession();
        }

        private void memory(String name, long pid) {
            ProcessMemory.residentMebibytes(pid).ifPresent(mib -> add(name, mib, "MiB"));
        }

        // ---- claim -----------------------------------------------------------------------------

        private void claim(
                NodeUnderTest node,
                GatewayLoad load,
                RedisProbe redis,
                Params params,
                SessionHeader session)
                throws IOException, InterruptedException {
            String tree = RedisKeys.plain().smstNodes(load.supplier(), session.getSessionId());
            double bytes = redis.integer("MEMORY USAGE " + tree + " SAMPLES 0");
            long leaves = redis.integer("HLEN " + tree);
            add("leaf_bytes", bytes / Math.max(1, leaves), "B/leaf");
            SessionWindows windows = SessionWindows.of(params, session.getSessionEndBlockHeight());
            progress("waiting for the claim of %d leaves", leaves);
            // A claim that is sent on top of this block is the first that the window takes.
            long opened = node.awaitBlock(windows.claimOpen() - 1);
            long sent = awaitMempool(node, windows.claimClose());
            add("claim_open_to_mempool", (sent - opened) / 1e6, "ms");
            node.awaitBlock(node.height() + 1);
            Optional<Claim> claim =
                    now(node.chain().queries().claim(session.getSessionId(), load.supplier()));
            if (claim.isEmpty()) {
                throw new IllegalStateException(
                        "a transaction came, but no claim of session " + session.getSessionId());
            }
            add(
                    "claim_leaves",
                    MerkleSumRoot.of(claim.get().getRootHash().toByteArray()).count(),
                    "leaves");
        }

        private static long awaitMempool(NodeUnderTest node, long lastHeight)
                throws IOException, InterruptedException {
            HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
            HttpRequest question =
                    HttpRequest.newBuilder(node.rpc().resolve("/num_unconfirmed_txs")).build();
            while (node.height() <= lastHeight) {
                String answer = http.send(question, HttpResponse.BodyHandlers.ofString()).body();
                if (!answer.contains("\"n_txs\":\"0\"")) {
                    return System.nanoTime();
                }
                TimeUnit.MILLISECONDS.sleep(2);
            }
            throw new IllegalStateException("no claim came while the window was open");
        }

        // ---- throughput ------------------------------------------------------------------------

        private void throughput(
                NodeUnderTest node, GatewayLoad load, RedisProbe redis, ProxyYardstick proxy)
                throws IOException, InterruptedException {
            // Signed and sent in one session, or the relayer would have to refuse the rest.
            node.awaitBlock(load.session().getHeader().getSessionEndBlockHeight() + 1);
            List<GatewayLoad.SignedRelay> relays = load.signed(plan.floodRelays());
            progress("flood of %d relays", relays.size());
            Cost before = Cost.of(node, redis);
            Duration elapsed = load.flood(relays, plan.floodInFlight());
            Cost cost = Cost.of(node, redis).since(before);
            long waiting = redis.integer("XLEN " + RedisKeys.plain().stream(load.supplier()));
            add("max_throughput", relays.size() / seconds(elapsed), "1/s", proxy.perSecond());
            add("max_throughput_backlog", waiting, "relays");
            add("max_throughput_", cost, (double) relays.size(), proxy);
        }

        private static void judge(GatewayLoad load) {
            long failed = load.failed();
            long all = failed + load.served();
            progress("%d of %d relays failed %s", failed, all, load.complaints());
            if (failed * 1000 > all * TOLERATED_FAILURES_PER_MILLE) {
                throw new IllegalStateException(
                        failed + " of " + all + " relays failed; the figures would mislead");
            }
        }

        private static double micros(Duration time) {
            return time.toNanos() / NANOS_PER_MICRO;
        }

        private static double seconds(Duration time) {
            return time.toNanos() / 1e9;
        }

        private static <T> T now(CompletionStage<T> stage) {
            return stage.toCompletableFuture().orTimeout(30, TimeUnit.SECONDS).join();
        }
    }
}
