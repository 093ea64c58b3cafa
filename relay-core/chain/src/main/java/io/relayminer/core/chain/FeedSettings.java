package io.relayminer.core.chain;

import java.time.Duration;

/**
 * How patient a block feed is.
 *
 * @param silence time without a header after which the nodes are asked; at least this, and at least
 *     twice the observed block interval
 * @param firstRetry pause after the first failure of a subscription, doubled with each further one
 * @param maxRetry longest pause between attempts
 * @param maxGap most missing blocks that are fetched one by one; a longer gap is jumped over
 */
record FeedSettings(Duration silence, Duration firstRetry, Duration maxRetry, int maxGap) {

    static final FeedSettings DEFAULT =
            new FeedSettings(
                    Duration.ofSeconds(5), Duration.ofSeconds(1), Duration.ofSeconds(15), 64);
}
