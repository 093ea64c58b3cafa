/**
 * Who may work on what, when several processes share the work: leases that expire, with epochs that
 * let everything downstream refuse a former holder.
 *
 * <p>A {@link io.relayminer.leader.LeaseStore} keeps leases, in Redis or in memory. {@link
 * io.relayminer.leader.LeaderElection} holds one lease and runs the leader's work under it; {@link
 * io.relayminer.leader.LeaseAssignment} spreads many leases over the live instances by a {@link
 * io.relayminer.leader.AssignmentStrategy} and runs work under each. Work sees a live {@link
 * io.relayminer.leader.Lease} that turns invalid by itself, on this process's monotonic clock,
 * before the store would give it to somebody else. The package knows nothing of relays.
 */
@NullMarked
package io.relayminer.leader;

import org.jspecify.annotations.NullMarked;
