package io.relayminer.leader;

import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A lease as its holder sees it: a live object that is valid as long as it is renewed and turns
 * invalid by itself.
 *
 * <p>Validity is judged on the holder's monotonic clock: from the moment the last successful
 * renewal was <em>sent</em>, for the time to live less a fifth. The store counts from a later
 * moment and for longer, so a holder that was cut off or paused stops before the store gives the
 * lease away. A lease that turned invalid for lack of an answer becomes valid again if a renewal in
 * the same epoch succeeds; one that was lost never does.
 *
 * <p>Safe for use by any thread.
 */
public final class Lease {

    private final String resource;
    private final LeaseKeys keys;
    private final String owner;
    private final long epoch;
    private final MonotonicClock clock;
    private final AtomicBoolean lost = new AtomicBoolean();
    private volatile long trustedUntil;

    Lease(
            String resource,
            LeaseKeys keys,
            String owner,
            long epoch,
            MonotonicClock clock,
            long trustedUntil) {
        this.resource = resource;
        this.keys = keys;
        this.owner = owner;
        this.epoch = epoch;
        this.clock = clock;
        this.trustedUntil = trustedUntil;
    }

    /**
     * What the lease is for.
     *
     * @return name of the resource
     */
    public String resource() {
        return resource;
    }

    /**
     * Where the store keeps it.
     *
     * @return the keys
     */
    public LeaseKeys keys() {
        return keys;
    }

    /**
     * Id of the holder: the value of the lease key.
     *
     * @return the id
     */
    public String owner() {
        return owner;
    }

    /**
     * Number of this acquisition: the value of the epoch key. Send it with every write, so that the
     * write is refused when it is not the current one any more.
     *
     * @return the epoch
     */
    public long epoch() {
        return epoch;
    }

    /**
     * Whether work under this lease may have effects right now. Ask before each effect that no
     * fence downstream would refuse, such as a broadcast.
     *
     * @return true while the lease is trusted
     */
    public boolean isValid() {
        return !lost.get() && trustedUntil - clock.nanos() > 0;
    }

    /**
     * Whether the lease is gone for good: taken by somebody else, expired, or given back.
     *
     * @return true if it will never be valid again
     */
    public boolean isLost() {
        return lost.get();
    }

    /**
     * Insists on validity.
     *
     * @throws LeaseLostException if the lease is not valid
     */
    public void requireValid() {
        if (!isValid()) {
            throw new LeaseLostException(
                    "the lease of "
                            + resource
                            + " in epoch "
                            + epoch
                            + (isLost() ? " was lost" : " was not renewed in time")
                            + "; stop working on it");
        }
    }

    void trustUntil(long nanos) {
        trustedUntil = nanos;
    }

    void lose() {
        lost.set(true);
    }

    @Override
    public String toString() {
        return "Lease["
                + resource
                + ", epoch "
                + epoch
                + (isLost() ? ", lost" : isValid() ? "" : ", not valid")
                + "]";
    }
}
