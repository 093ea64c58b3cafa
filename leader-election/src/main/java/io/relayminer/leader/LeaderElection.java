package io.relayminer.leader;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Makes one of several instances the leader and runs the leader's work for the length of its term.
 *
 * <p>A term is one lease, from its acquisition to its loss. A single failed renewal does not end
 * it; only the store saying so, or the lease's own clock, does. When it ends, the work is stopped,
 * and the next term here begins only after that work is gone. Work that cannot start costs the
 * term, not the process; work that ends by itself is started again.
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

    private LeaderElection(LeaseHolder self, LeaseKeys keys, LeaseWork work) {
        long pause = self.settings().renewEvery().toNanos();
        this.loop = new LeaseLoop("leader-election", this::tick, pause);
        this.tenures = new Tenures(self, resource -> keys, work, loop::wake);
    }

    /**
     * An election under a name. Instances that use the same name in the same store elect one
     * leader.
     *
     * @param store where the leader's lease is, for example {@code new
     *     RedisLeaseStore(connection.async())}
     * @param name name of what is led, for example {@code nightly-report}, as {@link
     *     LeaseKeys#named} takes it
     * @param work what to do while leading
     * @return a builder
     */
    public static Builder builder(LeaseStore store, String name, LeaseWork work) {
        return builder(store, LeaseKeys.named(name), work);
    }

    /**
     * An election under keys of one's own.
     *
     * @param store where the leader's lease is
     * @param keys keys of the leader's lease
     * @param work what to do while leading
     * @return a builder
     */
    public static Builder builder(LeaseStore store, LeaseKeys keys, LeaseWork work) {
        return new Builder(store, keys, work);
    }

    /** What may be said of an election before it begins. */
    public static final class Builder extends LeaseHolderBuilder<Builder> {

        private final LeaseKeys keys;
        private final LeaseWork work;

        private Builder(LeaseStore store, LeaseKeys keys, LeaseWork work) {
            super(store);
            this.keys = Objects.requireNonNull(keys, "keys");
            this.work = Objects.requireNonNull(work, "work");
        }

        @Override
        Builder self() {
            return this;
        }

        /**
         * An election that has not begun.
         *
         * @return the election
         */
        public LeaderElection build() {
            return new LeaderElection(holder(), keys, work);
        }

        /**
         * An election that has begun.
         *
         * @return the election
         */
        public LeaderElection start() {
            LeaderElection election = build();
            election.start();
            return election;
        }
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
            tenures.acquire(List.of(LEADER), 1);
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
