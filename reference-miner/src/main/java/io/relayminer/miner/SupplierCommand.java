package io.relayminer.miner;

import static io.relayminer.miner.RedisCommands.cut;
import static io.relayminer.miner.RedisCommands.utf8;

import io.relayminer.core.miner.redis.RedisSessionReader;
import io.relayminer.core.miner.store.SessionRecord;
import io.relayminer.core.miner.store.SessionState;
import io.relayminer.core.redis.RedisStateException;
import io.relayminer.core.redis.SupplierState;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * How suppliers are spread over miners, which of them nobody works for and why, and what of their
 * sessions is not claimed yet.
 */
@Command(
        name = "supplier",
        description =
                "How suppliers are spread over miners and which have none; states as relayers see"
                        + " them (--list); one supplier with its unclaimed sessions (--supplier).",
        mixinStandardHelpOptions = true)
final class SupplierCommand extends LookCommand {

    @Option(names = "--supplier", defaultValue = "", description = "Only this one, in detail.")
    private String supplier = "";

    @Option(names = "--list", description = "States as relayers see them.")
    private boolean list;

    @Option(names = "--claims", description = "How suppliers are spread; the default.")
    private boolean claims;

    /** A supplier with a stored state; an empty owner if nobody holds its lease. */
    private record Entry(SupplierState state, String owner) {
        String address() {
            return state.operatorAddress();
        }
    }

    @Override
    void at(RedisCommands.Session s) {
        if (!supplier.isEmpty()) {
            detail(s);
        } else if (list && !claims) {
            list(s);
        } else {
            spread(s);
        }
    }

    // ---- one -----------------------------------------------------------------------------------

    private void detail(RedisCommands.Session s) {
        byte[] stored = s.get(s.keys().supplierState(supplier));
        s.out()
                .println(
                        stored == null
                                ? "no state stored"
                                : new String(stored, StandardCharsets.UTF_8));
        String owner = s.text(s.keys().lease(supplier));
        s.out()
                .printf(
                        "lease  %s (%d ms)%n",
                        owner.isEmpty() ? "-" : owner,
                        s.redis().pttl(utf8(s.keys().lease(supplier))));
        List<SessionRecord> waiting = unclaimed(s, supplier);
        s.out().printf("unclaimed sessions: %d%n", waiting.size());
        if (waiting.isEmpty()) {
            return;
        }
        s.out()
                .printf(
                        "%-18s %-10s %-18s %8s %14s %10s%n",
                        "SESSION ID", "STATE", "SERVICE", "RELAYS", "COMPUTE UNITS", "END");
        for (SessionRecord r : waiting) {
            s.out()
                    .printf(
                            "%-18s %-10s %-18s %8d %14s %10d%n",
                            cut(r.sessionId()),
                            r.state(),
                            r.serviceId(),
                            r.relayCount(),
                            Long.toUnsignedString(r.computeUnits()),
                            r.endHeight());
        }
    }

    /** Sessions with relays for which no claim was sent yet. */
    private static List<SessionRecord> unclaimed(RedisCommands.Session s, String address) {
        return new RedisSessionReader(s.connections(), s.keys())
                .open(address).stream()
                        .filter(
                                r ->
                                        r.state().equals(SessionState.ACTIVE.wire())
                                                || r.state().equals(SessionState.CLAIMING.wire()))
                        .toList();
    }

    // ---- all -----------------------------------------------------------------------------------

    private void list(RedisCommands.Session s) {
        for (Entry each : entries(s)) {
            s.out()
                    .printf(
                            "%-46s %-11s %s%n",
                            each.address(), each.state().status(), each.state().services());
        }
    }

    private List<Entry> entries(RedisCommands.Session s) {
        List<Entry> entries = new ArrayList<>();
        for (String key : s.scan(s.keys().supplierStatePattern())) {
            byte[] stored = s.get(key);
            if (stored == null) {
                continue;
            }
            try {
                SupplierState state = SupplierState.decode(stored);
                entries.add(new Entry(state, s.text(s.keys().lease(state.operatorAddress()))));
            } catch (RedisStateException e) {
                s.out().printf("%s cannot be decoded: %s%n", key, e.getMessage());
            }
        }
        return entries;
    }

