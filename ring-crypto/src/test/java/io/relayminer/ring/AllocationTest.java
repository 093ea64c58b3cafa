package io.relayminer.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.lang.management.ManagementFactory;
import java.security.SecureRandom;
import java.util.List;

/**
 * What a verification allocates: nothing once its keys have their tables, and nothing for a
 * signature that is refused by its frame. Counted by the virtual machine for the calling thread, so
 * it does not depend on what the compiler optimizes away.
 */
class AllocationTest {
    private static final com.sun.management.ThreadMXBean THREADS =
            (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final int RUNS = 20;

    private final SecureRandom random = new SecureRandom();

    private PrivateKey key() {
        byte[] bytes = new byte[32];
        random.nextBytes(bytes);
        bytes[0] = 1;
        return PrivateKey.of(bytes);
    }

    private static long allocatedBytes(Runnable operation) {
        // The first reading creates what later ones reuse.
        THREADS.getCurrentThreadAllocatedBytes();
        long before = THREADS.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < RUNS; i++) {
            operation.run();
        }
        return THREADS.getCurrentThreadAllocatedBytes() - before;
    }

    @Test
    void aWarmVerificationAllocatesNothing() {
        byte[] message = new byte[32];
        try (PrivateKey signing = key();
                PrivateKey other = key();
                PrivateKey third = key();
                RingSigner signer = new RingSigner(signing, random);
                RingVerifier verifier =
                        RingVerifier.builder().tableExecutor(Runnable::run).build()) {
            Ring ring = Ring.of(List.of(signing.publicKey(), other.publicKey(), third.publicKey()));
            byte[] signature = signer.sign(message, ring).encoded();
            for (int i = 0; i < 100; i++) {
                assertTrue(verifier.verify(message, signature, ring).accepted());
            }
            assertEquals(
                    0, allocatedBytes(() -> verifier.verify(message, signature, ring)), "bytes");
            signature[4] ^= 1;
            assertFalse(verifier.verify(message, signature, ring).accepted());
            assertEquals(
                    0, allocatedBytes(() -> verifier.verify(message, signature, ring)), "bytes");
        }
    }

    @Test
    void aFalseMemberCountCostsNothing() {
        byte[] message = new byte[32];
        try (PrivateKey key = key();
                RingVerifier verifier = RingVerifier.create()) {
            Ring ring = Ring.of(List.of(key.publicKey()));
            byte[] signature = new byte[199];
            for (int i = 0; i < 4; i++) {
                signature[i] = (byte) 0xff;
            }
            for (int i = 0; i < 10; i++) {
                assertEquals(
                        RingVerdict.rejected(RingRejection.TOO_MANY_MEMBERS),
                        verifier.verify(message, signature, ring));
            }
            assertEquals(
                    0, allocatedBytes(() -> verifier.verify(message, signature, ring)), "bytes");
            assertEquals(0, verifier.tableMemoryInUse());
        }
    }
}
