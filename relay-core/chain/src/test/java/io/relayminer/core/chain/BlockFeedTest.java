package io.relayminer.core.chain;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.relayminer.core.wire.proof.Claim;
import io.relayminer.core.wire.proof.QueryAllClaimsResponse;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.stream.LongStream;

class BlockFeedTest {

    private static final Duration PATIENCE = Duration.ofSeconds(120);
    private static final Duration NEVER = Duration.ofHours(1);

    private final List<Block> seen = new CopyOnWriteArrayList<>();
    private ScriptedCometNode one;
    private ScriptedCometNode two;
    private ChainClient client;

    @BeforeEach
    void start() throws Exception {
        one = new ScriptedCometNode(10);
        two = new ScriptedCometNode(10);
    }

    @AfterEach
    void stop() throws Exception {
        if (client != null) {
            client.close();
        }
        one.close();
        two.close();
    }

    private BlockFeed feed(Duration silence, int maxGap, ScriptedCometNode... nodes) {
        List<java.net.URI> urls = new ArrayList<>();
        for (ScriptedCometNode node : nodes) {
            urls.add(node.url());
        }
        client =
                ChainClient.open(
                        new ChainSettings(
                                urls,
                                List.of("127.0.0.1:1"),
                                true,
                                Duration.ofSeconds(30),
                                Duration.ofMillis(10),
                                "pocket"),
                        new FeedSettings(
                                silence, Duration.ofMillis(10), Duration.ofMillis(40), maxGap),
                        InstantSource.system(),
                        new Random(1));
        return client.blocks();
    }

    private void follow(BlockFeed feed) {
        feed.start().toCompletableFuture().join();
        feed.subscribe(seen::add);
    }

    private void awaitSubscriber(ScriptedCometNode node) {
        await().atMost(PATIENCE).until(() -> node.subscribers() == 1);
    }

    private void awaitHeights(long from, long to) {
        await().atMost(PATIENCE).until(() -> !seen.isEmpty() && last().height() >= to);
        assertEquals(
                LongStream.rangeClosed(from, to).boxed().toList(),
                seen.stream().map(Block::height).toList());
    }

    private Block last() {
        return seen.get(seen.size() - 1);
    }

    @Test
    void blocksComeInOrderWithTheirIds() throws Exception {
        BlockFeed feed = feed(NEVER, 64, one);
        assertThrows(IllegalStateException.class, feed::latest);
        follow(feed);
        assertEquals(10, feed.latest().height());
        awaitSubscriber(one);
        for (long height = 11; height <= 15; height++) {
            one.announce(height);
        }
        awaitHeights(10, 15);
        for (Block block : seen) {
            assertEquals(one.hash(block.height()), block.hash());
            assertEquals(ScriptedCometNode.GENESIS.plusMillis(250 * block.height()), block.time());
        }
        assertTrue(
                one.blockRequests() <= 2,
                "once ids are known to be header hashes they are not asked for");
        assertEquals(feed.latest(), last());
        assertTrue(feed.blockInterval().toMillis() > 10);
        assertTrue(feed.blockInterval().toMillis() <= 250);
    }

    @Test
    void missedBlocksAreFetched() throws Exception {
        follow(feed(NEVER, 64, one));
        awaitSubscriber(one);
        one.announce(14);
        awaitHeights(10, 14);
    }

    @Test
    void aLongGapIsJumpedOver() throws Exception {
        follow(feed(NEVER, 3, one));
        awaitSubscriber(one);
        one.announce(1000);
        await().atMost(PATIENCE).until(() -> last().height() == 1000);
        assertEquals(List.of(10L, 1000L), seen.stream().map(Block::height).toList());
    }

    @Test
    void repeatedAndOlderBlocksAreIgnored() throws Exception {
        follow(feed(NEVER, 64, one));
        awaitSubscriber(one);
        one.announce(11);
        one.announce(11);
        one.announce(9);
        one.announce(12);
        awaitHeights(10, 12);
    }

    /** It answers every question, and everything it says is old. */
    @Test
    void aHaltedFirstNodeDoesNotHoldUpTheFeed() throws Exception {
        follow(feed(Duration.ofMillis(50), 64, one, two));
        awaitSubscriber(one);
        two.advanceSilently(15);
        awaitHeights(10, 15);
        awaitSubscriber(two);
        two.announce(16);
        awaitHeights(10, 16);
    }

