package io.relayminer.core.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;

class TieredCacheTest {

    private static final CachePolicy POLICY =
            new CachePolicy(
                    "thing",
                    100,
                    Duration.ofSeconds(60),
                    Duration.ofMinutes(10),
                    Duration.ofSeconds(5));

    private final AtomicLong now = new AtomicLong();
    private final Tier shared = new Tier("l2");
    private final Tier authority = new Tier("l3");
    private final List<String> seen = new ArrayList<>();
    private final TieredCache<String, String> cache =
            new TieredCache<>(
                    POLICY,
                    shared,
                    authority,
                    new CacheObserver() {
                        @Override
                        public void hit(String type, String level) {
                            seen.add("hit " + level);
                        }

                        @Override
                        public void miss(String type, String level) {
                            seen.add("miss " + level);
                        }

                        @Override
                        public void invalidated(String type, String source) {
                            seen.add("invalidated " + source);
                        }
                    },
                    now::get);

    /** Answers with what a test lined up, and with "nothing" when there is no more. */
    private static final class Tier implements CacheTier<String, String> {
        private final String level;
        private final Deque<CompletableFuture<String>> answers = new ArrayDeque<>();
        private final List<String> stored = new ArrayList<>();
        private int asked;

        Tier(String level) {
            this.level = level;
        }

        CompletableFuture<String> pending() {
            CompletableFuture<String> answer = new CompletableFuture<>();
            answers.add(answer);
            return answer;
        }

        void answer(String value) {
            answers.add(CompletableFuture.completedFuture(value));
        }

        void fail(RuntimeException failure) {
            answers.add(CompletableFuture.failedFuture(failure));
        }

        @Override
        public String level() {
            return level;
        }

        @Override
        public CompletionStage<String> get(String key) {
            asked++;
            return answers.isEmpty() ? CompletableFuture.completedFuture(null) : answers.poll();
        }

        @Override
        public CompletionStage<Void> put(String key, String value) {
            stored.add(key + "=" + value);
            return CompletableFuture.completedFuture(null);
        }
    }

    private CompletableFuture<String> get(String key) {
        return cache.get(key).toCompletableFuture();
    }

    private CacheException failure(CompletableFuture<String> reply) {
        return assertInstanceOf(
                CacheException.class,
                assertThrows(CompletionException.class, reply::join).getCause());
    }

    private void later(Duration time) {
        now.addAndGet(time.toNanos());
    }

    @Test
    void theSharedTierAnswersBeforeTheAuthority() {
        shared.answer("v");
        assertEquals("v", get("k").join());
        assertEquals("v", get("k").join());
        assertEquals(1, shared.asked);
        assertEquals(0, authority.asked);
        assertEquals(List.of("hit l2", "hit l1"), seen);
    }

    @Test
    void theAuthoritysAnswerIsStoredInBothTiersAbove() {
        authority.answer("v");
        assertEquals("v", get("k").join());
        assertEquals(List.of("k=v"), shared.stored);
        assertEquals("v", cache.peek("k"));
        assertEquals(List.of("miss l3", "hit l1"), seen);
    }

    @Test
    void aStaleValueServesWhileItIsReadAgainOnce() {
        authority.answer("old");
        get("k").join();
        later(Duration.ofSeconds(61));
        CompletableFuture<String> refreshed = shared.pending();
        assertEquals("old", cache.peek("k"));
        assertEquals("old", get("k").join());
        assertEquals(2, shared.asked, "one refresh, however many readers");
        refreshed.complete("new");
        assertEquals("new", cache.peek("k"));
    }

    @Test
    void aStaleValueOutlivesAnOutageUntilItExpires() {
        authority.answer("old");
        get("k").join();
        later(Duration.ofMinutes(9));
        for (int i = 0; i < 4; i++) {
            shared.fail(new IllegalStateException("redis is away"));
            authority.fail(new CacheException.Unavailable("no node answers", null));
        }
        assertEquals("old", get("k").join());
        assertEquals("old", get("k").join());
        later(Duration.ofMinutes(2));
        assertNull(cache.peek("k"));
        assertInstanceOf(CacheException.Unavailable.class, failure(get("k")));
    }

    @Test
    void absenceIsBelievedForAWhileAndUnavailabilityNever() {
        assertInstanceOf(CacheException.Absent.class, failure(get("k")));
        assertEquals("thing not found: k", failure(get("k")).getMessage());
        assertEquals(1, authority.asked);
        later(Duration.ofSeconds(6));
        authority.fail(new IllegalStateException("away"));
        assertInstanceOf(CacheException.Unavailable.class, failure(get("k")));
        authority.answer("v");
        assertEquals("v", get("k").join());
    }

    @Test
    void aSharedTierThatFailsIsAMiss() {
        shared.fail(new IllegalStateException("away"));
        authority.answer("v");
        assertEquals("v", get("k").join());
    }

