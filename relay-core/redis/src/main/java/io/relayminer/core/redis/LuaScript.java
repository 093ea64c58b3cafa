package io.relayminer.core.redis;

import io.lettuce.core.RedisNoScriptException;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.cluster.api.sync.RedisClusterCommands;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/**
 * A script on the class path, sent by its SHA-1 and in full when the server does not know it.
 *
 * <p>Immutable and safe for use by any thread.
 */
public final class LuaScript {

    private final byte[] source;
    private final String sha;

    private LuaScript(byte[] source, String sha) {
        this.source = source;
        this.sha = sha;
    }

    /** Loads a resource of the package of a class. */
    public static LuaScript load(Class<?> beside, String name) {
        try (InputStream in = beside.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("the script " + name + " is not on the class path");
            }
            byte[] source = in.readAllBytes();
            byte[] digest = MessageDigest.getInstance("SHA-1").digest(source);
            return new LuaScript(source, HexFormat.of().formatHex(digest));
        } catch (IOException e) {
            throw new UncheckedIOException("the script " + name + " cannot be read", e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-1", e);
        }
    }

    public long integer(
            RedisClusterCommands<byte[], byte[]> redis, List<String> keys, List<byte[]> args) {
        byte[][] k = bytes(keys);
        byte[][] a = args.toArray(new byte[0][]);
        Long result;
        try {
            result = redis.evalsha(sha, ScriptOutputType.INTEGER, k, a);
        } catch (RedisNoScriptException e) {
            result = redis.eval(source, ScriptOutputType.INTEGER, k, a);
        }
        return result == null ? 0 : result;
    }

    /** Texts as arguments. */
    public static List<byte[]> texts(List<String> texts) {
        return List.of(bytes(texts));
    }

    private static byte[][] bytes(List<String> texts) {
        byte[][] all = new byte[texts.size()][];
        for (int i = 0; i < all.length; i++) {
            all[i] = texts.get(i).getBytes(StandardCharsets.UTF_8);
        }
        return all;
    }
}
