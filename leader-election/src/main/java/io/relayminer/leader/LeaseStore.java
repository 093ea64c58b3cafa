package io.relayminer.leader;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Keeps leases and the list of live instances. This is the one place that all instances agree on.
 *
 * <p>Implementations are linearizable per lease: of several instances that acquire at once one
 * succeeds, and epochs grow strictly, even if the store lost everything in between. Methods block,
 * are called on virtual threads, and may be called from several at once. They throw {@link
 * LeaseStoreException} when there is no definite answer; the caller then neither gains nor gives up
 * anything. A store must pass the contract test. Whoever made a store closes it, after those who
 * use it.
 */
public interface LeaseStore extends AutoCloseable {

    /**
     * Takes leases that nobody holds, any number in one round trip. What the caller holds already,
     * because the answer to an earlier call was lost, it is granted again in the same epoch, with
     * the full time to live.
     *
     * @param leases leases to take
     * @param owner id of the caller, unique to this process start
     * @param timeToLive how long each lives without renewal
     * @return lease to epoch, without those that somebody else holds and those about which there is
     *     no definite answer. An epoch is larger than that of every acquisition before it
     * @throws LeaseStoreException if there is no definite answer for any of them
     */
    Map<LeaseKeys, Long> acquire(Collection<LeaseKeys> leases, String owner, Duration timeToLive);

    /**
     * Takes one lease.
     *
     * @param keys the lease
     * @param owner id of the caller
     * @param timeToLive how long it lives without renewal
     * @return the epoch, or empty if somebody else holds the lease
     * @throws LeaseStoreException if there is no definite answer
     */
    default OptionalLong acquire(LeaseKeys keys, String owner, Duration timeToLive) {
        Long epoch = acquire(List.of(keys), owner, timeToLive).get(keys);
        return epoch == null ? OptionalLong.empty() : OptionalLong.of(epoch);
    }

    /**
     * Renews leases, any number in one round trip.
     *
     * @param leases lease to the epoch in which the caller holds it
     * @param owner id of the caller
     * @param timeToLive how long each lives from now
     * @return lease to answer, without those about which there is no definite one
     * @throws LeaseStoreException if there is no definite answer for any of them
     */
    Map<LeaseKeys, Renewal> renew(Map<LeaseKeys, Long> leases, String owner, Duration timeToLive);

    /**
     * Gives leases back that the caller still holds, any number in one round trip.
     *
     * @param leases lease to the epoch in which the caller held it
     * @param owner id of the caller
     * @return lease to whether it was held like that and is free now, without those about which
     *     there is no definite answer
     * @throws LeaseStoreException if there is no definite answer for any of them
     */
    Map<LeaseKeys, Boolean> release(Map<LeaseKeys, Long> leases, String owner);

    /**
     * Gives one lease back.
     *
     * @param keys the lease
     * @param owner id of the caller
     * @param epoch epoch in which the caller held it
     * @return whether it was held like that and is free now
     * @throws LeaseStoreException if there is no definite answer
     */
    default boolean release(LeaseKeys keys, String owner, long epoch) {
        return Boolean.TRUE.equals(release(Map.of(keys, epoch), owner).get(keys));
    }

    /**
     * Who holds what, any number of leases in one round trip.
     *
     * @param leases leases to look at
     * @return lease to holder, without those that are free
     * @throws LeaseStoreException if there is no definite answer
     */
    Map<LeaseKeys, String> holders(Collection<LeaseKeys> leases);

    /**
     * Who holds one lease.
     *
     * @param keys the lease
     * @return the holder, or empty if it is free
     * @throws LeaseStoreException if there is no definite answer
     */
    default Optional<String> holder(LeaseKeys keys) {
        return Optional.ofNullable(holders(List.of(keys)).get(keys));
    }

    /**
     * Says that an instance is alive, and who else is.
     *
     * @param instance id of the caller
     * @param timeToLive how long the caller counts as alive from now
     * @return ids of all live instances, the caller included
     * @throws LeaseStoreException if there is no definite answer
     */
    Set<String> heartbeat(String instance, Duration timeToLive);

    /**
     * Takes an instance off the list, because it ends.
     *
     * @param instance id of the caller
     * @throws LeaseStoreException if there is no definite answer
     */
    void leave(String instance);

    /** Gives up what the store opened itself, if anything. Leases stay as they are. */
    @Override
    default void close() {}
}