    @Test
    void readersOfOneKeyShareOneLookup() {
        CompletableFuture<String> pending = shared.pending();
        CompletableFuture<String> first = get("k");
        CompletableFuture<String> second = get("k");
        assertFalse(first.isDone());
        assertEquals(1, shared.asked);
        pending.complete("v");
        assertEquals("v", first.join());
        assertEquals("v", second.join());
    }

    @Test
    void aLookupThatBeganBeforeAnInvalidationDoesNotStay() {
        CompletableFuture<String> pending = shared.pending();
        CompletableFuture<String> asking = get("k");
        cache.invalidate("k", "pubsub");
        shared.answer("new");
        CompletableFuture<String> after = get("k");
        assertEquals("new", after.join(), "a reader after the invalidation asks again");
        pending.complete("old");
        assertEquals("old", asking.join(), "who asked before gets what was found");
        assertEquals("new", cache.peek("k"));
        assertTrue(seen.contains("invalidated pubsub"));
    }

    @Test
    void keysThatAClientMayInventReachTheAuthorityWithinABudget() {
        QueryBudget budget = new QueryBudget("of a test", 2, 10, now::get);
        for (int i = 0; i < 50; i++) {
            CompletableFuture<String> reply = cache.get("k" + i, budget).toCompletableFuture();
            assertEquals(
                    i < 2 ? CacheException.Absent.class : CacheException.Unavailable.class,
                    failure(reply).getClass());
        }
        assertEquals(2, authority.asked);
        assertEquals(50, shared.asked);
        assertInstanceOf(
                CacheException.Absent.class,
                failure(cache.get("k1", budget).toCompletableFuture()),
                "what is remembered costs nothing");
        shared.answer("v");
        assertEquals(
                "v",
                cache.get("shared", budget).toCompletableFuture().join(),
                "nor does what the shared tier has");
        assertEquals("v", cache.get("shared", budget).toCompletableFuture().join());
        authority.answer("v");
        assertEquals("v", get("k2").join(), "others have no budget, and a refusal is forgotten");
        assertEquals(3, authority.asked);
    }

    @Test
    void aStaleValueServesAlsoWhenThereIsNoBudgetToReadItAgain() {
        QueryBudget budget = new QueryBudget("of a test", 1, 10, () -> 0);
        authority.answer("old");
        assertEquals("old", cache.get("k", budget).toCompletableFuture().join());
        later(Duration.ofSeconds(61));
        assertEquals("old", cache.get("k", budget).toCompletableFuture().join());
        assertEquals(1, authority.asked);
        authority.answer("new");
        assertEquals("old", cache.peek("k"));
        assertEquals("new", cache.peek("k"));
    }

    @Test
    void aValueThatIsReadAgainServesUntilItIsAndWithinTheBudget() {
        QueryBudget budget = new QueryBudget("of a test", 1, 10, now::get);
        authority.answer("old");
        get("k").join();
        CompletableFuture<String> pending = authority.pending();
        CompletableFuture<String> again = cache.refresh("k", budget).toCompletableFuture();
        assertFalse(again.isDone());
        assertEquals("old", get("k").join());
        pending.complete("new");
        assertEquals("new", again.join());
        assertEquals("new", get("k").join());
        assertInstanceOf(
                CacheException.Unavailable.class,
                failure(cache.refresh("k", budget).toCompletableFuture()));
        assertEquals("new", get("k").join());
    }

    @Test
    void lookupsThatTakeLongDoNotPileUp() {
        QueryBudget budget = new QueryBudget("of a test", 1_000, 2, now::get);
        CompletableFuture<String> slow = authority.pending();
        authority.pending();
        CompletableFuture<String> first = cache.get("a", budget).toCompletableFuture();
        cache.get("b", budget);
        assertInstanceOf(
                CacheException.Unavailable.class,
                failure(cache.get("c", budget).toCompletableFuture()));
        CompletableFuture<String> joined = cache.get("a", budget).toCompletableFuture();
        slow.complete("v");
        assertEquals("v", first.join());
        assertEquals("v", joined.join(), "who joins a pending lookup starts none");
        authority.answer("w");
        assertEquals("w", cache.get("c", budget).toCompletableFuture().join());
    }

    @Test
    void invalidationDropsOneKeyOrAllOrThoseThatMatch() {
        for (String key : List.of("a1", "a2", "b1")) {
            cache.prime(key, key);
        }
        cache.invalidateIf(key -> key.startsWith("a1"));
        assertNull(cache.peek("a1"));
        assertEquals("a2", cache.peek("a2"));
        cache.invalidateAll("resubscribe");
        assertNull(cache.peek("a2"));
        assertNull(cache.peek("b1"));
    }

    @Test
    void memoryIsBounded() {
        TieredCache<Integer, String> small =
                new TieredCache<>(
                        new CachePolicy(
                                "small",
                                10,
                                Duration.ofHours(1),
                                Duration.ofHours(1),
                                Duration.ZERO),
                        CacheTier.none("l2"),
                        CacheTier.none("l3"),
                        CacheObserver.NONE,
                        now::get);
        for (int i = 0; i < 1_000; i++) {
            small.prime(i, "v");
        }
        assertTrue(small.size() <= 10);
    }
}
