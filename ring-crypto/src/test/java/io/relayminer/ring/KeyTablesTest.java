package io.relayminer.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.relayminer.ring.secp256k1.CombTable;

import org.junit.jupiter.api.Test;

import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;

/** The store of tables: growth with use, the byte budget, eviction, and what may enter. */
class KeyTablesTest {
    private static final byte[] MESSAGE = new byte[32];

    private final SecureRandom random = new SecureRandom();
    private final Queue<Runnable> queued = new ArrayDeque<>();

    private static final class Signed {
        final Ring ring;
        final byte[] signature;

        Signed(Ring ring, byte[] signature) {
            this.ring = ring;
            this.signature = signature;
        }
    }

    private Signed signed(int seed) {
        byte[] bytes = new byte[32];
        new SplittableRandom(seed).nextBytes(bytes);
        bytes[0] = 1;
        try (PrivateKey signer = PrivateKey.of(bytes)) {
            bytes[0] = 2;
            try (PrivateKey other = PrivateKey.of(bytes);
                    RingSigner ringSigner = new RingSigner(signer, random)) {
                Ring ring = Ring.of(List.of(signer.publicKey(), other.publicKey()));
                return new Signed(ring, ringSigner.sign(MESSAGE, ring).encoded());
            }
        }
    }

    private void runQueued() {
        for (Runnable task = queued.poll(); task != null; task = queued.poll()) {
            task.run();
        }
    }

    private static void accept(RingVerifier verifier, Signed signed) {
        assertTrue(verifier.verify(MESSAGE, signed.signature, signed.ring).accepted());
    }

    private static CompressedKey image(Signed signed) {
        return CompressedKey.of(signed.signature, RingSignature.IMAGE_OFFSET);
    }

    @Test
    void tablesAreBuiltByTheExecutorAndGrowWithUse() {
        try (RingVerifier verifier = RingVerifier.builder().tableExecutor(queued::add).build()) {
            KeyTables tables = verifier.tables();
            Signed signed = signed(1);
            accept(verifier, signed);
            assertTrue(queued.isEmpty());
            assertEquals(3 * KeyTables.ENTRY_BYTES, verifier.tableMemoryInUse());
            accept(verifier, signed);
            assertFalse(queued.isEmpty());
            // Requested, not built by the caller: verification goes on without.
            assertEquals(3 * KeyTables.ENTRY_BYTES, verifier.tableMemoryInUse());
            accept(verifier, signed);
            runQueued();
            accept(verifier, signed);
            runQueued();
            long small = 5 * CombTable.sizeInBytes(KeyTables.SMALL_TEETH);
            assertEquals(3 * KeyTables.ENTRY_BYTES + small, verifier.tableMemoryInUse());
            for (int i = 0; i < 40; i++) {
                accept(verifier, signed);
            }
            runQueued();
            long large = 5 * CombTable.sizeInBytes(KeyTables.LARGE_TEETH);
            assertEquals(3 * KeyTables.ENTRY_BYTES + large, verifier.tableMemoryInUse());
            KeyTables.Base base = tables.image(image(signed));
            assertNotNull(base);
            KeyTables.Combs combs = base.combs();
            assertNotNull(combs);
            assertEquals(CombTable.sizeInBytes(KeyTables.LARGE_TEETH), combs.point().sizeInBytes());
            accept(verifier, signed);
        }
    }

    @Test
    void imagesEnterOnlyAfterAnAcceptedSignature() {
        try (RingVerifier verifier = RingVerifier.builder().tableExecutor(queued::add).build()) {
            Signed signed = signed(2);
            Signed other = signed(3);
            for (int i = 0; i < 100; i++) {
                // The image of another signer: a valid point that did not make this signature.
                byte[] forged = signed.signature.clone();
                System.arraycopy(other.signature, 36, forged, 36, 33);
                assertFalse(verifier.verify(MESSAGE, forged, signed.ring).accepted());
            }
            assertEquals(0, verifier.tables().imageCount());
            accept(verifier, signed);
            assertEquals(1, verifier.tables().imageCount());
            assertTrue(verifier.tables().hasImage(image(signed)));
            assertFalse(verifier.tables().hasImage(image(other)));
        }
    }

