package io.relayminer.transport;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;

/**
 * Finds providers on the class path: of those with the wanted name that are available, the one with
 * the highest priority.
 */
public final class Providers {

    private Providers() {}

    /**
     * The transport provider of a name.
     *
     * @throws TransportException if there is none, naming those that are there
     */
    public static TransportProvider transport(String name) {
        return select(
                "transport",
                name,
                ServiceLoader.load(TransportProvider.class),
                TransportProvider::name,
                TransportProvider::priority,
                TransportProvider::isAvailable);
    }

    /**
     * The backend provider of a name.
     *
     * @throws TransportException if there is none, naming those that are there
     */
    public static BackendProvider backend(String name) {
        return select(
                "backend",
                name,
                ServiceLoader.load(BackendProvider.class),
                BackendProvider::name,
                BackendProvider::priority,
                BackendProvider::isAvailable);
    }

    static <P> P select(
            String kind,
            String name,
            Iterable<P> candidates,
            Function<P, String> nameOf,
            ToIntFunction<P> priorityOf,
            Predicate<P> available) {
        List<P> matching = new ArrayList<>();
        TreeSet<String> seen = new TreeSet<>();
        for (P p : candidates) {
            if (!available.test(p)) {
                continue;
            }
            seen.add(nameOf.apply(p));
            if (nameOf.apply(p).equals(name)) {
                matching.add(p);
            }
        }
        return matching.stream()
                .max(Comparator.comparingInt(priorityOf))
                .orElseThrow(
                        () ->
                                new TransportException(
                                        "no "
                                                + kind
                                                + " provider named \""
                                                + name
                                                + "\" on the class path; available: "
                                                + seen));
    }
}
