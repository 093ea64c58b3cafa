package io.relayminer.miner;

import static io.relayminer.miner.RedisCommands.utf8;

import io.lettuce.core.ScriptOutputType;
import io.relayminer.core.redis.CacheInvalidation;
import io.relayminer.core.redis.RedisStateException;
import io.relayminer.core.redis.SupplierState;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;

/**
 * Shows what the shared caches hold and drops it. Everything here can be read from the chain again;
 * sessions, trees, streams and the registry are never touched. Messages to the processes go out
 * after everything was deleted, so none of them reads an old value back.
 */
@Command(
        name = "cache",
        description = "Shared caches: shows, lists and drops entries.",
        mixinStandardHelpOptions = true)
final class CacheCommand implements Callable<Integer> {

    private static final int ASK_ABOVE = 100;
    private static final String DELETE_IF_UNCHANGED =
            "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end"
                    + " return 0";

    /** What can be named by {@code --type}. */
    enum Type {
        application,
        service,
        account,
        supplier,
        shared_params,
        session_params,
        proof_params,
        all;

        boolean hasEntries() {
            return this == application || this == service || this == account || this == supplier;
        }
    }

    @ParentCommand private @Nullable RedisCommands redis;
    @Spec private CommandSpec spec = CommandSpec.create();

    @Option(names = "--type", required = true, description = "${COMPLETION-CANDIDATES}")
    private Type type = Type.all;

    @Option(names = "--key", description = "One entry.")
    private @Nullable String key;

    @Option(names = "--list", description = "List the entries.")
    private boolean list;

    @Option(names = "--invalidate", description = "Drop entries.")
    private boolean invalidate;

    @Option(names = "--all", description = "Every entry of the type.")
    private boolean everything;

    @Option(names = "--key-file", description = "A file with one entry per line.")
    private @Nullable Path keyFile;

    @Option(names = "--dry-run", description = "Say what would be dropped.")
    private boolean dryRun;

    @Option(names = "--yes", description = "Do not ask.")
    private boolean yes;

    @Override
    public Integer call() {
        String wrong = misuse();
        if (!wrong.isEmpty()) {
            spec.commandLine().getErr().println(wrong);
            return 2;
        }
        List<String> named = new ArrayList<>();
        Path file = keyFile;
        if (file != null) {
            try {
                for (String line : Files.readAllLines(file)) {
                    if (!line.isBlank() && !line.startsWith("#")) {
                        named.add(line.strip());
                    }
                }
            } catch (IOException e) {
                spec.commandLine().getErr().println(file + " cannot be read");
                return 1;
            }
        }
        return Objects.requireNonNull(redis)
                .look(
                        s -> {
                            if (!invalidate) {
                                show(s);
                            } else if (type == Type.all) {
                                dropAll(s);
                            } else if (everything || keyFile != null) {
                                dropMany(s, everything ? entries(s, type) : named);
                            } else {
                                dropOne(s, key == null ? "" : key);
                            }
                        });
    }

    private String misuse() {
        int ways = (key == null ? 0 : 1) + (everything ? 1 : 0) + (keyFile == null ? 0 : 1);
        if (!invalidate) {
            return everything || keyFile != null || dryRun || yes
                    ? "--all, --key-file, --dry-run and --yes go with --invalidate"
                    : "";
        }
        if (type == Type.all && !everything) {
            return "--type all is invalidated with --all";
        }
        boolean several = type.hasEntries() || type == Type.all;
        if (several ? ways != 1 : ways > 1) {
            return "--invalidate takes exactly one of --key, --all and --key-file";
        }
        return dryRun && key != null ? "--dry-run goes with --all and --key-file" : "";
    }

    private static String redisKey(RedisCommands.Session s, Type type, String entry) {
        return switch (type) {
            case supplier -> s.keys().supplierState(entry);
            case shared_params -> s.keys().sharedParams();
            case session_params -> s.keys().sessionParams();
            case proof_params -> s.keys().proofParams();
            default -> s.keys().cached(type.name(), entry);
        };
    }

    private static List<String> entries(RedisCommands.Session s, Type type) {
        if (!type.hasEntries()) {
            return List.of("");
        }
        String prefix = redisKey(s, type, "");
        return s.scan(prefix + "*").stream().map(k -> k.substring(prefix.length())).toList();
    }