    @Test
    void theBudgetIsNeverExceededAndRecentKeysStay() {
        long budget = 200 * 1024;
        try (RingVerifier verifier =
                RingVerifier.builder().tableMemory(budget).tableExecutor(queued::add).build()) {
            List<Signed> all = new ArrayList<>();
            for (int i = 0; i < 150; i++) {
                Signed signed = signed(100 + i);
                all.add(signed);
                for (int j = 0; j < 4; j++) {
                    accept(verifier, signed);
                    runQueued();
                    assertTrue(verifier.tableMemoryInUse() <= budget);
                }
            }
            assertTrue(verifier.tableMemoryInUse() > 0);
            assertTrue(verifier.tables().memberCount() < 300);
            assertTrue(verifier.tables().hasImage(image(all.getLast())));
            assertFalse(verifier.tables().hasImage(image(all.getFirst())));
            // Evicted keys still verify, and come back.
            accept(verifier, all.getFirst());
            runQueued();
            accept(verifier, all.getFirst());
            runQueued();
            assertTrue(verifier.tables().hasImage(image(all.getFirst())));
            assertTrue(verifier.tableMemoryInUse() <= budget);
        }
    }

    @Test
    void aStoreWithoutMemoryRemembersNothing() {
        try (RingVerifier verifier =
                RingVerifier.builder().tableMemory(0).tableExecutor(queued::add).build()) {
            Signed signed = signed(4);
            for (int i = 0; i < 5; i++) {
                accept(verifier, signed);
                runQueued();
            }
            assertEquals(0, verifier.tableMemoryInUse());
            assertEquals(0, verifier.tables().memberCount());
            assertNull(verifier.tables().image(image(signed)));
        }
    }

    @Test
    void aBusyExecutorIsAskedAgain() {
        AtomicBoolean busy = new AtomicBoolean(true);
        try (RingVerifier verifier =
                RingVerifier.builder()
                        .tableExecutor(
                                task -> {
                                    if (busy.get()) {
                                        throw new RejectedExecutionException("busy");
                                    }
                                    task.run();
                                })
                        .build()) {
            Signed signed = signed(5);
            for (int i = 0; i < 5; i++) {
                accept(verifier, signed);
            }
            assertEquals(3 * KeyTables.ENTRY_BYTES, verifier.tableMemoryInUse());
            busy.set(false);
            accept(verifier, signed);
            accept(verifier, signed);
            assertTrue(verifier.tableMemoryInUse() > 3 * KeyTables.ENTRY_BYTES);
        }
    }

    @Test
    void closingStopsBuildingButNotVerifying() {
        RingVerifier verifier = RingVerifier.create();
        verifier.close();
        Signed signed = signed(6);
        for (int i = 0; i < 5; i++) {
            accept(verifier, signed);
        }
        assertEquals(3 * KeyTables.ENTRY_BYTES, verifier.tableMemoryInUse());
        verifier.close();
    }

    @Test
    void threadsShareOneVerifierUnderConstantEviction() throws Exception {
        long budget = 60 * 1024;
        List<Signed> all = new ArrayList<>();
        for (int i = 0; i < 24; i++) {
            all.add(signed(1000 + i));
        }
        try (RingVerifier verifier = RingVerifier.builder().tableMemory(budget).build();
                ExecutorService threads = Executors.newFixedThreadPool(4)) {
            List<Future<?>> results = new ArrayList<>();
            for (int t = 0; t < 4; t++) {
                int seed = t;
                results.add(
                        threads.submit(
                                () -> {
                                    SplittableRandom choice = new SplittableRandom(seed);
                                    for (int i = 0; i < 400; i++) {
                                        Signed signed = all.get(choice.nextInt(all.size()));
                                        if (choice.nextInt(4) == 0) {
                                            byte[] damaged = signed.signature.clone();
                                            damaged[4 + choice.nextInt(32)] ^= 1;
                                            assertFalse(
                                                    verifier.verify(MESSAGE, damaged, signed.ring)
                                                            .accepted());
                                        } else {
                                            accept(verifier, signed);
                                        }
                                    }
                                }));
            }
            for (Future<?> result : results) {
                result.get();
            }
            assertTrue(verifier.tableMemoryInUse() <= budget + 4 * 5 * CombTable.sizeInBytes(6));
        }
    }
}