    @Test
    void theFeedBeginsAtTheNodeThatHasComeFurthest() throws Exception {
        two.advanceSilently(60);
        BlockFeed feed = feed(NEVER, 64, one, two);
        follow(feed);
        assertEquals(60, feed.latest().height());
        awaitSubscriber(two);
        assertTrue(feed.isAlive());
    }

    /** Its headers came in time, and then nothing more. */
    @Test
    void anAnswerThatStallsInItsBodyIsNoAnswer() throws Exception {
        client =
                ChainClient.open(
                        new ChainSettings(
                                List.of(one.url(), two.url()),
                                List.of("127.0.0.1:1"),
                                true,
                                Duration.ofMillis(300),
                                Duration.ofMillis(10),
                                "pocket"),
                        new FeedSettings(
                                Duration.ofMillis(50),
                                Duration.ofMillis(10),
                                Duration.ofMillis(40),
                                64),
                        InstantSource.system(),
                        new Random(1));
        one.stalling(true);
        two.advanceSilently(12);
        follow(client.blocks());
        assertEquals(12, client.blocks().latest().height());
        assertEquals(
                11L,
                client.queries().block(11).toCompletableFuture().join().height(),
                "the second node is asked");
    }

    /** A node that has halted answers every question, from long ago. */
    @Test
    void whatANodeBehindTheFeedAnswersIsNotBelieved() throws Exception {
        ScriptedGrpcNode.Script none =
                (method, request) -> QueryAllClaimsResponse.getDefaultInstance().toByteString();
        ScriptedGrpcNode.Script one =
                (method, request) ->
                        QueryAllClaimsResponse.newBuilder()
                                .addClaims(Claim.getDefaultInstance())
                                .build()
                                .toByteString();
        try (ScriptedGrpcNode halted = new ScriptedGrpcNode(none);
                ScriptedGrpcNode sound = new ScriptedGrpcNode(one)) {
            client =
                    ChainClient.open(
                            new ChainSettings(
                                    List.of(two.url()),
                                    List.of(halted.target(), sound.target()),
                                    true,
                                    Duration.ofSeconds(30),
                                    Duration.ofMillis(10),
                                    "pocket"),
                            InstantSource.system(),
                            new Random(1));
            two.advanceSilently(100);
            halted.height(50);
            sound.height(98);
            var before = client.queries().claims("s").toCompletableFuture().join();
            assertEquals(0, before.size(), "nobody knows yet that there is more");
            follow(client.blocks());
            assertEquals(1, client.queries().claims("s").toCompletableFuture().join().size());
            sound.height(60);
            CompletionException behind =
                    assertThrows(
                            CompletionException.class,
                            () -> client.queries().claims("s").toCompletableFuture().join());
            assertTrue(behind.getCause() instanceof ChainUnavailableException);
            halted.height(0);
            assertEquals(
                    0,
                    client.queries().claims("s").toCompletableFuture().join().size(),
                    "one that does not say where it stands is believed");
        }
    }

    @Test
    void aClosedSubscriptionIsOpenedAtAnotherNode() throws Exception {
        follow(feed(NEVER, 64, one, two));
        awaitSubscriber(one);
        one.closeNormally();
        awaitSubscriber(two);
        two.announce(12);
        awaitHeights(10, 12);
    }

    @Test
    void aCancelledSubscriptionIsOpenedAtAnotherNode() throws Exception {
        follow(feed(NEVER, 64, one, two));
        awaitSubscriber(one);
        one.push(
                "{\"jsonrpc\":\"2.0\",\"id\":0,\"error\":{\"code\":-32000,\"message\":\"Server"
                        + " error\",\"data\":\"subscription was canceled\"}}");
        awaitSubscriber(two);
    }

    @Test
    void aFrameThatMakesNoSenseEndsTheSubscription() throws Exception {
        follow(feed(NEVER, 64, one, two));
        awaitSubscriber(one);
        one.push("no json");
        awaitSubscriber(two);
    }

    @Test
    void aFrameThatIsTooLargeEndsTheSubscription() throws Exception {
        follow(feed(NEVER, 64, one, two));
        awaitSubscriber(one);
        one.push("\"" + "x".repeat(2 << 20) + "\"");
        awaitSubscriber(two);
    }

