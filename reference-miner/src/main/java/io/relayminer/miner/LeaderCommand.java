package io.relayminer.miner;

import static io.relayminer.miner.RedisCommands.utf8;

import io.relayminer.core.redis.BlockEvent;

import picocli.CommandLine.Command;

import java.time.Duration;

/**
 * Who leads, and whether the lease is being renewed. A healthy leader renews it at least three
 * times in its life, so how much of the life remains tells how late the next renewal is.
 */
@Command(
        name = "leader",
        description = "Which replica leads, and whether it renews its lease.",
        mixinStandardHelpOptions = true)
final class LeaderCommand extends LookCommand {

    @Override
    void at(RedisCommands.Session s) {
        String key = s.keys().globalLeader();
        String holder = s.text(key);
        long left = s.redis().pttl(utf8(key));
        if (holder.isEmpty()) {
            s.out().println("No active leader");
            return;
        }
        s.out()
                .printf(
                        "leader %s%nepoch  %s%nttl    %d ms%nkey    %s%nhealth %s%n",
                        holder,
                        s.text(s.keys().globalLeaderEpoch()),
                        left,
                        key,
                        verdict(
                                left,
                                Duration.ofSeconds(
                                        s.config().leaderElection().leaderTtlSeconds())));
        byte[] last = s.get(s.keys().lastBlock());
        if (last != null) {
            s.out().printf("block  %d%n", BlockEvent.decode(last).height());
        }
    }

    /**
     * What the rest of a lease's life means.
     *
     * @param left milliseconds, negative if the lease has no end or is gone
     * @param life what the lease has when it was renewed
     */
    static String verdict(long left, Duration life) {
        long third = life.toMillis() / 3;
        if (left > 2 * third) {
            return "Healthy";
        }
        if (left > third) {
            return "OK";
        }
        if (left > 0) {
            return "WARNING: the lease was not renewed for two thirds of its life; check the"
                    + " leader, its connection to Redis, and that --config is the leader's";
        }
        return left == -1
                ? "CRITICAL: the lease has no end, so nobody can take over; delete its key if the"
                        + " leader is not alive"
                : "CRITICAL: the lease has ended; another replica takes over";
    }
}
