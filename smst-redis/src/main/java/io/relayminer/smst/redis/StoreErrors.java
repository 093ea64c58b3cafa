package io.relayminer.smst.redis;

import io.lettuce.core.RedisCommandExecutionException;
import io.relayminer.smst.SmstStoreException;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

/**
 * Turns errors of the Redis client into those of this module. Only what the server says outright is
 * told apart; every other error, from a lost connection to a replica that was asked to write,
 * leaves open what happened and is a reason to ask again.
 */
final class StoreErrors {

    private StoreErrors() {}

    static SmstStoreException translate(Throwable error) {
        Throwable cause = unwrap(error);
        if (cause instanceof SmstStoreException known) {
            return known;
        }
        if (cause instanceof RedisCommandExecutionException refused) {
            String text = String.valueOf(refused.getMessage());
            if (text.contains("OOM command")) {
                return new SmstStoreException(
                        SmstStoreException.Reason.OUT_OF_MEMORY,
                        "Redis is out of memory and refused the write; free memory or raise"
                                + " maxmemory",
                        refused);
            }
            if (text.contains("WRONGTYPE")) {
                return new SmstStoreException(
                        SmstStoreException.Reason.WRONG_TYPE,
                        "a key of the session holds another Redis type than a miner writes there",
                        refused);
            }
        }
        return new SmstStoreException(
                SmstStoreException.Reason.UNAVAILABLE,
                "Redis gave no definite answer: " + cause,
                cause);
    }

    private static Throwable unwrap(Throwable error) {
        Throwable current = error;
        while (current instanceof CompletionException || current instanceof ExecutionException) {
            @Nullable Throwable cause = current.getCause();
            if (cause == null) {
                break;
            }
            current = cause;
        }
        return current;
    }
}
