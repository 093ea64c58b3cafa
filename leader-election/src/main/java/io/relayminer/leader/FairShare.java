package io.relayminer.leader;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Rendezvous hashing with bounded loads. Every pair of instance and resource has a pseudo-random
 * score that only depends on the two names. Pairs are taken from the highest score down; a resource
 * goes to the instance of the first pair in which it is still free and the instance still has room.
 * Room is the quotient of resources by instances, and one more for as many instances as the
 * remainder says, first come first served. So shares differ by one at most, everybody computes the
 * same result, and a change of membership moves little more than the share of the instance that
 * came or went.
 */
final class FairShare implements AssignmentStrategy {

    private record Pair(long score, String member, String resource) {}

    @Override
    public Map<String, Set<String>> assign(AssignmentView view) {
        Map<String, Set<String>> shares = new TreeMap<>();
        view.members().forEach(member -> shares.put(member, new TreeSet<>()));
        if (shares.isEmpty()) {
            return shares;
        }
        int floor = view.resources().size() / shares.size();
        int extra = view.resources().size() % shares.size();
        Set<String> assigned = new HashSet<>();
        for (Pair pair : pairs(view)) {
            Set<String> share = shares.computeIfAbsent(pair.member(), each -> new TreeSet<>());
            boolean roomy = share.size() < floor;
            boolean stretched = share.size() == floor && extra > 0;
            if ((roomy || stretched) && assigned.add(pair.resource())) {
                share.add(pair.resource());
                extra -= stretched ? 1 : 0;
            }
        }
        return shares;
    }

    private static List<Pair> pairs(AssignmentView view) {
        List<Pair> pairs = new ArrayList<>(view.members().size() * view.resources().size());
        for (String member : view.members()) {
            long seed = hash(0xcbf29ce484222325L, member);
            for (String resource : view.resources()) {
                pairs.add(new Pair(mix(hash(seed, resource)), member, resource));
            }
        }
        pairs.sort(
                (a, b) -> {
                    int byScore = Long.compareUnsigned(b.score(), a.score());
                    return byScore != 0
                            ? byScore
                            : Comparator.comparing(Pair::member)
                                    .thenComparing(Pair::resource)
                                    .compare(a, b);
                });
        return pairs;
    }

    /** FNV-1a over the name and a separator. */
    private static long hash(long seed, String name) {
        long hash = seed;
        for (byte each : name.getBytes(StandardCharsets.UTF_8)) {
            hash = (hash ^ (each & 0xff)) * 0x100000001b3L;
        }
        return (hash ^ 0x100) * 0x100000001b3L;
    }

    /** Spreads the bits, since FNV leaves the high ones of similar names alike. */
    private static long mix(long hash) {
        long z = (hash ^ (hash >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }

    /** Everybody should have what it has. */
    static Map<String, Set<String>> holdings(AssignmentView view) {
        Map<String, Set<String>> holdings = new HashMap<>();
        view.holders()
                .forEach(
                        (resource, holder) ->
                                holdings.computeIfAbsent(holder, each -> new HashSet<>())
                                        .add(resource));
        return holdings;
    }
}
