package io.relayminer.testkit.redis;

import org.jspecify.annotations.Nullable;
import org.testcontainers.DockerClientFactory;

import java.util.stream.Stream;

/**
 * The servers that the stores are tested against: the packaged one everywhere and, where a Docker
 * engine answers, the images of the other versions that operators run.
 *
 * <p>Scripts, streams and expiry are where versions differ, so the tests of the lease store, the
 * leaf store and the relay log run once for each of {@link #available()}.
 */
public enum RedisVersion {
    /** Redis 6.2, the oldest supported, as a process; needs no Docker. */
    PACKAGED(null, "redis-server"),
    /** The line before the current one. */
    REDIS_7("redis:7.4-alpine", "redis-server"),
    /** The current line. */
    REDIS_8("redis:8.2-alpine", "redis-server"),
    /** The fork that most distributions and clouds offer. */
    VALKEY_8("valkey/valkey:8.1-alpine", "valkey-server");

    private final @Nullable String image;
    private final String program;

    RedisVersion(@Nullable String image, String program) {
        this.image = image;
        this.program = program;
    }

    /** The versions that can run here: all of them with Docker, otherwise the packaged one. */
    public static Stream<RedisVersion> available() {
        boolean docker = DockerClientFactory.instance().isDockerAvailable();
        return Stream.of(values()).filter(version -> version.image == null || docker);
    }

    /**
     * Starts a server without persistence and with the policy {@code noeviction}.
     *
     * @param settings further arguments of the server; they override the defaults
     * @throws org.opentest4j.TestAbortedException if the image cannot be fetched, so that the test
     *     counts as skipped and not as failed
     */
    public RedisServer start(String... settings) {
        return image == null
                ? EmbeddedRedis.start(settings)
                : ContainerRedis.start(image, program, settings);
    }
}
