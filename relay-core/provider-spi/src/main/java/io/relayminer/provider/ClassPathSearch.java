package io.relayminer.provider;

import io.relayminer.provider.Providers.Candidate;
import io.relayminer.provider.Providers.Found;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URL;
import java.net.URLConnection;
import java.nio.charset.StandardCharsets;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.Set;

/**
 * Finds the providers of a service type.
 *
 * <p>{@link ServiceLoader} finds the same ones but keeps to itself which jar a provider comes from
 * that it could not make. Therefore the {@code META-INF/services} files are read here, line by
 * line, each with its origin; modules that say {@code provides} instead are left to the
 * ServiceLoader.
 */
final class ClassPathSearch<T, C extends ProviderContext> {

    private final Class<? extends Provider<T, C>> service;
    private final ClassLoader loader;
    private final List<Candidate<T, C>> candidates = new ArrayList<>();
    private final Set<String> seen = new HashSet<>();

    private ClassPathSearch(Class<? extends Provider<T, C>> service, ClassLoader loader) {
        this.service = service;
        this.loader = loader;
    }

    static <T, C extends ProviderContext> List<Candidate<T, C>> of(
            Class<? extends Provider<T, C>> service, ClassLoader loader) {
        ClassPathSearch<T, C> search = new ClassPathSearch<>(service, loader);
        search.readServiceFiles();
        search.askModules();
        return search.candidates;
    }

    private void readServiceFiles() {
        String resource = "META-INF/services/" + service.getName();
        try {
            for (URL file : Collections.list(loader.getResources(resource))) {
                String origin = origin(file, resource);
                try {
                    lines(file).forEach(name -> addClass(name, origin));
                } catch (IOException | UncheckedIOException e) {
                    addBroken(resource, origin, "cannot be read: " + e);
                }
            }
        } catch (IOException e) {
            addBroken(resource, "the class path", "cannot be searched: " + e);
        }
    }

    private static List<String> lines(URL file) throws IOException {
        URLConnection connection = file.openConnection();
        connection.setUseCaches(false); // a jar replaced on disk is not served from an old cache
        try (BufferedReader reader =
                new BufferedReader(
                        new InputStreamReader(
                                connection.getInputStream(), StandardCharsets.UTF_8))) {
            return reader.lines()
                    .map(line -> line.replaceFirst("#.*", "").strip())
                    .filter(line -> !line.isEmpty())
                    .toList();
        }
    }

    private void addClass(String className, String origin) {
        if (!seen.add(className)) {
            return;
        }
        try {
            Class<?> found = Class.forName(className, false, loader);
            if (!service.isAssignableFrom(found)) {
                addBroken(className, origin, "does not implement " + service.getName());
                return;
            }
            addProvider(found.asSubclass(service).getConstructor().newInstance(), origin);
        } catch (ClassNotFoundException e) {
            addBroken(className, origin, "there is no such class");
        } catch (NoSuchMethodException e) {
            addBroken(className, origin, "has no public constructor without parameters");
        } catch (ReflectiveOperationException | LinkageError e) {
            Throwable reason = e.getCause() == null ? e : e.getCause();
            addBroken(className, origin, "cannot be made: " + reason);
        }
    }

    private void askModules() {
        try {
            ServiceLoader.load(ModuleLayer.boot(), service).stream()
                    .filter(module -> seen.add(module.type().getName()))
                    .forEach(this::addModule);
        } catch (ServiceConfigurationError e) {
            addBroken(service.getName(), "the module path", "cannot be searched: " + e);
        }
    }

    private void addModule(ServiceLoader.Provider<? extends Provider<T, C>> module) {
        String origin = origin(module.type());
        try {
            addProvider(module.get(), origin);
        } catch (ServiceConfigurationError | LinkageError e) {
            addBroken(module.type().getName(), origin, "cannot be made: " + e);
        }
    }

    private void addProvider(Provider<T, C> provider, String origin) {
        String className = provider.getClass().getName();
        try {
            candidates.add(
                    new Candidate<>(new Found(provider.type(), className, origin, null), provider));
        } catch (RuntimeException | LinkageError e) {
            addBroken(className, origin, "does not tell its type: " + e);
        }
    }

    private void addBroken(String className, String origin, String problem) {
        candidates.add(new Candidate<>(new Found("", className, origin, problem), null));
    }

    private static String origin(Class<?> type) {
        CodeSource source = type.getProtectionDomain().getCodeSource();
        return source == null || source.getLocation() == null
                ? "module " + type.getModule().getName()
                : readable(source.getLocation().getPath());
    }

    /** The jar or folder that holds the file: {@code jar:file:/a/b.jar!/META-INF/…}. */
    private static String origin(URL file, String resource) {
        String path = file.toString();
        path = path.substring(0, path.length() - resource.length());
        return readable(
                path.replaceFirst("!/$", "").replaceFirst("^jar:", "").replaceFirst("^file:", ""));
    }

    private static String readable(String path) {
        return path.length() > 1 && path.endsWith("/")
                ? path.substring(0, path.length() - 1)
                : path;
    }
}
