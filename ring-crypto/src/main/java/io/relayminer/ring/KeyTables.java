package io.relayminer.ring;

import io.relayminer.ring.secp256k1.AffinePoint;
import io.relayminer.ring.secp256k1.CombTable;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The bounded store of everything precomputed about long-lived points: ring members (the key P and
 * its hash to the curve H) and key images (I).
 *
 * <h2>Life of a base</h2>
 *
 * A base starts without tables; verifications then work on the fly. Its second use asks for a small
 * comb, its thirty-second for a large one. Combs are built by the executor, never by a verifying
 * thread, and are published by one volatile write. Members enter when they first occur in an
 * expected ring, which is vouched for by the chain. Images are chosen by whoever sends a signature,
 * so they enter only after a signature with them was accepted.
 *
 * <h2>Memory</h2>
 *
 * Every entry and table is charged against a byte budget before it is created, so the bound holds
 * at all times. A build that does not fit evicts entries that were used less recently than the base
 * it is for, oldest first; if that is not enough the build is given up and asked for again later.
 * Eviction only unlinks: a verification that holds an entry goes on using it, and the garbage
 * collector frees it afterwards.
 *
 * <p>"Recently" is measured in verifications, by a counter that threads increment without
 * synchronization; lost increments only blur the order. Safe for concurrent use.
 */
final class KeyTables {
    static final int SMALL_TEETH = 6;
    static final int LARGE_TEETH = 10;

    /** Uses after which a base deserves a small and a large comb. */
    private static final int SMALL_USES = 2;

    private static final int LARGE_USES = 32;

    /** Memory of an entry without tables: the points, the entry, and its share of the map. */
    static final long ENTRY_BYTES = 640;

    private final ConcurrentHashMap<CompressedKey, Base> members = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<CompressedKey, Base> images = new ConcurrentHashMap<>();
    private final AtomicLong used = new AtomicLong();
    private final long budget;
    private final Executor executor;
    private long now;

    /**
     * @param budget bytes that entries and tables may occupy
     * @param executor runs table builds; a rejected task is retried on a later use
     */
    KeyTables(long budget, Executor executor) {
        this.budget = budget;
        this.executor = executor;
    }

    /** The combs of a base, of one size. {@code hash} is null for an image. */
    record Combs(CombTable point, @Nullable CombTable hash) {
        long sizeInBytes() {
            return point.sizeInBytes() + (hash == null ? 0 : hash.sizeInBytes());
        }
    }

    /** A long-lived point with, for a ring member, its hash to the curve. */
    static final class Base {
        final CompressedKey key;
        final AffinePoint point;
        final @Nullable AffinePoint hash;
        private volatile @Nullable Combs combs;
        private volatile boolean building;
        private volatile boolean evicted;
        private long lastUse;
        private int uses;

        Base(CompressedKey key, AffinePoint point, @Nullable AffinePoint hash) {
            this.key = key;
            this.point = point;
            this.hash = hash;
        }

        /** The combs in their largest size built so far, or null. */
        @Nullable Combs combs() {
            return combs;
        }
    }

    /** Marks the start of a verification. */
    void tick() {
        now++;
    }

    /** Returns the base of a ring member, computing its hash to the curve if it is new. */
    Base member(PublicKey key, ChallengeHash hash) {
        Base base = members.get(key.compressed());
        if (base == null) {
            AffinePoint hashed = new AffinePoint();
            hash.toCurve(key.encodedUnshared(), hashed);
            base = admit(members, new Base(key.compressed(), key.point(), hashed));
        }
        use(base);
        return base;
    }

    /** Returns the base of a key image that was admitted before, or null. */
    @Nullable Base image(CompressedKey key) {
        Base base = images.get(key);
        if (base != null) {
            use(base);
        }
        return base;
    }

    /** Admits the key image of an accepted signature. */
    void admitImage(CompressedKey key, AffinePoint point) {
        AffinePoint copy = new AffinePoint();
        copy.set(point);
        admit(images, new Base(key.copy(), copy, null));
    }

