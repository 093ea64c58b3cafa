package io.relayminer.ring;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Verifies ring signatures (back-linkable spontaneous anonymous group signatures, bLSAG, over
 * secp256k1) and remembers what it computed about the keys it sees.
 *
 * <p>With c_0 from the signature, each member i must give the next challenge
 *
 * <pre>
 * L_i = s_i·G + c_i·P_i        R_i = s_i·H_i + c_i·I        c_(i+1) = hash(m, L_i, R_i)
 * </pre>
 *
 * and the last challenge must equal the first. All four bases are long-lived: G is fixed, P_i and
 * H_i, the hash of P_i to the curve, belong to a member, and the key image I to a signer. For keys
 * that recur the verifier holds comb tables in a store of bounded size; a verification of known
 * keys allocates nothing.
 *
 * <p>Cost is bounded before any curve arithmetic: count, length, scalar range and membership are
 * checked first, in this order, so a signature that claims 2^32 members costs no more than reading
 * its header.
 *
 * <p>Safe for concurrent use. Tables are built by a daemon thread unless an executor is given;
 * {@link #close} stops that thread, after which the verifier still verifies but builds no more
 * tables.
 */
public final class RingVerifier implements AutoCloseable {
    /** Length of the signed message in bytes: the SHA-256 of the signable request. */
    public static final int MESSAGE_LENGTH = ChallengeHash.MESSAGE_LENGTH;

    private static final long DEFAULT_TABLE_MEMORY = 128L << 20;
    private static final int BUILD_QUEUE = 1024;

    private final RingPolicy policy;
    private final KeyTables tables;
    private final @Nullable ThreadPoolExecutor ownExecutor;
    private final Pool<Verification> verifications = new Pool<>(Verification::new);

    private RingVerifier(Builder builder) {
        policy = builder.policy;
        Executor executor = builder.executor;
        if (executor == null) {
            ownExecutor = newBuilderThread();
            executor = ownExecutor;
        } else {
            ownExecutor = null;
        }
        tables = new KeyTables(builder.tableMemory, executor);
    }

    private static ThreadPoolExecutor newBuilderThread() {
        ThreadPoolExecutor executor =
                new ThreadPoolExecutor(
                        1,
                        1,
                        10,
                        TimeUnit.SECONDS,
                        new LinkedBlockingQueue<>(BUILD_QUEUE),
                        task -> {
                            Thread thread = new Thread(task, "ring-tables");
                            thread.setDaemon(true);
                            return thread;
                        });
        executor.allowCoreThreadTimeOut(true);
        return executor;
    }

    /** Returns a verifier with the default policy and 128 MiB for tables. */
    public static RingVerifier create() {
        return builder().build();
    }

    /** Starts the configuration of a verifier. */
    public static Builder builder() {
        return new Builder();
    }

    /** Configures a {@link RingVerifier}. */
    public static final class Builder {
        private RingPolicy policy = RingPolicy.DEFAULT;
        private long tableMemory = DEFAULT_TABLE_MEMORY;
        private @Nullable Executor executor;

        private Builder() {}

        /** Sets what to refuse beyond invalid signatures; default {@link RingPolicy#DEFAULT}. */
        public Builder policy(RingPolicy policy) {
            this.policy = policy;
            return this;
        }

        /**
         * Bounds the memory of remembered keys and tables, in bytes; default 128 MiB. A member
         * costs about 65 KiB when hot, 5 KiB when used occasionally; a signer's key image half of
         * that. Zero remembers nothing.
         */
        public Builder tableMemory(long bytes) {
            if (bytes < 0) {
                throw new IllegalArgumentException("table memory is not negative: " + bytes);
            }
            this.tableMemory = bytes;
            return this;
        }

        /**
         * Sets who builds tables; default a daemon thread of the verifier. Tasks take up to a
         * millisecond of CPU. A task the executor rejects is submitted again on a later use of the
         * key. The verifier does not shut the executor down.
         */
        public Builder tableExecutor(Executor executor) {
            this.executor = executor;
            return this;
        }

        /** Creates the verifier. */
        public RingVerifier build() {
            return new RingVerifier(this);
        }
    }

    /** Returns what this verifier refuses beyond invalid signatures. */
    public RingPolicy policy() {
        return policy;
    }

    /**
     * Verifies a signature whose members must all belong to an expected ring.
     *
     * @param message 32 bytes, the hash that was signed
     * @param signature wire form, any length
     * @param expected the keys that may occur, see {@link Ring#expected}
     * @return the verdict; never throws for what a peer sent
     * @throws IllegalArgumentException if the message is not 32 bytes
     */
    public RingVerdict verify(byte[] message, byte[] signature, Ring expected) {
        return run(message, signature, expected);
    }

    /** Same as {@link #verify(byte[], byte[], Ring)} for a decoded signature. */
    public RingVerdict verify(byte[] message, RingSignature signature, Ring expected) {
        return run(message, signature.encodedUnshared(), expected);
    }

    /**
     * Verifies a signature by any ring within the policy's size: it proves that a holder of one of
     * the keys inside the signature signed, not that those keys mean anything. For tools; a relay
     * is verified against its expected ring.
     *
     * @param message 32 bytes, the hash that was signed
     * @param signature wire form, any length
     * @throws IllegalArgumentException if the message is not 32 bytes
     */
    public RingVerdict verifyAnyRing(byte[] message, byte[] signature) {
        return run(message, signature, null);
    }

    private RingVerdict run(byte[] message, byte[] signature, @Nullable Ring expected) {
        if (message.length != MESSAGE_LENGTH) {
            throw new IllegalArgumentException(
                    "the signed message is a 32-byte hash, not " + message.length + " bytes");
        }
        Verification verification = verifications.take();
        RingVerdict verdict = verification.verify(message, signature, expected, policy, tables);
        verifications.give(verification);
        return verdict;
    }

    /** Returns the memory that remembered keys and tables occupy at present, in bytes. */
    public long tableMemoryInUse() {
        return tables.usedBytes();
    }

    KeyTables tables() {
        return tables;
    }

    /** Stops the table builder thread. Idempotent. */
    @Override
    public void close() {
        if (ownExecutor != null) {
            ownExecutor.shutdownNow();
        }
    }
}
