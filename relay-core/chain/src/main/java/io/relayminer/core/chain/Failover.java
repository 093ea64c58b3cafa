package io.relayminer.core.chain;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.random.RandomGenerator;

/**
 * Asks one of several equal nodes, and another if that one cannot be reached.
 *
 * <p>The first healthy node in the configured order is asked, so that answers usually come from one
 * node and heights do not jump. A node that fails is asked last for a while, one second after its
 * first failure and doubling to fifteen; the others take over at once. When every node has failed,
 * they are asked once more after a short random pause.
 *
 * <p>Thread-safe.
 *
 * @param <N> what a node is asked through
 */
final class Failover<N> {

    private static final Logger LOG = LoggerFactory.getLogger(Failover.class);

    private static final Duration FIRST_PENALTY = Duration.ofSeconds(1);
    private static final Duration MAX_PENALTY = Duration.ofSeconds(15);
    private static final int ROUNDS = 2;
    private static final long MIN_PAUSE_MILLIS = 100;
    private static final long MAX_PAUSE_MILLIS = 400;

    /** A node and what is known of its health. */
    private final class Member {
        final N node;
        final int number;
        private Duration penalty = Duration.ZERO;
        private long healthyFrom;

        Member(N node, int number) {
            this.node = node;
            this.number = number;
        }

        synchronized boolean isHealthy() {
            return clock.millis() >= healthyFrom;
        }

        synchronized void succeeded() {
            penalty = Duration.ZERO;
            healthyFrom = 0;
        }

        synchronized void failed() {
            penalty = penalty.isZero() ? FIRST_PENALTY : penalty.multipliedBy(2);
            if (penalty.compareTo(MAX_PENALTY) > 0) {
                penalty = MAX_PENALTY;
            }
            healthyFrom = clock.millis() + penalty.toMillis();
        }
    }

    /** One attempt's failure, told apart. */
    interface Classifier {
        /** Whether another node might answer; if not, the failure is the answer. */
        boolean isWorthAnotherNode(Throwable failure);

        /**
         * Whether the node is sound but has not come as far as the question. Another one is asked,
         * each once, and nothing is held against this one: the question may be about the future.
         */
        default boolean isBehind(Throwable failure) {
            return false;
        }
    }

    private final List<Member> members = new ArrayList<>();
    private final ScheduledExecutorService timer;
    private final InstantSource clock;
    private final RandomGenerator random;

    Failover(
            List<N> nodes,
            ScheduledExecutorService timer,
            InstantSource clock,
            RandomGenerator random) {
        for (N node : nodes) {
            members.add(new Member(node, members.size() + 1));
        }
        this.timer = timer;
        this.clock = clock;
        this.random = random;
    }

    /** All nodes in configured order. */
    List<N> nodes() {
        return members.stream().map(member -> member.node).toList();
    }

    /**
     * Asks.
     *
     * @param question what is asked, for messages
     * @param attempt asks one node; must end by itself
     * @param classifier tells failures of a node from answers that happen to be failures
     * @return the first answer, or the failure of the last attempt as it is
     */
    <T> CompletableFuture<T> ask(
            String question, Function<N, CompletionStage<T>> attempt, Classifier classifier) {
        CompletableFuture<T> result = new CompletableFuture<>();
        List<Member> order = new ArrayList<>(members.size());
        members.stream().filter(Member::isHealthy).forEach(order::add);
        members.stream().filter(member -> !order.contains(member)).forEach(order::add);
        attempt(question, attempt, classifier, order, 0, result);
        return result;
    }

    private <T> void attempt(
            String question,
            Function<N, CompletionStage<T>> attempt,
            Classifier classifier,
            List<Member> order,
            int count,
            CompletableFuture<T> result) {
        Member member = order.get(count % order.size());
        CompletionStage<T> stage;
        try {
            stage = attempt.apply(member.node);
        } catch (RuntimeException e) {
            stage = CompletableFuture.failedStage(e);
        }
        stage.whenComplete(
                (answer, thrown) -> {
                    Throwable failure = unwrap(thrown);
                    if (failure == null) {
                        member.succeeded();
                        result.complete(answer);
                    } else if (classifier.isBehind(failure)) {
                        member.succeeded();
                        if (count + 1 < order.size()) {
                            attempt(question, attempt, classifier, order, count + 1, result);
                        } else {
                            result.completeExceptionally(failure);
                        }
                    } else if (!classifier.isWorthAnotherNode(failure)) {
                        member.succeeded();
                        result.completeExceptionally(failure);
                    } else {
                        member.failed();
                        LOG.debug(
                                "{}: node {} failed: {}",
                                question,
                                member.number,
                                failure.toString());
                        int next = count + 1;
                        if (next >= order.size() * ROUNDS || result.isDone()) {
                            result.completeExceptionally(failure);
                        } else if (next % order.size() != 0) {
                            attempt(question, attempt, classifier, order, next, result);
                        } else {
                            later(
                                    () ->
                                            attempt(
                                                    question,
                                                    attempt,
                                                    classifier,
                                                    order,
                                                    next,
                                                    result),
                                    result,
                                    failure);
                        }
                    }
                });
    }

    private void later(Runnable task, CompletableFuture<?> result, Throwable failure) {
        long pause;
        synchronized (random) {
            pause = random.nextLong(MIN_PAUSE_MILLIS, MAX_PAUSE_MILLIS);
        }
        try {
            var unused = timer.schedule(task, pause, TimeUnit.MILLISECONDS);
        } catch (java.util.concurrent.RejectedExecutionException closed) {
            result.completeExceptionally(failure);
        }
    }

    static @Nullable Throwable unwrap(@Nullable Throwable failure) {
        return failure instanceof CompletionException && failure.getCause() != null
                ? failure.getCause()
                : failure;
    }
}