    private Base admit(ConcurrentHashMap<CompressedKey, Base> map, Base base) {
        if (!reserve(ENTRY_BYTES)) {
            // Full: this verification goes on with an entry of its own, and room is made for the
            // next one.
            execute(() -> makeRoom(ENTRY_BYTES, Long.MAX_VALUE));
            return base;
        }
        base.lastUse = now;
        Base present = map.putIfAbsent(base.key, base);
        if (present != null) {
            used.addAndGet(-ENTRY_BYTES);
            return present;
        }
        return base;
    }

    private void use(Base base) {
        base.lastUse = now;
        int uses = ++base.uses;
        if (uses >= SMALL_USES && !base.building) {
            Combs combs = base.combs;
            int teeth = uses >= LARGE_USES ? LARGE_TEETH : SMALL_TEETH;
            if (combs == null || combs.point().sizeInBytes() < CombTable.sizeInBytes(teeth)) {
                requestBuild(base, teeth);
            }
        }
    }

    private void requestBuild(Base base, int teeth) {
        synchronized (base) {
            if (base.building || base.evicted) {
                return;
            }
            base.building = true;
        }
        if (!execute(() -> build(base, teeth))) {
            base.building = false;
        }
    }

    private boolean execute(Runnable task) {
        try {
            executor.execute(task);
            return true;
        } catch (RejectedExecutionException e) {
            return false;
        }
    }

    private void build(Base base, int teeth) {
        try {
            int tables = base.hash == null ? 1 : 2;
            long bytes = tables * CombTable.sizeInBytes(teeth);
            if (!reserve(bytes) && !(makeRoom(bytes, base.lastUse) && reserve(bytes))) {
                // Ask again after as many uses as it took to get here.
                base.uses = 0;
                return;
            }
            Combs combs =
                    new Combs(
                            CombTable.build(base.point, teeth),
                            base.hash == null ? null : CombTable.build(base.hash, teeth));
            synchronized (base) {
                if (base.evicted) {
                    used.addAndGet(-bytes);
                    return;
                }
                Combs old = base.combs;
                base.combs = combs;
                if (old != null) {
                    used.addAndGet(-old.sizeInBytes());
                }
            }
        } finally {
            base.building = false;
        }
    }

    private boolean reserve(long bytes) {
        if (used.addAndGet(bytes) <= budget) {
            return true;
        }
        used.addAndGet(-bytes);
        return false;
    }

    /**
     * Evicts the least recently used entries last used before {@code before} until so many bytes
     * are free.
     */
    private synchronized boolean makeRoom(long bytes, long before) {
        if (bytes > budget) {
            return false;
        }
        if (used.get() + bytes <= budget) {
            return true;
        }
        record Candidate(Base base, long lastUse, ConcurrentHashMap<CompressedKey, Base> map) {}
        List<Candidate> candidates = new ArrayList<>();
        for (ConcurrentHashMap<CompressedKey, Base> map : List.of(members, images)) {
            for (Base base : map.values()) {
                if (base.lastUse < before) {
                    candidates.add(new Candidate(base, base.lastUse, map));
                }
            }
        }
        candidates.sort(Comparator.comparingLong(Candidate::lastUse));
        // Free a sixteenth of the budget at once, so that a full store does not sort for every
        // entry.
        long target = Math.max(0, budget - Math.max(bytes, budget / 16));
        for (Candidate candidate : candidates) {
            if (used.get() <= target) {
                break;
            }
            evict(candidate.base, candidate.map);
        }
        return used.get() + bytes <= budget;
    }

    private void evict(Base base, ConcurrentHashMap<CompressedKey, Base> map) {
        if (!map.remove(base.key, base)) {
            return;
        }
        synchronized (base) {
            base.evicted = true;
            Combs combs = base.combs;
            used.addAndGet(-ENTRY_BYTES - (combs == null ? 0 : combs.sizeInBytes()));
        }
    }

    /**
     * Returns the bytes charged at present, never more than the budget except for reservations in
     * flight.
     */
    long usedBytes() {
        return used.get();
    }

    int memberCount() {
        return members.size();
    }

    int imageCount() {
        return images.size();
    }

    boolean hasImage(CompressedKey key) {
        return images.containsKey(key);
    }
}
