package io.relayminer.core.session;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * Which suppliers serve a session, and in which order.
 *
 * <p>With fewer candidates than places everybody serves, in the order in which the chain stores the
 * candidates: by activation height, then by operator address. With as many or more, candidates are
 * ordered by their rank in the session ({@link SessionId#weight}, signed, then by address) and the
 * first ones serve. Stake plays no part.
 */
public final class SupplierSelection {

    /**
     * A supplier's configuration for a service.
     *
     * @param operatorAddress the supplier
     * @param activationHeight first block at which it is active
     * @param deactivationHeight first block at which it no longer is; 0 if it stays active
     */
    public record Candidate(
            String operatorAddress, long activationHeight, long deactivationHeight) {

        /** Whether the configuration is active at a height. */
        public boolean isActiveAt(long height) {
            return activationHeight <= height
                    && (deactivationHeight == 0 || height < deactivationHeight);
        }
    }

    private static final Comparator<Candidate> STORE_ORDER =
            Comparator.comparingLong(Candidate::activationHeight)
                    .thenComparing(Candidate::operatorAddress, SupplierSelection::compareBytes);

    private record Ranked(long weight, String address) {}

    private SupplierSelection() {}

    /**
     * Selects the suppliers of a session.
     *
     * @param session the session
     * @param candidates all configurations for its service, in any order, active or not
     * @param queryHeight height inside the session at which it is looked up; the start height gives
     *     an answer that does not change
     * @param places suppliers per session, of the session module's parameters at that height
     * @return operator addresses in the order of the session; empty if nobody is active
     */
    public static List<String> select(
            SessionId session, List<Candidate> candidates, long queryHeight, long places) {
        List<Candidate> active = new ArrayList<>();
        for (Candidate candidate : candidates) {
            if (candidate.isActiveAt(queryHeight)) {
                active.add(candidate);
            }
        }
        active.sort(STORE_ORDER);
        if (Long.compareUnsigned(active.size(), places) < 0) {
            return active.stream().map(Candidate::operatorAddress).toList();
        }
        List<Ranked> ranked = new ArrayList<>(active.size());
        for (Candidate candidate : active) {
            String address = candidate.operatorAddress();
            ranked.add(new Ranked(session.weight(address), address));
        }
        ranked.sort(
                Comparator.comparingLong(Ranked::weight)
                        .thenComparing(Ranked::address, SupplierSelection::compareBytes));
        // At most active.size() here, so the unsigned value fits.
        return ranked.stream().limit(places).map(Ranked::address).toList();
    }

    private static int compareBytes(String a, String b) {
        return Arrays.compareUnsigned(a.getBytes(UTF_8), b.getBytes(UTF_8));
    }
}
