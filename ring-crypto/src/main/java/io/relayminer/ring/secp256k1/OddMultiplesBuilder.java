package io.relayminer.ring.secp256k1;

/**
 * Fills the {@link OddMultiples} of several bases at once, so that they share their inversions: 2P,
 * then 3P and 4P, then 5P, 7P and 8P, then 9P … 15P are four batches of independent affine
 * additions, whatever the number of bases.
 *
 * <p>Public points only. Scratch space, not thread-safe.
 */
public final class OddMultiplesBuilder {
    /** Most bases of one build. */
    public static final int CAPACITY = 16;

    private static final int WIDEST_LEVEL = 4;

    private final BatchAddition batch = new BatchAddition(WIDEST_LEVEL * CAPACITY);
    private final AffinePoint[] first = new AffinePoint[WIDEST_LEVEL * CAPACITY];
    private final AffinePoint[] second = new AffinePoint[WIDEST_LEVEL * CAPACITY];
    private final AffinePoint[] sums = new AffinePoint[WIDEST_LEVEL * CAPACITY];
    private final OddMultiples[] targets = new OddMultiples[CAPACITY];
    private final AffinePoint[] twice = new AffinePoint[CAPACITY];
    private final AffinePoint[] fourfold = new AffinePoint[CAPACITY];
    private final AffinePoint[] eightfold = new AffinePoint[CAPACITY];
    private int bases;
    private int used;

    /** Creates a builder without bases. */
    public OddMultiplesBuilder() {
        for (int i = 0; i < CAPACITY; i++) {
            twice[i] = new AffinePoint();
            fourfold[i] = new AffinePoint();
            eightfold[i] = new AffinePoint();
        }
    }

    /** Queues a base, at most {@link #CAPACITY} before the next {@link #build}. */
    public void add(AffinePoint point, OddMultiples target) {
        target.multiples[0].set(point);
        targets[bases++] = target;
    }

    /** Fills the tables of all queued bases and forgets the bases. */
    public void build() {
        if (bases == 0) {
            return;
        }
        for (int i = 0; i < bases; i++) {
            AffinePoint[] p = targets[i].multiples;
            queue(p[0], p[0], twice[i]);
        }
        run();
        for (int i = 0; i < bases; i++) {
            AffinePoint[] p = targets[i].multiples;
            queue(p[0], twice[i], p[1]);
            queue(twice[i], twice[i], fourfold[i]);
        }
        run();
        for (int i = 0; i < bases; i++) {
            AffinePoint[] p = targets[i].multiples;
            queue(p[0], fourfold[i], p[2]);
            queue(p[1], fourfold[i], p[3]);
            queue(fourfold[i], fourfold[i], eightfold[i]);
        }
        run();
        for (int i = 0; i < bases; i++) {
            AffinePoint[] p = targets[i].multiples;
            for (int j = 0; j < 4; j++) {
                queue(p[j], eightfold[i], p[j + 4]);
            }
        }
        run();
        for (int i = 0; i < bases; i++) {
            OddMultiples target = targets[i];
            for (int j = 0; j < OddMultiples.COUNT; j++) {
                target.endomorphism[j].mul(target.multiples[j].x, Endomorphism.BETA);
            }
        }
        bases = 0;
    }

    private void queue(AffinePoint a, AffinePoint b, AffinePoint sum) {
        first[used] = a;
        second[used] = b;
        sums[used] = sum;
        used++;
    }

    private void run() {
        batch.add(first, second, sums, used);
        used = 0;
    }
}
