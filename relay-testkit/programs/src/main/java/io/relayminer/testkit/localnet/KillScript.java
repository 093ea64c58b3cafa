package io.relayminer.testkit.localnet;

import org.jspecify.annotations.Nullable;

import java.io.PrintStream;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * Kills the leading miner and a relayer, first in the middle of a session, then between a claim and
 * its proof, and starts each again once another has taken over, as a supervisor would.
 *
 * <p>{@link #step} is called a few times a second and does at most one thing each time. Not
 * thread-safe.
 */
final class KillScript {

    private enum Step {
        MINER_IN_SESSION,
        MINER_IN_SESSION_BACK,
        RELAYER_IN_SESSION,
        RELAYER_IN_SESSION_BACK,
        MINER_AFTER_CLAIM,
        MINER_AFTER_CLAIM_BACK,
        RELAYER_AFTER_CLAIM,
        RELAYER_AFTER_CLAIM_BACK,
        DONE
    }

    private final List<Daemon> relayers;
    private final List<Daemon> miners;
    private final LongSupplier leaderPid;
    private final PrintStream out;
    private Step step = Step.MINER_IN_SESSION;
    private @Nullable Daemon down;
    private long downPid;

    KillScript(
            List<Daemon> relayers, List<Daemon> miners, LongSupplier leaderPid, PrintStream out) {
        this.relayers = relayers;
        this.miners = miners;
        this.leaderPid = leaderPid;
        this.out = out;
    }

    /** A script that kills nothing. */
    static KillScript none(PrintStream out) {
        KillScript script = new KillScript(List.of(), List.of(), () -> -1, out);
        script.step = Step.DONE;
        return script;
    }

    /** Whether everything has been killed and is back. */
    boolean isDone() {
        return step == Step.DONE;
    }

    /**
     * Looks whether it is time for the next thing.
     *
     * @param midSession whether the middle of a session with traffic has come
     * @param claimOpen whether a claim is on the chain and its proof is not
     * @return whether something is under way: a process is down, or its turn has come but another
     *     has not come back yet
     */
    boolean step(boolean midSession, boolean claimOpen) throws InterruptedException {
        take(midSession, claimOpen);
        return switch (step) {
            case MINER_IN_SESSION, RELAYER_IN_SESSION -> midSession;
            case MINER_AFTER_CLAIM, RELAYER_AFTER_CLAIM -> claimOpen;
            case DONE -> false;
            default -> true;
        };
    }

    private void take(boolean midSession, boolean claimOpen) throws InterruptedException {
        switch (step) {
            case MINER_IN_SESSION -> {
                if (midSession && killLeader("in mid-session")) {
                    step = Step.MINER_IN_SESSION_BACK;
                }
            }
            case RELAYER_IN_SESSION -> {
                if (midSession && everyoneIsReady()) {
                    kill(relayers.getFirst(), "in mid-session");
                    step = Step.RELAYER_IN_SESSION_BACK;
                }
            }
            case MINER_AFTER_CLAIM -> {
                if (claimOpen && everyoneIsReady() && killLeader("between claim and proof")) {
                    step = Step.MINER_AFTER_CLAIM_BACK;
                }
            }
            case RELAYER_AFTER_CLAIM -> {
                if (claimOpen && everyoneIsReady()) {
                    kill(relayers.getLast(), "between claim and proof");
                    step = Step.RELAYER_AFTER_CLAIM_BACK;
                }
            }
            case MINER_IN_SESSION_BACK -> {
                if (leaderChanged()) {
                    back();
                    step = Step.RELAYER_IN_SESSION;
                }
            }
            case MINER_AFTER_CLAIM_BACK -> {
                if (leaderChanged()) {
                    back();
                    step = Step.RELAYER_AFTER_CLAIM;
                }
            }
            case RELAYER_IN_SESSION_BACK -> {
                back();
                step = Step.MINER_AFTER_CLAIM;
            }
            case RELAYER_AFTER_CLAIM_BACK -> {
                back();
                step = Step.DONE;
            }
            case DONE -> {}
        }
    }

    /** One process dies at a time: the next is killed when the one before has come back. */
    private boolean everyoneIsReady() throws InterruptedException {
        for (Daemon miner : miners) {
            if (!miner.isReady()) {
                return false;
            }
        }
        for (Daemon relayer : relayers) {
            if (!relayer.isReady()) {
                return false;
            }
        }
        return true;
    }

    private boolean killLeader(String when) {
        long pid = leaderPid.getAsLong();
        for (Daemon miner : miners) {
            if (miner.isAlive() && miner.pid() == pid) {
                kill(miner, when + ", the leader");
                return true;
            }
        }
        return false;
    }

    private void kill(Daemon daemon, String when) {
        downPid = daemon.pid();
        down = daemon;
        daemon.kill();
        out.println("  kill -9 " + daemon.name() + " (pid " + downPid + ") " + when);
    }

    private boolean leaderChanged() {
        long pid = leaderPid.getAsLong();
        return pid > 0 && pid != downPid;
    }

    private void back() {
        Daemon daemon = down;
        if (daemon != null) {
            daemon.start();
            down = null;
            out.println("  started " + daemon.name() + " again (pid " + daemon.pid() + ")");
        }
    }
}
