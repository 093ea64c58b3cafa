package io.relayminer.provider;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * The providers of one kind: those found on the class path and those that the program brought.
 *
 * <p>Looking for providers never fails. One that cannot be made (its class is missing, its
 * constructor throws, the line that names it is no class name) is kept as {@link Found} with the
 * reason, and only matters when somebody selects a type that no working provider has. Two providers
 * of one type are an error when that type is selected: none silently replaces the other.
 *
 * <p>Immutable and thread-safe.
 *
 * @param <T> what the providers create
 * @param <C> what they create it from
 */
public final class Providers<T, C extends ProviderContext> {

    private static final String BY_THE_PROGRAM = "the program itself";

    private final String kind;
    private final List<Candidate<T, C>> candidates;

    private Providers(String kind, List<Candidate<T, C>> candidates) {
        this.kind = kind;
        this.candidates = List.copyOf(candidates);
    }

    /**
     * One provider that was found.
     *
     * @param type the word that selects it; empty if it is broken in a way that hides it
     * @param className its class, or what stands where the name of a class should
     * @param origin the jar or folder it comes from
     * @param problem why it cannot be used; {@code null} if it can
     */
    public record Found(String type, String className, String origin, @Nullable String problem) {

        /** Everything in one line, for people. */
        @Override
        public String toString() {
            String name = (type.isEmpty() ? "" : type + ": ") + className + " (" + origin + ")";
            return problem == null ? name : name + ": " + problem;
        }
    }

    /** A provider, or the reason why there is none. */
    record Candidate<T, C extends ProviderContext>(
            Found found, @Nullable Provider<T, C> provider) {}

    /**
     * No providers yet; {@link #with} adds them.
     *
     * @param kind what the providers create, e.g. {@code "transport"}; for messages
     */
    public static <T, C extends ProviderContext> Providers<T, C> none(String kind) {
        return new Providers<>(kind, List.of());
    }

    /**
     * The providers that the context class loader of this thread sees.
     *
     * @param kind what the providers create, e.g. {@code "transport"}; for messages
     * @param service the interface under which they are registered
     */
    public static <T, C extends ProviderContext> Providers<T, C> onClassPath(
            String kind, Class<? extends Provider<T, C>> service) {
        ClassLoader context = Thread.currentThread().getContextClassLoader();
        return onClassPath(kind, service, context == null ? service.getClassLoader() : context);
    }

    /** As {@link #onClassPath(String, Class)}, with another class loader. */
    public static <T, C extends ProviderContext> Providers<T, C> onClassPath(
            String kind, Class<? extends Provider<T, C>> service, ClassLoader loader) {
        return new Providers<>(kind, ClassPathSearch.of(service, loader));
    }

    /** These and one more, which the program made itself. */
    public Providers<T, C> with(Provider<T, C> provider) {
        List<Candidate<T, C>> more = new ArrayList<>(candidates);
        more.add(
                new Candidate<>(
                        new Found(
                                provider.type(),
                                provider.getClass().getName(),
                                BY_THE_PROGRAM,
                                null),
                        provider));
        return new Providers<>(kind, more);
    }

    /** All that were found, the broken ones too. */
    public List<Found> found() {
        return candidates.stream().map(Candidate::found).toList();
    }

    /**
     * The provider of a type.
     *
     * @throws ProviderException if there is none or more than one
     */
    public Provider<T, C> get(String type) {
        return candidate(type).provider();
    }

    /**
     * Lets the provider of a type create something, and refuses what it did not read of its
     * settings.
     *
     * @throws ProviderException if there is not exactly one such provider, if the settings cannot
     *     be met, or if the provider fails; then with its name, its jar and the reason
     */
    public T create(String type, C context) {
        Usable<T, C> usable = candidate(type);
        T product;
        try {
            product = usable.provider().create(context);
        } catch (ProviderException e) {
            throw e;
        } catch (RuntimeException | LinkageError e) {
            throw new ProviderException(
                    at(context) + "the " + kind + " provider " + usable.found() + " failed: " + e,
                    e);
        }
        if (product == null) {
            throw new ProviderException(
                    at(context) + "the " + kind + " provider " + usable.found() + " made nothing");
        }
        context.settings().finish();
        return product;
    }

    private static String at(ProviderContext context) {
        String path = context.settings().path();
        return path.isEmpty() ? "" : path + ": ";
    }

    private record Usable<T, C extends ProviderContext>(Found found, Provider<T, C> provider) {}

    private Usable<T, C> candidate(String type) {
        List<Usable<T, C>> matching = new ArrayList<>();
        TreeSet<String> types = new TreeSet<>();
        List<Found> broken = new ArrayList<>();
        for (Candidate<T, C> candidate : candidates) {
            Provider<T, C> provider = candidate.provider();
            if (provider == null) {
                broken.add(candidate.found());
            } else {
                types.add(candidate.found().type());
                if (candidate.found().type().equals(type)) {
                    matching.add(new Usable<>(candidate.found(), provider));
                }
            }
        }
        if (matching.size() == 1) {
            return matching.get(0);
        }
        throw new ProviderException(
                matching.isEmpty() ? absent(type, types, broken) : ambiguous(type, matching));
    }

    private String ambiguous(String type, List<Usable<T, C>> matching) {
        return "there are "
                + matching.size()
                + " "
                + kind
                + " providers of type "
                + type
                + "; remove all but one of"
                + lines(matching.stream().map(Usable::found).toList());
    }

    private String absent(String type, Set<String> types, List<Found> broken) {
        StringBuilder message = new StringBuilder("there is no ").append(kind);
        message.append(" provider of type ").append(type);
        if (types.isEmpty()) {
            message.append("; put the jar of one on the class path");
        } else {
            message.append(
                    NearestName.of(type, types)
                            .map(nearest -> "; did you mean " + nearest + "?")
                            .orElse("; there are " + String.join(", ", types)));
        }
        if (!broken.isEmpty()) {
            message.append(" These were found but cannot be used:").append(lines(broken));
        }
        return message.toString();
    }

    private static String lines(List<Found> found) {
        StringBuilder lines = new StringBuilder();
        found.forEach(each -> lines.append("\n  - ").append(each));
        return lines.toString();
    }
}