    @Test
    void aSilentSubscriptionIsFoundOutByAsking() throws Exception {
        follow(feed(Duration.ofMillis(50), 64, one, two));
        awaitSubscriber(one);
        one.advanceSilently(13);
        two.advanceSilently(13);
        awaitHeights(10, 13);
        awaitSubscriber(two);
        two.announce(14);
        awaitHeights(10, 14);
    }

    @Test
    void nodesThatRefuseSubscriptionsAreFollowedByAsking() throws Exception {
        one.refusingSubscriptions(true);
        follow(feed(Duration.ofMillis(50), 64, one));
        one.advanceSilently(12);
        awaitHeights(10, 12);
        await().atMost(PATIENCE).until(() -> one.connections() > 2);
        one.refusingSubscriptions(false);
        awaitSubscriber(one);
    }

    @Test
    void theFirstBlockIsWaitedFor() {
        one.failing(true);
        BlockFeed feed = feed(NEVER, 64, one);
        var started = feed.start().toCompletableFuture();
        feed.subscribe(seen::add);
        assertFalse(started.isDone());
        one.failing(false);
        assertEquals(10, started.join().height());
        awaitHeights(10, 10);
    }

    @Test
    void idsThatAreNotHeaderHashesAreAskedFor() throws Exception {
        one.otherHash(true);
        follow(feed(NEVER, 64, one));
        awaitSubscriber(one);
        one.announce(11);
        one.announce(12);
        awaitHeights(10, 12);
        assertEquals(one.hash(12), last().hash());
    }

    @Test
    void aListenerThatFailsOrIsSlowHurtsNobody() throws Exception {
        BlockFeed feed = feed(NEVER, 64, one);
        CountDownLatch release = new CountDownLatch(1);
        List<Long> slow = new CopyOnWriteArrayList<>();
        feed.subscribe(
                block -> {
                    throw new IllegalStateException("listener");
                });
        BlockFeed.Subscription slowOne =
                feed.subscribe(
                        block -> {
                            try {
                                release.await();
                            } catch (InterruptedException e) {
                                Thread.currentThread().interrupt();
                            }
                            slow.add(block.height());
                        });
        follow(feed);
        awaitSubscriber(one);
        one.announce(12);
        awaitHeights(10, 12);
        assertTrue(slow.isEmpty());
        release.countDown();
        await().atMost(PATIENCE).until(() -> slow.equals(List.of(10L, 11L, 12L)));
        slowOne.close();
        slowOne.close();
    }

    @Test
    void afterClosingNobodyIsCalled() throws Exception {
        BlockFeed feed = feed(NEVER, 64, one);
        follow(feed);
        awaitSubscriber(one);
        feed.close();
        int before = seen.size();
        one.announce(11);
        await().atMost(PATIENCE).until(() -> one.subscribers() == 0);
        assertEquals(before, seen.size());
    }

    @Test
    void closingBeforeTheFirstBlockFailsTheStart() {
        one.failing(true);
        BlockFeed feed = feed(NEVER, 64, one);
        var started = feed.start().toCompletableFuture();
        feed.close();
        assertThrows(CompletionException.class, started::join);
    }

    @Test
    void blocksAreAskedOfANodeThatHasThem() {
        two.advanceSilently(20);
        feed(NEVER, 64, one, two);
        Block block = client.queries().block(20).toCompletableFuture().join();
        assertEquals(two.hash(20), block.hash());
        CompletionException missing =
                assertThrows(
                        CompletionException.class,
                        () -> client.queries().block(21).toCompletableFuture().join());
        assertTrue(missing.getCause() instanceof ChainRefusedException);
        assertEquals("pocket", client.queries().chainId().toCompletableFuture().join());
    }

    @Test
    void whenNoNodeAnswersTheMessageNamesNoAddress() {
        one.failing(true);
        two.failing(true);
        feed(NEVER, 64, one, two);
        CompletionException failure =
                assertThrows(
                        CompletionException.class,
                        () -> client.queries().latestBlock().toCompletableFuture().join());
        assertTrue(failure.getCause() instanceof ChainUnavailableException);
        assertFalse(failure.getCause().getMessage().contains("127.0.0.1"));
    }
}
