package io.relayminer.provider;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;

class ProvidersTest {

    /** Everything that such a plugin could be: a greeting. */
    public interface GreetingProvider extends Provider<String, Context> {}

    public record Context(ProviderSettings settings) implements ProviderContext {}

    public static final class Polite implements GreetingProvider {
        @Override
        public String type() {
            return "polite";
        }

        @Override
        public String create(Context context) {
            return "Good day, " + context.settings().required("name");
        }
    }

    public static final class AlsoPolite implements GreetingProvider {
        @Override
        public String type() {
            return "polite";
        }

        @Override
        public String create(Context context) {
            return "Hail";
        }
    }

    public static final class Throwing implements GreetingProvider {
        public Throwing() {
            throw new IllegalStateException("no smart card in the reader");
        }

        @Override
        public String type() {
            return "throwing";
        }

        @Override
        public String create(Context context) {
            return "";
        }
    }

    public static final class Failing implements GreetingProvider {
        @Override
        public String type() {
            return "failing";
        }

        @Override
        public String create(Context context) {
            throw new UnsupportedOperationException("not on Tuesdays");
        }
    }

    /** A library that the jar of {@link Incomplete} forgot to bring. */
    public static final class Library {
        private Library() {}

        static String word() {
            return "word";
        }
    }

    public static final class Incomplete implements GreetingProvider {
        @Override
        public String type() {
            return "incomplete";
        }

        @Override
        public String create(Context context) {
            return Library.word();
        }
    }

    public static final class Unrelated {}

    @TempDir Path folder;
    private final List<URL> jars = new ArrayList<>();

    private void jar(String name, String services) throws IOException {
        Path jar = folder.resolve(name);
        try (OutputStream file = Files.newOutputStream(jar);
                JarOutputStream out = new JarOutputStream(file)) {
            out.putNextEntry(new JarEntry("META-INF/services/" + GreetingProvider.class.getName()));
            out.write(services.getBytes(StandardCharsets.UTF_8));
            out.closeEntry();
        }
        jars.add(jar.toUri().toURL());
    }

    private Providers<String, Context> providers() throws IOException {
        try (URLClassLoader loader =
                new URLClassLoader(jars.toArray(URL[]::new), getClass().getClassLoader())) {
            return Providers.onClassPath("greeting", GreetingProvider.class, loader);
        }
    }

    private static Context settings(Map<String, String> values) {
        return new Context(ProviderSettings.of("greeting", values));
    }

    private static String refusal(Providers<String, Context> providers, String type) {
        return assertThrows(
                        ProviderException.class, () -> providers.create(type, settings(Map.of())))
                .getMessage();
    }

    @Test
    void createsWithTheProviderOfTheTypeAndTellsItsJar() throws Exception {
        jar("polite.jar", "# comment\n\n" + Polite.class.getName() + " # another\n");
        Providers<String, Context> providers = providers();
        assertEquals("Good day, X", providers.create("polite", settings(Map.of("name", "X"))));
        Providers.Found found = providers.found().get(0);
        assertEquals("polite", found.type());
        assertEquals(Polite.class.getName(), found.className());
        assertEquals(folder.resolve("polite.jar").toString(), found.origin());
        assertNull(found.problem());
    }

    @Test
    void refusesSettingsThatTheProviderDidNotRead() throws Exception {
        Providers<String, Context> providers =
                Providers.<String, Context>none("greeting").with(new Polite());
        assertEquals(
                "greeting.nane: unknown key; did you mean name?",
                assertThrows(
                                ProviderException.class,
                                () ->
                                        providers.create(
                                                "polite",
                                                settings(Map.of("name", "X", "nane", "Y"))))
                        .getMessage());
        assertEquals(
                "greeting.name: is required but not given; add it", refusal(providers, "polite"));
    }

    @Test
    void brokenProvidersDisturbNobodyWhoUsesAnother() throws Exception {
        jar("missing.jar", "com.example.Missing\n");
        jar("nonsense.jar", "this is not a class\n" + Polite.class.getName() + "\n");
        jar("throwing.jar", Throwing.class.getName());
        jar("unrelated.jar", Unrelated.class.getName());
        Providers<String, Context> providers = providers();
        assertEquals("Good day, X", providers.create("polite", settings(Map.of("name", "X"))));
        assertEquals(5, providers.found().size());
        assertEquals(
                4, providers.found().stream().filter(found -> found.problem() != null).count());
    }

