package io.relayminer.core.daemon;

import io.relayminer.core.config.ConfigReader;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Option;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.function.BiFunction;

/** Where the configuration is. Filled in by the command line. */
public final class ConfigOptions {

    @Option(names = "--config", paramLabel = "FILE", description = "YAML configuration.")
    private @Nullable Path file;

    @Option(
            names = "--redis-url",
            paramLabel = "URL",
            description = "Takes the place of redis.url.")
    private @Nullable String redisUrl;

    @Option(
            names = "--lenient-config",
            description = "Warn of unknown keys instead of refusing them.")
    private boolean lenient;

    /** Created by the command line. */
    public ConfigOptions() {}

    /**
     * The file that was named.
     *
     * @throws IllegalArgumentException if none was
     */
    public Path file() {
        Path given = file;
        if (given == null) {
            throw new IllegalArgumentException("--config FILE is required");
        }
        return given;
    }

    /**
     * Reads the file.
     *
     * @param reader reader of the daemon's configuration
     * @param withRedisUrl puts another Redis URL into a configuration
     * @param err takes a line for each warning
     * @throws io.relayminer.core.config.ConfigException if the file cannot be read or is wrong
     * @throws IllegalArgumentException if no file was named
     */
    public <C> C read(
            ConfigReader.Builder<C> reader,
            BiFunction<C, String, C> withRedisUrl,
            PrintWriter err) {
        ConfigReader.Result<C> result = reader.lenient(lenient).build().read(file());
        for (String warning : result.warnings()) {
            err.println("warning: " + warning);
        }
        String url = redisUrl;
        return url == null ? result.config() : withRedisUrl.apply(result.config(), url);
    }
}
