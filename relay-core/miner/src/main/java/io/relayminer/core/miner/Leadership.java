package io.relayminer.core.miner;

import io.relayminer.core.chain.Block;
import io.relayminer.core.chain.BlockFeed;
import io.relayminer.core.chain.ChainQueries;
import io.relayminer.leader.Lease;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/**
 * What this replica does for the whole fleet while it leads: it announces blocks, keeps the shared
 * caches fresh and watches balances, each on a thread of its own, so that none waits for another.
 */
final class Leadership {

    private final Miner.Builder made;
    private final ChainQueries chain;
    private final BlockFeed blocks;
    private final ChainCalls calls;
    private final MinerMetrics metrics;
    private final FleetNotices notices;

    Leadership(
            Miner.Builder made,
            ChainQueries chain,
            BlockFeed blocks,
            ChainCalls calls,
            MinerMetrics metrics,
            FleetNotices notices) {
        this.made = made;
        this.chain = chain;
        this.blocks = blocks;
        this.calls = calls;
        this.metrics = metrics;
        this.notices = notices;
    }

    /**
     * Leads until the thread is interrupted.
     *
     * @throws InterruptedException when it is
     */
    void lead(Lease lease) throws InterruptedException {
        BlockAnnouncer announcer =
                new BlockAnnouncer(made.redis, made.names, lease::isValid, made.registry);
        CacheRefresh refresh =
                new CacheRefresh(
                        made.redis,
                        made.names,
                        chain,
                        calls,
                        made.knownApplications,
                        made.factors,
                        lease::isValid,
                        metrics,
                        made.clock,
                        made.blockTime);
        // The refresh is about the newest block; those that came while it ran are passed over.
        BlockingQueue<Block> newest = new ArrayBlockingQueue<>(1);
        Thread watcher = watchBalances();
        BlockFeed.Subscription announcing = blocks.subscribe(announcer::block);
        BlockFeed.Subscription refreshing =
                blocks.subscribe(
                        block -> {
                            while (!newest.offer(block)) {
                                if (newest.poll() != null) {
                                    metrics.blockDropped();
                                }
                            }
                        });
        try {
            while (true) {
                refresh.block(newest.take());
            }
        } finally {
            announcing.close();
            refreshing.close();
            if (watcher != null) {
                watcher.interrupt();
            }
        }
    }

    private @Nullable Thread watchBalances() {
        if (!made.balances.enabled()) {
            return null;
        }
        BalanceMonitor monitor =
                new BalanceMonitor(
                        notices::registeredSuppliers, chain, calls, made.balances, metrics);
        return Thread.ofVirtual().name("balance-monitor").start(monitor::run);
    }
}
