package io.relayminer.leader;

import io.lettuce.core.RedisNoScriptException;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * A script of this package: sent by its SHA-1, and in full when the server does not know it, which
 * also teaches it the script. Immutable, safe for use by any thread.
 */
final class LuaScript {

    private final byte[] source;
    private final String sha1;

    private LuaScript(byte[] source, String sha1) {
        this.source = source;
        this.sha1 = sha1;
    }

    static LuaScript load(String name) {
        try (InputStream in = LuaScript.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("the script " + name + " is not on the class path");
            }
            byte[] source = in.readAllBytes();
            byte[] digest = MessageDigest.getInstance("SHA-1").digest(source);
            return new LuaScript(source, HexFormat.of().formatHex(digest));
        } catch (IOException e) {
            throw new UncheckedIOException("the script " + name + " cannot be read", e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(
                    "this Java runtime has no SHA-1, which every Java platform must have", e);
        }
    }

    /** Runs a script whose reply is a number. */
    CompletableFuture<Long> run(
            RedisClusterAsyncCommands<byte[], byte[]> redis, byte[][] keys, byte[]... arguments) {
        CompletableFuture<Long> known =
                redis.<Long>evalsha(sha1, ScriptOutputType.INTEGER, keys, arguments)
                        .toCompletableFuture();
        return known.exceptionallyCompose(
                error -> {
                    Throwable cause =
                            error instanceof CompletionException && error.getCause() != null
                                    ? error.getCause()
                                    : error;
                    return cause instanceof RedisNoScriptException
                            ? redis.<Long>eval(source, ScriptOutputType.INTEGER, keys, arguments)
                            : CompletableFuture.failedFuture(cause);
                });
    }
}
