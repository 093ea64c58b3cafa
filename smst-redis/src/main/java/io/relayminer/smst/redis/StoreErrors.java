package io.relayminer.smst.redis;

import io.lettuce.core.RedisCommandExecutionException;
import io.relayminer.smst.SmstStoreException;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

/**
 * Turns errors of the Redis client into those of this module. Only what the server says outright is
 * told apart; every other error, from a lost connection to a replica that was asked to write,
 * leaves open what happened and is a reason to ask again.
 */
final class StoreErrors {

    private static final List<String> TRANSIENT =
            List.of(
                    "LOADING",
                    "READONLY",
                    "MASTERDOWN",
                    "CLUSTERDOWN",
                    "TRYAGAIN",
                    "MOVED",
                    "ASK ",
                    "BUSY",
                    "MISCONF",
                    "NOREPLICAS",
                    "UNKILLABLE");

    private StoreErrors() {}

    static <T> CompletableFuture<T> translated(CompletableFuture<T> answer) {
        return answer.exceptionallyCompose(
                error -> CompletableFuture.failedFuture(translate(error)));
    }

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
            if (isFinal(text)) {
                return new SmstStoreException(
                        SmstStoreException.Reason.REFUSED,
                        "Redis refuses the call and would refuse it again: " + text,
                        refused);
            }
        }
        return new SmstStoreException(
                SmstStoreException.Reason.UNAVAILABLE,
                "Redis gave no definite answer: " + cause,
                cause);
    }

    /**
     * Whether the same call to the same server gives the same error: anything but the states that a
     * server passes through. Older servers quote them in the middle of a script's error.
     */
    private static boolean isFinal(String text) {
        return TRANSIENT.stream().noneMatch(text::contains)
                && (text.startsWith("ERR")
                        || text.startsWith("NOPERM")
                        || text.startsWith("CROSSSLOT")
                        || text.contains("script"));
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
