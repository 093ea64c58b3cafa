package io.relayminer.testkit.localnet;

import io.relayminer.core.chain.ChainQueries;
import io.relayminer.core.wire.shared.Params;
import io.relayminer.testkit.chain.LocalnetAccounts;
import io.relayminer.testkit.gateway.LoadGenerator;

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
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * One localnet from start to end: start the cluster, serve relays in some sessions, wait for the
 * chain to settle them, show the table, judge, take everything down.
 *
 * <p>{@link #close} may be called from a shutdown hook while {@link #run} is under way.
 */
final class LocalnetRun implements AutoCloseable {

    private static final int BLOCKS_PER_SESSION = 10;

    private final LocalnetOptions options;
    private final PrintStream out;
    private final Path folder;
    private final LocalnetCluster cluster;
    private final Ledger ledger = new Ledger();
    private final Map<String, String> names = new LinkedHashMap<>();

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
     * Runs it.
     *
     * @return whether every served relay was settled and nothing was left over
     */
    boolean run() throws IOException, InterruptedException {
        long began = System.nanoTime();
        boolean good = false;
        try {
            ChainQueries chain = cluster.start();
            cluster.tailStreams(ledger);
            RedisWatch watch = cluster.watch();
            SettlementWatch settlement = new SettlementWatch(chain, ledger, cluster.height());
            Traffic traffic = cluster.traffic(chain, ledger);
            KillScript kills =
                    options.kill()
                            ? new KillScript(
                                    cluster.relayers(), cluster.miners(), watch::leaderPid, out)
                            : KillScript.none(out);
            Params params = LocalnetCluster.sharedParams(chain);
            serve(params, traffic, watch, settlement, kills);
            settle(params, watch, settlement, kills);
            good = judge(watch, traffic, kills);
            out.printf(
                    Locale.ROOT,
                    "%s after %.0f s%n",
                    good ? "Every served relay was settled," : "NOT everything was settled,",
                    (System.nanoTime() - began) / 1e9);
            return good;
        } finally {
            close();
            if (good && !options.keepLogs()) {
                delete(folder);
            } else {
                out.println("Configurations and logs are in " + folder);
            }
        }
    }

    /** Sends relays until the wanted number of sessions is over. */
    private void serve(
            Params params,
            Traffic traffic,
            RedisWatch watch,
            SettlementWatch settlement,
            KillScript kills)
            throws InterruptedException {
        long perSession = params.getNumBlocksPerSession();
        long first = (cluster.height() - 1) / perSession;
        long lastEnd = (first + options.sessions()) * perSession;
        out.printf(
                Locale.ROOT,
                "%.0f relays/s until block %d (sessions of %d blocks)%n",
                options.rate(),
                lastEnd,
                perSession);
        LoadGenerator<Traffic.Relay> load = traffic.generator(options.rate());
        Thread sender = Thread.ofPlatform().daemon().name("load").start(() -> send(load));
        try {
            long shown = 0;
            while (cluster.height() <= lastEnd) {
                TimeUnit.MILLISECONDS.sleep(100);
                long now = cluster.height();
                long inSession = (now - 1) % perSession + 1;
                kills.step(
                        ledger.total(r -> r.served.get()) > 0 && inSession >= perSession / 2,
                        ledger.hasOpenClaim());
                if (now != shown) {
                    shown = now;
                    observe(now, watch, settlement);
                }
            }
        } finally {
            load.stop();
            sender.join(Duration.ofSeconds(30));
        }
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
            Params params, RedisWatch watch, SettlementWatch settlement, KillScript kills)
            throws InterruptedException {
        long windows =
                params.getClaimWindowOpenOffsetBlocks()
                        + params.getClaimWindowCloseOffsetBlocks()
                        + params.getProofWindowOpenOffsetBlocks()
                        + params.getProofWindowCloseOffsetBlocks();
        long deadline = cluster.height() + windows + params.getNumBlocksPerSession();
        FinalTable table = table();
        long shown = 0;
        while (cluster.height() <= deadline
                && !(table.isOver() && watch.leftovers(ledger).isEmpty())) {
            TimeUnit.MILLISECONDS.sleep(200);
            kills.step(false, ledger.hasOpenClaim());
            long now = cluster.height();
            if (now != shown) {
                shown = now;
                observe(now, watch, settlement);
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

    /** Takes everything down. Idempotent. */
    @Override
    public void close() {
        cluster.close();
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path path : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