    private void spread(RedisCommands.Session s) {
        List<Entry> all = entries(s);
        List<Entry> staked = all.stream().filter(e -> e.state().staked()).toList();
        List<Entry> unstaked = all.stream().filter(e -> !e.state().staked()).toList();
        List<Entry> ownerless = staked.stream().filter(e -> e.owner().isEmpty()).toList();
        Set<String> alive = new TreeSet<>();
        Map<String, Integer> perMiner = new TreeMap<>();
        for (String miner : s.members(s.keys().activeMiners())) {
            perMiner.put(miner, 0);
            if (s.redis().exists(utf8(s.keys().instance(miner))) > 0) {
                alive.add(miner);
            }
        }
        for (Entry each : staked) {
            if (!each.owner().isEmpty()) {
                perMiner.merge(each.owner(), 1, Integer::sum);
            }
        }
        s.out()
                .printf(
                        "%d keys, %d staked, %d not staked, %d owned, %d without owner, %d"
                                + " miners%n",
                        all.size(),
                        staked.size(),
                        unstaked.size(),
                        staked.size() - ownerless.size(),
                        ownerless.size(),
                        alive.size());
        int least = alive.isEmpty() ? 0 : staked.size() / alive.size();
        int most = alive.isEmpty() ? 0 : (staked.size() + alive.size() - 1) / alive.size();
        s.out().printf("fair share %d to %d; with assignment: leader one has all%n", least, most);
        s.out().printf("%n%-40s %10s %s%n", "MINER", "SUPPLIERS", "SHARE");
        perMiner.forEach(
                (miner, n) ->
                        s.out()
                                .printf(
                                        "%-40s %10d %s%n",
                                        miner,
                                        n,
                                        !alive.contains(miner)
                                                ? "not alive"
                                                : n > most
                                                        ? "over"
                                                        : n < least ? "under" : "balanced"));
        leases(s, staked);
        ownerless(s, ownerless, alive.isEmpty());
        unstaked(s, unstaked);
    }

    private static void leases(RedisCommands.Session s, List<Entry> staked) {
        s.out().printf("%n%-46s %-40s %10s%n", "SUPPLIER", "OWNER", "TTL MS");
        for (Entry each : staked) {
            if (!each.owner().isEmpty()) {
                s.out()
                        .printf(
                                "%-46s %-40s %10d%n",
                                each.address(),
                                each.owner(),
                                s.redis().pttl(utf8(s.keys().lease(each.address()))));
            }
        }
    }

    private static void ownerless(
            RedisCommands.Session s, List<Entry> ownerless, boolean nobodyIsAlive) {
        if (ownerless.isEmpty()) {
            return;
        }
        Set<String> registered = Set.copyOf(s.members(s.keys().supplierRegistryIndex()));
        s.out().printf("%nStaked, and nobody claims for it:%n");
        for (Entry each : ownerless) {
            List<SessionRecord> waiting = unclaimed(s, each.address());
            s.out()
                    .printf(
                            "%s: %s; %d unclaimed sessions with %d relays, %d relays in the"
                                    + " stream%n",
                            each.address(),
                            nobodyIsAlive
                                    ? "no miner is alive"
                                    : registered.contains(each.address())
                                            ? "given up or lost by its last owner; a miner with its"
                                                    + " key takes it over"
                                            : "no miner has worked for it yet; check that one has"
                                                    + " its key",
                            waiting.size(),
                            waiting.stream().mapToLong(SessionRecord::relayCount).sum(),
                            s.redis().xlen(utf8(s.keys().stream(each.address()))));
        }
    }

    private static void unstaked(RedisCommands.Session s, List<Entry> unstaked) {
        if (unstaked.isEmpty()) {
            return;
        }
        s.out().printf("%nNot staked:%n");
        for (Entry each : unstaked) {
            s.out()
                    .printf(
                            "%s: %s on the chain, read at %s%s%n",
                            each.address(),
                            each.state().status().replace('_', ' '),
                            Instant.ofEpochSecond(each.state().lastUpdated()),
                            each.owner().isEmpty()
                                    ? ""
                                    : "; "
                                            + each.owner()
                                            + " works for it until its sessions are over");
        }
    }
}
