package io.relayminer.miner;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.ParentCommand;

import java.util.Objects;
import java.util.concurrent.Callable;

/** A command that does one thing with an open connection to Redis. */
abstract class LookCommand implements Callable<Integer> {

    @ParentCommand private @Nullable RedisCommands redis;

    /** Looks, and prints what it sees; may throw what {@link RedisCommands#look} reports. */
    abstract void at(RedisCommands.Session s);

    @Override
    public final Integer call() {
        return Objects.requireNonNull(redis).look(this::at);
    }
}
