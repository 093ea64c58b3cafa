package io.relayminer.testkit.localnet;

import io.relayminer.core.chain.ChainQueries;
import io.relayminer.core.session.SessionGrid;
import io.relayminer.core.session.SessionWindows;
import io.relayminer.core.wire.shared.Params;
import io.relayminer.testkit.chain.DevChain;
import io.relayminer.testkit.chain.genesis.LocalnetAccounts;
import io.relayminer.testkit.gateway.LoadGenerator;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * One localnet from start to end: start the cluster, serve relays in some sessions, wait for the
 * chain to settle them, show the table, judge, take everything down.
 *
 * <p>{@link #abort} may be called from a shutdown hook while {@link #run} is under way.
 */
final class LocalnetRun {

    private static final int BLOCKS_PER_SESSION = 10;
    private static final Duration ABORT_LIMIT = Duration.ofSeconds(30);

    private final LocalnetOptions options;
    private final PrintStream out;
    private final Path folder;
    private final LocalnetCluster cluster;
    private final Ledger ledger = new Ledger();
    private final Map<String, String> names = new LinkedHashMap<>();
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile @Nullable Thread runner;

    LocalnetRun(LocalnetOptions options, PrintStream out) throws IOException {
        this.options = options;
        this.out = out;
        this.folder = Files.createTempDirectory("relayminer-localnet-");
        this.cluster = new LocalnetCluster(options, BLOCKS_PER_SESSION, folder, out);
        for (LocalnetAccounts.Entry entry : LocalnetAccounts.all()) {
            names.put(entry.address(), entry.name());
        }
    }

    /**
     * Runs it, once, and takes everything down.
     *
     * @return whether every served relay was settled and nothing was left over
     * @throws LocalnetException if the external node or Redis cannot be used
     */
    boolean run() throws IOException, InterruptedException {
        long began = System.nanoTime();
        boolean good = false;
        boolean started = false;
        runner = Thread.currentThread();
        try {
            ChainQueries chain = cluster.start();
            started = true;
            RedisWatch watch = cluster.watch();
            cluster.tailStreams(ledger);
            SettlementWatch settlement = new SettlementWatch(chain, ledger, cluster.height());
            Traffic traffic = cluster.traffic(chain, ledger);
            KillScript kills =
                    options.kill()
                            ? new KillScript(
                                    cluster.relayers(), cluster.miners(), watch::leaderPid, out)
                            : KillScript.none(out);
            Params params = LocalnetCluster.sharedParams(chain);
            Optional<BlockStepper> blocks =
                    options.inStep()
                            ? cluster.devChain().map(built -> stepper(built, params))
                            : Optional.empty();
            Thread sender = serve(params, traffic, watch, settlement, kills, blocks);
            settle(params, watch, settlement, kills, blocks);
            sender.join(Traffic.RELAY_TIMEOUT.plusSeconds(5));
            good = judge(watch, traffic, kills);
            if (good && !options.keepLogs()) {
                cluster.stopDaemons();
                watch.removeAllBut(cluster.foreignKeys());
            }
            out.printf(
                    Locale.ROOT,
                    "%s after %.0f s%n",
                    good ? "Every served relay was settled," : "NOT everything was settled,",
                    (System.nanoTime() - began) / 1e9);
            return good;
        } finally {
            cluster.close();
            if (started && (!good || options.keepLogs())) {
                out.println("Configurations and logs are in " + folder);
            } else {
                delete(folder);
            }
            ended.countDown();
        }
    }

    private BlockStepper stepper(DevChain chain, Params params) {
        return new BlockStepper(
                chain, params, ledger, Math.max(1, Math.round(options.rate())), out);
    }

    /**
     * Sends relays until the wanted number of sessions is over.
     *
     * @return the thread that sends; it ends when the last relays are answered or given up, which
     *     takes a while if their relayer was killed, and nobody has to wait for it
     */
    private Thread serve(
            Params params,
            Traffic traffic,
            RedisWatch watch,
            SettlementWatch settlement,
            KillScript kills,
            Optional<BlockStepper> blocks)
            throws InterruptedException {
        long lastEnd = SessionGrid.endHeight(params, cluster.height());
        for (int i = 1; i < options.sessions(); i++) {
            lastEnd = SessionGrid.endHeight(params, lastEnd + 1);
        }
        out.printf(
                Locale.ROOT,
                "%.0f relays/s until block %d (sessions of %d blocks)%n",
                options.rate(),
                lastEnd,
                params.getNumBlocksPerSession());
        LoadGenerator<Traffic.Relay> load = traffic.generator(options.rate());
        Thread sender = Thread.ofPlatform().daemon().name("load").start(() -> send(load));
        try {
            long shown = 0;
            while (cluster.height() <= lastEnd) {
                TimeUnit.MILLISECONDS.sleep(100);
                long now = cluster.height();
                long inSession = now - SessionGrid.startHeight(params, now) + 1;
                boolean busy =
                        kills.step(
                                ledger.total(r -> r.served.get()) > 0
                                        && inSession >= params.getNumBlocksPerSession() / 2,
                                ledger.hasOpenClaim());
                if (now != shown) {
                    shown = now;
                    observe(now, watch, settlement);
                } else {
                    blocks.ifPresent(stepper -> stepper.whileServing(busy));
                }
            }
        } finally {
            load.stop();
        }
        return sender;
    }

    private void send(LoadGenerator<Traffic.Relay> load) {
        try {
            LoadGenerator.Report report = load.run(options.rate(), Long.MAX_VALUE);
            out.printf(
                    Locale.ROOT,
                    "sent %d relays, %d of them late; latency p50 %.1f ms, p99 %.1f ms%n",
                    report.sent(),
                    report.late(),
                    report.percentileMillis(50),
                    report.percentileMillis(99));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void observe(long now, RedisWatch watch, SettlementWatch settlement) {
        watch.sampleLeaves(ledger);
        settlement.advance(now);
        watch.readTrees(ledger);
        out.printf(
                Locale.ROOT,
                "block %4d  served %6d  unanswered %4d  refused %4d  leaves %6d  claims %3d"
                        + "  proofs %3d  settled %3d%n",
                now,
                ledger.total(r -> r.served.get()),
                ledger.total(r -> r.unanswered.get()),
                ledger.total(r -> r.refused.get()),
                ledger.total(r -> r.leaves.get()),
                ledger.total(r -> r.claimed == null ? 0 : 1),
                ledger.total(r -> r.proved ? 1 : 0),
                ledger.total(r -> r.settled == null ? 0 : 1));
    }

    /**
     * Waits for the chain to settle everything and for the miners to clean up, at most until the
     * chain would be done with the last session.
     */
    private void settle(
            Params params,
            RedisWatch watch,
            SettlementWatch settlement,
            KillScript kills,
            Optional<BlockStepper> blocks)
            throws InterruptedException {
        long windows = SessionWindows.offsetsTotal(params);
        long deadline = cluster.height() + windows + params.getNumBlocksPerSession();
        FinalTable table = table();
        long shown = 0;
        while (cluster.height() <= deadline
                && !(table.isOver() && watch.leftovers(ledger).isEmpty())) {
            TimeUnit.MILLISECONDS.sleep(200);
            boolean busy = kills.step(false, ledger.hasOpenClaim());
            long now = cluster.height();
            if (now != shown) {
                shown = now;
                observe(now, watch, settlement);
            } else {
                blocks.ifPresent(stepper -> stepper.whileSettling(busy, table.isOver()));
            }
        }
    }

    /** Shows the table and everything that is wrong with it. */
    private boolean judge(RedisWatch watch, Traffic traffic, KillScript kills) {
        watch.sampleLeaves(ledger);
        FinalTable table = table();
        out.println();
        out.print(table.render());
        out.println();
        List<String> problems = new ArrayList<>(table.problems());
        for (String left : watch.leftovers(ledger)) {
            problems.add("left over: " + left);
        }
        traffic.complaints()
                .forEach((reason, count) -> out.println("refused " + count + " times: " + reason));
        if (ledger.total(r -> r.served.get()) == 0) {
            problems.add("nothing was served");
        }
        if (!kills.isDone()) {
            problems.add("the run was too short to kill everything; give it more sessions");
        }
        problems.forEach(problem -> out.println("PROBLEM: " + problem));
        return problems.isEmpty();
    }

    private FinalTable table() {
        return new FinalTable(ledger, address -> names.getOrDefault(address, address));
    }

    /**
     * Takes everything down, also what is being started, and waits until that is done. For another
     * thread than that of {@link #run}, which ends with an exception or another.
     */
    void abort() {
        Thread thread = runner;
        if (thread == null) {
            return;
        }
        thread.interrupt();
        cluster.close();
        try {
            if (!ended.await(ABORT_LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                out.println("Configurations and logs are in " + folder);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path path : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
