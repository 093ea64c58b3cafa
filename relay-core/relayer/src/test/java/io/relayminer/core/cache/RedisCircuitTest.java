package io.relayminer.core.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisConnectionException;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

class RedisCircuitTest {

    private final AtomicLong now = new AtomicLong();
    private final AtomicInteger asked = new AtomicInteger();
    private final RedisCircuit circuit =
            new RedisCircuit(now::get, Duration.ofMinutes(5), Duration.ofSeconds(1));

    private CompletableFuture<String> ask(CompletableFuture<String> reply) {
        return circuit.ask(
                        () -> {
                            asked.incrementAndGet();
                            return reply;
                        })
                .toCompletableFuture();
    }

    private static CompletableFuture<String> broken() {
        return CompletableFuture.failedFuture(new RedisConnectionException("gone"));
    }

    private static CompletableFuture<String> ok() {
        return CompletableFuture.completedFuture("PONG");
    }

    private static void assertPassedBy(CompletableFuture<String> reply) {
        assertTrue(reply.isCompletedExceptionally());
        assertInstanceOf(
                CacheException.Unavailable.class,
                assertThrows(ExecutionException.class, reply::get).getCause());
    }

    @Test
    void aFailureKeepsTheNextQuestionsAwayForASecond() {
        assertTrue(ask(broken()).isCompletedExceptionally());
        assertTrue(circuit.isOpen());
        for (int i = 0; i < 100; i++) {
            assertPassedBy(ask(ok()));
        }
        assertEquals(1, asked.get());
        now.addAndGet(TimeUnit.SECONDS.toNanos(1));
        assertFalse(circuit.isOpen());
        assertEquals("PONG", ask(ok()).join());
        assertEquals("PONG", ask(ok()).join());
        assertEquals(3, asked.get());
    }

    @Test
    void onlyOneQuestionTriesWhetherRedisIsBack() {
        ask(broken());
        now.addAndGet(TimeUnit.SECONDS.toNanos(2));
        CompletableFuture<String> trial = new CompletableFuture<>();
        CompletableFuture<String> tried = ask(trial);
        assertTrue(circuit.isOpen());
        assertPassedBy(ask(ok()));
        trial.completeExceptionally(new RedisConnectionException("still gone"));
        assertTrue(tried.isCompletedExceptionally());
        assertPassedBy(ask(ok()));
        assertEquals(2, asked.get());
        now.addAndGet(TimeUnit.SECONDS.toNanos(1));
        assertEquals("PONG", ask(ok()).join());
        assertFalse(circuit.isOpen());
    }

    @Test
    void anErrorOfTheServerIsAnAnswer() {
        CompletableFuture<String> refused =
                ask(
                        CompletableFuture.failedFuture(
                                new RedisCommandExecutionException("WRONGTYPE")));
        assertTrue(refused.isCompletedExceptionally());
        assertFalse(circuit.isOpen());
    }

    @Test
    void aQuestionThatIsNotAnsweredInTimeIsAFailure() {
        RedisCircuit impatient =
                new RedisCircuit(now::get, Duration.ofMillis(20), Duration.ofSeconds(1));
        CompletableFuture<String> never = new CompletableFuture<>();
        CompletableFuture<String> reply = impatient.ask(() -> never).toCompletableFuture();
        assertInstanceOf(
                TimeoutException.class,
                assertThrows(ExecutionException.class, reply::get).getCause());
        assertTrue(impatient.isOpen());
        assertFalse(never.isDone(), "the command itself is left alone");
    }

    @Test
    void aCommandThatCannotBeSentIsAFailure() {
        CompletableFuture<String> reply =
                circuit.<String>ask(
                                () -> {
                                    throw new RedisConnectionException("closed");
                                })
                        .toCompletableFuture();
        assertTrue(reply.isCompletedExceptionally());
        assertTrue(circuit.isOpen());
    }
}
