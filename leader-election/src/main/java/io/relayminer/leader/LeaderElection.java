package io.relayminer.leader;

import java.time.Duration;
import java.util.Optional;

/**
 * Makes one of several instances the leader and runs the leader's work for the length of its term.
 *
 * <p>A term is one lease, from its acquisition to its loss. A single failed renewal does not end
 * it; only the store saying so, or the lease's own clock, does. When it ends, the work is stopped,
 * and the next term here begins only after that work is gone. Work that cannot start costs the
 * term, not the process.
 *
 * <p>{@link #start} runs the election on a thread of its own; {@link #tick} is one step of it, for
 * those who pace it themselves. The answers {@link #term} and {@link #isLeader} are safe on any
 * thread.
 */
public final class LeaderElection implements AutoCloseable {

    private static final String LEADER = "leadership";

    private final Tenures tenures;
    private final LeaseLoop loop;
    private volatile Optional<Lease> term = Optional.empty();
    private boolean standing = true;

    /**
     * An election that has not begun.
     *
     * @param store where the leader's lease is
     * @param settings times; {@code orphanAfter} is not used
     * @param self id of this process start, see {@link InstanceId}
     * @param keys keys of the leader's lease
     * @param work the leader's work
     * @param clock monotonic clock of this process
     * @param listener told what happens
     */
    public LeaderElection(
            LeaseStore store,
            LeaseSettings settings,
            String self,
            LeaseKeys keys,
            LeaseWork work,
            MonotonicClock clock,
            LeaseListener listener) {
        this.loop = new LeaseLoop("leader-election", this::tick, settings.renewEvery().toNanos());
        this.tenures =
                new Tenures(
                        store, settings, self, resource -> keys, work, clock, listener, loop::wake);
    }

    /** Begins to stand for election, on a thread of its own. Once only. */
    public void start() {
        loop.start();
    }

    /** Renews the term, or tries to win one. Does nothing once the election is closed. */
    public synchronized void tick() {
        tenures.renew();
        tenures.settle();
        if (standing) {
            tenures.acquire(LEADER);
        }
        term = tenures.lease(LEADER);
    }

    /**
     * The term of this instance.
     *
     * @return the lease, which may have turned invalid since; empty if this instance does not lead
     */
    public Optional<Lease> term() {
        return term.filter(lease -> !lease.isLost());
    }

    /**
     * Whether this instance leads right now.
     *
     * @return true if it has a term that is valid
     */
    public boolean isLeader() {
        return term.filter(Lease::isValid).isPresent();
    }

    /**
     * Steps down: ends the work in order, gives the lease back, and stops. Work that takes longer
     * than {@code limit} is abandoned and its lease left to expire.
     *
     * @param limit how long the work may take to end
     */
    public void close(Duration limit) {
        loop.stop();
        synchronized (this) {
            standing = false;
            tenures.drain(LEADER);
            Shutdown.await(tenures, limit);
            term = Optional.empty();
        }
    }

    /** Steps down within five seconds. */
    @Override
    public void close() {
        close(Duration.ofSeconds(5));
    }
}
