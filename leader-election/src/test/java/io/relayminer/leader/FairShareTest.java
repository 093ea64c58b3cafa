package io.relayminer.leader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.HashSet;
import java.util.IntSummaryStatistics;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

class FairShareTest {

    private static AssignmentView view(int members, int resources) {
        TreeSet<String> m = new TreeSet<>();
        TreeSet<String> r = new TreeSet<>();
        for (int i = 0; i < members; i++) {
            m.add("miner-" + i + "-1x0000000" + i);
        }
        for (int i = 0; i < resources; i++) {
            r.add("pokt1supplier" + i);
        }
        return new AssignmentView("miner-0-1x00000000", m, r, Map.of());
    }

    @Test
    void everyResourceHasOnePlaceAndSharesDifferByOneAtMost() {
        for (int members = 1; members <= 9; members++) {
            for (int resources : new int[] {0, 1, 2, 7, 10, 15, 100, 200}) {
                Map<String, Set<String>> shares =
                        AssignmentStrategy.fairShare().assign(view(members, resources));
                Set<String> all = new HashSet<>();
                shares.values().forEach(share -> share.forEach(each -> assertTrue(all.add(each))));
                assertEquals(resources, all.size());
                IntSummaryStatistics sizes =
                        shares.values().stream().mapToInt(Set::size).summaryStatistics();
                assertTrue(sizes.getMax() - sizes.getMin() <= 1, () -> members() + sizes);
                assertEquals(members, shares.size());
            }
        }
    }

    private static String members() {
        return "shares ";
    }

    @Test
    void fewResourcesMoveWhenAnInstanceComes() {
        int resources = 200;
        for (int members = 1; members <= 8; members++) {
            Map<String, Set<String>> before =
                    AssignmentStrategy.fairShare().assign(view(members, resources));
            Map<String, Set<String>> after =
                    AssignmentStrategy.fairShare().assign(view(members + 1, resources));
            int moved = 0;
            for (Map.Entry<String, Set<String>> each : before.entrySet()) {
                Set<String> left = new HashSet<>(each.getValue());
                left.removeAll(after.get(each.getKey()));
                moved += left.size();
            }
            int share = resources / (members + 1) + 1;
            int bound = 2 * share;
            int counted = moved;
            assertTrue(counted <= bound, () -> counted + " moved for a share of " + share);
        }
    }

    @Test
    void theAnswerDependsOnTheViewAlone() {
        AssignmentView mine = view(4, 50);
        AssignmentView theirs =
                new AssignmentView(
                        "miner-3-1x00000003", mine.members(), mine.resources(), Map.of());
        assertEquals(
                AssignmentStrategy.fairShare().assign(mine),
                AssignmentStrategy.fairShare().assign(theirs));
    }

    @Test
    void theLeaderGetsEverythingAndWithoutOneNothingMoves() {
        AssignmentView base = view(3, 5);
        Map<String, String> holders = Map.of("pokt1supplier1", "miner-1-1x00000001");
        AssignmentView view =
                new AssignmentView(base.self(), base.members(), base.resources(), holders);
        assertEquals(
                Map.of("miner-2-1x00000002", view.resources()),
                AssignmentStrategy.leader(() -> Optional.of("miner-2-1x00000002")).assign(view));
        Map<String, Set<String>> kept = Map.of("miner-1-1x00000001", Set.of("pokt1supplier1"));
        assertEquals(kept, AssignmentStrategy.leader(Optional::empty).assign(view));
        assertEquals(kept, AssignmentStrategy.leader(() -> Optional.of("stranger")).assign(view));
    }
}
