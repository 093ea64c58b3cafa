package io.relayminer.core.meter;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Budget held for one relay. Kept unless {@link #refund} is called: a relay that was served but is
 * not mined because its hash misses the difficulty target stands for its share of the estimated
 * work and stays charged, so forgetting a reservation is the safe default.
 *
 * <p>Thread-safe; the first refund counts.
 */
public final class Reservation {

    /** Holds nothing: a free relay, or one let through while the meter was unreachable. */
    static final Reservation NOTHING = new Reservation(null);

    private final @Nullable BudgetLease lease;
    private final AtomicBoolean refunded = new AtomicBoolean();

    Reservation(@Nullable BudgetLease lease) {
        this.lease = lease;
    }

    /** Gives the budget back: the relay was refused or failed and will not be mined. */
    public void refund() {
        if (lease != null && refunded.compareAndSet(false, true)) {
            lease.refund();
        }
    }
}