    private void show(RedisCommands.Session s) {
        if (key == null && type.hasEntries()) {
            List<String> found = entries(s, type);
            if (list) {
                found.forEach(s.out()::println);
            }
            s.out().printf("%d entries%n", found.size());
            return;
        }
        if (type == Type.all) {
            for (Type each : Type.values()) {
                if (each.hasEntries()) {
                    s.out().printf("%-14s %d entries%n", each, entries(s, each).size());
                }
            }
            return;
        }
        String at = redisKey(s, type, key == null ? "" : key);
        byte[] value = s.get(at);
        if (value == null) {
            s.out().println("not cached");
            return;
        }
        s.out().printf("key   %s%nttl   %d ms%n", at, s.redis().pttl(utf8(at)));
        s.out()
                .printf(
                        "value %s%n",
                        type == Type.supplier
                                ? new String(value, StandardCharsets.UTF_8)
                                : HexFormat.of().formatHex(value));
    }

    private void dropOne(RedisCommands.Session s, String entry) {
        long deleted = s.redis().del(utf8(redisKey(s, type, entry)));
        forgetKnown(s, entry);
        announce(s, type, entry, true);
        s.out().printf("%d keys deleted%n", deleted);
    }

    private void dropMany(RedisCommands.Session s, List<String> names) {
        s.out().printf("%d entries of type %s%n", names.size(), type);
        if (dryRun) {
            names.forEach(s.out()::println);
            return;
        }
        if (!yes
                && (names.size() > ASK_ABOVE || type == Type.supplier)
                && !Confirmation.given(
                        s.out(),
                        type == Type.supplier
                                ? "Relayers without the key of a supplier refuse its relays until a"
                                        + " miner writes its state again."
                                : "They are read from the chain again.",
                        "yes")) {
            s.out().println("nothing was deleted");
            return;
        }
        long deleted = 0;
        for (String name : names) {
            deleted += s.redis().del(utf8(redisKey(s, type, name)));
            forgetKnown(s, name);
        }
        for (String name : names) {
            announce(s, type, name, true);
        }
        s.out().printf("%d keys deleted%n", deleted);
    }

    /** Drops everything that can be restored and is not being restored at the moment. */
    private void dropAll(RedisCommands.Session s) {
        String locks = s.keys().cachePrefix() + ":lock:";
        List<String> cached =
                s.scan(s.keys().cachePrefix() + ":*").stream()
                        .filter(k -> !k.startsWith(locks))
                        .toList();
        List<String> contaminated = new ArrayList<>();
        for (String at : s.scan(s.keys().supplierStatePattern())) {
            byte[] value = s.get(at);
            if (value != null && contaminated(value)) {
                contaminated.add(at);
            }
        }
        s.out()
                .printf(
                        "%d cache keys, %d supplier states without services%n",
                        cached.size(), contaminated.size());
        if (dryRun) {
            return;
        }
        if (!yes
                && cached.size() > ASK_ABOVE
                && !Confirmation.given(s.out(), "They are read from the chain again.", "yes")) {
            s.out().println("nothing was deleted");
            return;
        }
        long deleted = 0;
        for (String at : cached) {
            deleted += s.redis().del(utf8(at));
        }
        for (String at : contaminated) {
            byte[] value = s.get(at);
            if (value != null && contaminated(value)) {
                Long done =
                        s.redis()
                                .eval(
                                        DELETE_IF_UNCHANGED,
                                        ScriptOutputType.INTEGER,
                                        new byte[][] {utf8(at)},
                                        value);
                deleted += done == null ? 0 : done;
            }
        }
        for (Type each :
                List.of(
                        Type.application,
                        Type.service,
                        Type.supplier,
                        Type.account,
                        Type.shared_params,
                        Type.proof_params)) {
            announce(s, each, "", false);
        }
        s.redis().publish(utf8(s.keys().supplierParamsChannel()), CacheInvalidation.everything());
        s.out().printf("%d keys deleted%n", deleted);
    }

    private static boolean contaminated(byte[] value) {
        try {
            return SupplierState.decode(value).contaminated();
        } catch (RedisStateException e) {
            return false;
        }
    }

    private void forgetKnown(RedisCommands.Session s, String entry) {
        if (type == Type.application || type == Type.service) {
            s.redis().srem(utf8(s.keys().known(type.name() + "s")), utf8(entry));
        }
    }

    private static void announce(
            RedisCommands.Session s, Type type, String entry, boolean fromTool) {
        for (CacheInvalidation.Type each : CacheInvalidation.Type.values()) {
            if (each.wire().equals(type.name())) {
                s.redis()
                        .publish(
                                utf8(s.keys().invalidationChannel(each.wire())),
                                fromTool && !entry.isEmpty()
                                        ? CacheInvalidation.oneFromTool(each, entry)
                                        : CacheInvalidation.everything());
            }
        }
    }
}
