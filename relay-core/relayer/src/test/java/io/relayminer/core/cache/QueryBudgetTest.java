package io.relayminer.core.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicLong;

class QueryBudgetTest {

    private final AtomicLong now = new AtomicLong();
    private final List<CompletableFuture<String>> asked = new ArrayList<>();

    private QueryBudget budget(int perSecond, int atOnce) {
        return new QueryBudget("of a test", perSecond, atOnce, now::get);
    }

    private CompletableFuture<String> spend(QueryBudget budget) {
        return budget.<String>spend(
                        () -> {
                            CompletableFuture<String> answer = new CompletableFuture<>();
                            asked.add(answer);
                            return answer;
                        })
                .toCompletableFuture();
    }

    private static void assertRefused(CompletableFuture<String> reply) {
        assertTrue(reply.isDone(), "nobody waits for a budget");
        assertInstanceOf(
                CacheException.Unavailable.class,
                assertThrows(CompletionException.class, reply::join).getCause());
    }

    private void later(Duration time) {
        now.addAndGet(time.toNanos());
    }

    @Test
    void aSecondsWorthIsTheBurstAndComesBackWithTime() {
        QueryBudget budget = budget(10, 1_000);
        for (int i = 0; i < 100; i++) {
            spend(budget);
        }
        assertEquals(10, asked.size());
        later(Duration.ofMillis(299));
        for (int i = 0; i < 100; i++) {
            spend(budget);
        }
        assertEquals(12, asked.size());
        later(Duration.ofHours(1));
        for (int i = 0; i < 100; i++) {
            spend(budget);
        }
        assertEquals(22, asked.size());
    }

    @Test
    void queriesThatAreNotAnsweredTakeAPlaceUntilTheyEndHoweverTheyEnd() {
        QueryBudget budget = budget(1_000, 2);
        CompletableFuture<String> first = spend(budget);
        spend(budget);
        later(Duration.ofSeconds(10));
        assertRefused(spend(budget));
        asked.get(0).complete("v");
        assertEquals("v", first.join());
        spend(budget);
        assertRefused(spend(budget));
        asked.get(1).completeExceptionally(new IllegalStateException("away"));
        spend(budget);
        assertRefused(spend(budget));
        asked.get(2).complete("v");
        assertThrows(
                IllegalStateException.class,
                () ->
                        budget.<String>spend(
                                () -> {
                                    throw new IllegalStateException("defect");
                                }));
        spend(budget);
        assertRefused(spend(budget));
        assertEquals(5, asked.size());
    }

    @Test
    void aRefusalSaysWhatToKnow() {
        QueryBudget budget = budget(1, 1);
        spend(budget);
        assertEquals(
                "the limit on chain queries of a test is reached, 1 a second and 1 at once",
                assertThrows(CompletionException.class, spend(budget)::join)
                        .getCause()
                        .getMessage());
        assertThrows(IllegalArgumentException.class, () -> budget(0, 1));
        assertThrows(IllegalArgumentException.class, () -> budget(1, 0));
    }
}