    @Test
    void aBrokenProviderThatMayBeTheWantedOneIsNamedWithJarAndReason() throws Exception {
        jar("missing.jar", "com.example.Missing\n");
        jar("nonsense.jar", "this is not a class\n");
        jar("throwing.jar", Throwing.class.getName());
        jar("unrelated.jar", Unrelated.class.getName());
        String message = refusal(providers(), "throwing");
        assertTrue(message.startsWith("there is no greeting provider of type throwing"), message);
        String[][] expected = {
            {"com.example.Missing", "missing.jar", "there is no such class"},
            {"this is not a class", "nonsense.jar", "there is no such class"},
            {Throwing.class.getName(), "throwing.jar", "no smart card in the reader"},
            {Unrelated.class.getName(), "unrelated.jar", "does not implement"},
        };
        for (String[] parts : expected) {
            assertTrue(
                    message.lines()
                            .anyMatch(
                                    line ->
                                            line.contains(parts[0])
                                                    && line.contains(parts[1])
                                                    && line.contains(parts[2])),
                    message);
        }
    }

    @Test
    void aProviderThatFailsIsNamedWithItsReason() throws Exception {
        jar("failing.jar", Failing.class.getName());
        String message = refusal(providers(), "failing");
        assertTrue(message.contains(Failing.class.getName()), message);
        assertTrue(message.contains("failing.jar"), message);
        assertTrue(message.contains("not on Tuesdays"), message);
    }

    @Test
    void aProviderWhoseLibraryIsMissingFailsOnlyWhenItIsUsed() throws Exception {
        jar("incomplete.jar", Incomplete.class.getName());
        jar("polite.jar", Polite.class.getName());
        try (URLClassLoader loader = new WithoutTheLibrary(jars.toArray(URL[]::new))) {
            Providers<String, Context> providers =
                    Providers.onClassPath("greeting", GreetingProvider.class, loader);
            assertEquals("Good day, X", providers.create("polite", settings(Map.of("name", "X"))));
            String message = refusal(providers, "incomplete");
            assertTrue(message.contains("incomplete.jar"), message);
            assertTrue(message.contains("NoClassDefFoundError"), message);
        }
    }

    @Test
    void twoProvidersOfATypeAreAnErrorWhenItIsUsed() throws Exception {
        jar("one.jar", Polite.class.getName());
        jar("two.jar", AlsoPolite.class.getName() + "\n" + Failing.class.getName());
        Providers<String, Context> providers = providers();
        assertTrue(providers.get("failing") instanceof Failing);
        String message = refusal(providers, "polite");
        assertTrue(message.contains("one.jar") && message.contains("two.jar"), message);
        assertTrue(
                refusal(Providers.<String, Context>none("greeting"), "polite")
                        .contains("put the jar of one on the class path"));
    }

    @Test
    void aRegisteredProviderDoesNotReplaceOneFromTheClassPath() throws Exception {
        jar("one.jar", Polite.class.getName());
        Providers<String, Context> both = providers().with(new AlsoPolite());
        assertTrue(refusal(both, "polite").contains("there are 2 greeting providers"));
    }

    @Test
    void aClassNamedTwiceIsOneProvider() throws Exception {
        jar("one.jar", Polite.class.getName() + "\n" + Polite.class.getName());
        jar("two.jar", Polite.class.getName());
        assertEquals(1, providers().found().size());
    }

    @Test
    void namesTheNearestType() {
        Polite polite = new Polite();
        Providers<String, Context> providers =
                Providers.<String, Context>none("greeting").with(polite).with(new Failing());
        assertSame(polite, providers.get("polite"));
        assertTrue(refusal(providers, "pollite").endsWith("did you mean polite?"));
        assertTrue(refusal(providers, "carrier-pigeon").endsWith("there are failing, polite"));
    }

    /** Defines {@link Incomplete} itself and does not find what that needs. */
    private static final class WithoutTheLibrary extends URLClassLoader {

        WithoutTheLibrary(URL[] jars) {
            super(jars, ProvidersTest.class.getClassLoader());
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (name.equals(Library.class.getName())) {
                throw new ClassNotFoundException(name);
            }
            if (!name.equals(Incomplete.class.getName())) {
                return super.loadClass(name, resolve);
            }
            Class<?> loaded = findLoadedClass(name);
            if (loaded != null) {
                return loaded;
            }
            String resource = name.replace('.', '/') + ".class";
            try (InputStream in =
                    Objects.requireNonNull(getParent().getResourceAsStream(resource))) {
                byte[] code = in.readAllBytes();
                return defineClass(name, code, 0, code.length);
            } catch (IOException e) {
                throw new ClassNotFoundException(name, e);
            }
        }
    }
}
