package io.relayminer.provider;

import java.util.Collection;
import java.util.Optional;

/** Finds the name that somebody meant who wrote another one. */
public final class NearestName {

    private NearestName() {}

    /**
     * The candidate with the fewest single-character edits between it and the name, the first of
     * equals; empty if even that one differs in more than a third of the name's characters (but in
     * more than two).
     */
    public static Optional<String> of(String name, Collection<String> candidates) {
        String nearest = "";
        int best = Integer.MAX_VALUE;
        for (String candidate : candidates) {
            int distance = distance(name, candidate);
            if (distance < best) {
                best = distance;
                nearest = candidate;
            }
        }
        return best <= Math.max(2, name.length() / 3) ? Optional.of(nearest) : Optional.empty();
    }

    /** Levenshtein distance, row by row; both names are short. */
    private static int distance(String a, String b) {
        int[] previous = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            previous[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int[] current = new int[b.length() + 1];
            current[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int change = previous[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                current[j] = Math.min(change, Math.min(previous[j], current[j - 1]) + 1);
            }
            previous = current;
        }
        return previous[b.length()];
    }
}
