package io.relayminer.core.miner;

import io.relayminer.leader.Lease;
import io.relayminer.leader.LeaseListener;
import io.relayminer.leader.LeaseStoreException;
import io.relayminer.leader.Renewal;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Counts what happens to leases, and says what an operator should know. */
final class LeaseReports implements LeaseListener {

    private static final Logger LOG = LoggerFactory.getLogger(LeaseReports.class);

    private final boolean leader;
    private final String kind;
    private final MinerMetrics metrics;
    private final NodeGauges gauges;
    private final String instance;

    /**
     * Reports of one kind of leases.
     *
     * @param kind {@code leader} or {@code supplier}
     */
    LeaseReports(String kind, MinerMetrics metrics, NodeGauges gauges, String instance) {
        this.leader = kind.equals("leader");
        this.kind = kind;
        this.metrics = metrics;
        this.gauges = gauges;
        this.instance = instance;
    }

    @Override
    public void acquired(Lease lease) {
        if (leader) {
            gauges.count("ha_miner_leader_elections");
            gauges.leading(true);
        }
    }

    @Override
    public void lost(Lease lease, Renewal why) {
        LOG.warn("the lease of {} was lost: {}", lease.resource(), why);
        if (leader) {
            gauges.count("ha_miner_leader_losses");
            gauges.leading(false);
        }
    }

    @Override
    public void endedByItself(Lease lease) {
        metrics.recovered(leader ? "leader" : "supplier_worker");
    }

    @Override
    public void storeFailed(String operation, LeaseStoreException failure) {
        LOG.warn(
                "there was no answer to {} of {} leases: {}",
                operation,
                kind,
                failure.getMessage());
        if (leader) {
            metrics.leaseNotHeld(instance, operation, failure.reason());
        }
    }
}
