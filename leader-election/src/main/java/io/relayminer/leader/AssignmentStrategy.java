package io.relayminer.leader;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Decides who should hold which resource. Only a wish: leases decide who does. Instances with the
 * same view should come to the same answer, because then each takes its own part and nobody waits
 * for anybody; with different views they only take longer to settle.
 */
@FunctionalInterface
public interface AssignmentStrategy {

    /**
     * The wish.
     *
     * @param view who is there, and who holds what
     * @return instance to the resources it should hold; instances and resources may be missing
     */
    Map<String, Set<String>> assign(AssignmentView view);

    /**
     * Spreads the resources evenly: shares differ by one at most. Which resource goes where is
     * decided by rendezvous hashing, so that few of them move when an instance comes or goes.
     *
     * @return the strategy
     */
    static AssignmentStrategy fairShare() {
        return new FairShare();
    }

    /**
     * Gives everything to the leader; the others stand by. While there is no leader everybody keeps
     * what it has.
     *
     * @param leader asked for the id of the current leader at each decision; may throw {@link
     *     LeaseStoreException}
     * @return the strategy
     */
    static AssignmentStrategy leader(Supplier<Optional<String>> leader) {
        return view -> {
            String chosen = leader.get().orElse(null);
            if (chosen != null && view.members().contains(chosen)) {
                return Map.of(chosen, view.resources());
            }
            return FairShare.holdings(view);
        };
    }
}
