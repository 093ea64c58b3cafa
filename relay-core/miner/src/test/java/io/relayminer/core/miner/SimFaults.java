package io.relayminer.core.miner;

import java.util.random.RandomGenerator;

/** Decides, from a seed, when a step fails, its reply is lost, or the process dies. */
final class SimFaults {

    /** The process died at this step. Not an exception, so that no code survives it by catching. */
    static final class Crash extends Error {
        private static final long serialVersionUID = 1L;

        Crash(String at) {
            super("crash at " + at);
        }
    }

    private final RandomGenerator random;
    private double failure;
    private double crash;
    long steps;
    long crashes;

    SimFaults(RandomGenerator random) {
        this.random = random;
    }

    void set(double newFailure, double newCrash) {
        failure = newFailure;
        crash = newCrash;
    }

    /** Before the effect: true if the step must fail without it. */
    boolean before(String step) {
        steps++;
        crash(step + ", before its effect");
        return random.nextDouble() < failure;
    }

    /** After the effect: true if the reply must get lost. */
    boolean after(String step) {
        crash(step + ", after its effect");
        return random.nextDouble() < failure;
    }

    private void crash(String at) {
        if (random.nextDouble() < crash) {
            crashes++;
            throw new Crash(at);
        }
    }
}
