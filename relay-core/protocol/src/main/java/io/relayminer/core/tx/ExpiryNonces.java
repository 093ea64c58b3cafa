package io.relayminer.core.tx;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.random.RandomGenerator;

/**
 * Expiry times that no two transactions of an account share.
 *
 * <p>The chain takes the expiry of an unordered transaction, in nanoseconds, for its nonce: of two
 * transactions of an account with the same one only the first is accepted. Expiries are computed
 * from the time of the newest block, which does not move between two blocks, so equal ones are the
 * rule, not the exception. Each is therefore moved on by some nanoseconds: past the last one given
 * to the account, and by a random offset so that two processes that serve an account one after the
 * other do not meet.
 *
 * <p>Thread-safe. Holds one entry per account that was ever given an expiry.
 */
public final class ExpiryNonces {

    /** Bound of the random offset, and what an expiry should stay below its own bound by. */
    public static final Duration SPREAD = Duration.ofMillis(10);

    private final RandomGenerator random;
    private final Map<String, Instant> last = new ConcurrentHashMap<>();

    public ExpiryNonces(RandomGenerator random) {
        this.random = random;
    }

    /**
     * An expiry for a transaction.
     *
     * @param account address of the signer
     * @param wanted when it should expire
     * @return the wanted time or up to 10 ms later, unless the account was given that already; then
     *     one nanosecond after the latest it was given
     */
    public Instant next(String account, Instant wanted) {
        long offset;
        synchronized (random) {
            offset = random.nextLong(SPREAD.toNanos());
        }
        Instant candidate = wanted.plusNanos(offset);
        // Later than every earlier one, so that nothing but the newest has to be remembered.
        return last.merge(
                account,
                candidate,
                (latest, fresh) -> fresh.isAfter(latest) ? fresh : latest.plusNanos(1));
    }
}
