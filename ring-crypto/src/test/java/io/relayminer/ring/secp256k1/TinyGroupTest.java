package io.relayminer.ring.secp256k1;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.List;

/** Group, tables and multi-multiplication, exhaustively over groups of 13 and 199 points. */
class TinyGroupTest {
    private final Randoms random = new Randoms(13);

    private static TinyGroup group(int order) {
        return order == 13 ? TinyGroup.ORDER_13 : TinyGroup.ORDER_199;
    }

    private FieldElement randomZ() {
        FieldElement z = Randoms.field(random.next256());
        z.add(FieldElement.ofSmall(1));
        z.normalize();
        return z.isZero() ? FieldElement.ofSmall(5) : z;
    }

    @ParameterizedTest
    @ValueSource(ints = {13, 199})
    void everyAdditionByEveryFormula(int order) {
        TinyGroup group = group(order);
        List<AffinePoint> first = new ArrayList<>();
        List<AffinePoint> second = new ArrayList<>();
        for (int a = 0; a < order; a++) {
            JacobianPoint doubled = group.jacobian(a, randomZ());
            doubled.doublePoint();
            assertEquals(2 * a % order, group.logarithm(doubled));
            for (int b = 0; b < order; b++) {
                int sum = (a + b) % order;
                AffinePoint affine = group.point(b);
                JacobianPoint mixed = group.jacobian(a, randomZ());
                mixed.addVartime(affine);
                assertEquals(sum, group.logarithm(mixed));
                JacobianPoint full = group.jacobian(a, randomZ());
                full.addVartime(group.jacobian(b, randomZ()));
                assertEquals(sum, group.logarithm(full));
                if (b != 0) {
                    JacobianPoint secret = group.jacobian(a, randomZ());
                    secret.addSecret(affine);
                    assertEquals(sum, group.logarithm(secret));
                    secret.addSecret(affine);
                    assertEquals((sum + b) % order, group.logarithm(secret));
                }
                first.add(group.point(a));
                second.add(affine);
            }
        }
        batches(group, first, second);
    }

    /**
     * All pairs in batches of 100, so that exceptional pairs sit among ordinary ones in every
     * position.
     */
    private static void batches(
            TinyGroup group, List<AffinePoint> first, List<AffinePoint> second) {
        BatchAddition batch = new BatchAddition(100);
        for (int from = 0; from < first.size(); from += batch.capacity()) {
            int count = Math.min(batch.capacity(), first.size() - from);
            AffinePoint[] a = first.subList(from, from + count).toArray(AffinePoint[]::new);
            AffinePoint[] b = second.subList(from, from + count).toArray(AffinePoint[]::new);
            int[] expected = new int[count];
            for (int i = 0; i < count; i++) {
                expected[i] = (group.logarithm(a[i]) + group.logarithm(b[i])) % group.order;
            }
            batch.add(a, b, a, count);
            for (int i = 0; i < count; i++) {
                assertEquals(expected[i], group.logarithm(a[i]));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {13, 199})
    void batchNormalizationSkipsInfinity(int order) {
        TinyGroup group = group(order);
        JacobianPoint[] in = new JacobianPoint[2 * order];
        AffinePoint[] out = new AffinePoint[2 * order];
        for (int i = 0; i < in.length; i++) {
            in[i] = group.jacobian(i, randomZ());
            out[i] = new AffinePoint();
        }
        new BatchNormalization(in.length).normalize(in, out, in.length);
        for (int i = 0; i < in.length; i++) {
            assertEquals(i % order, group.logarithm(out[i]));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {13, 199})
    void combTablesHoldTheirPatterns(int order) {
        TinyGroup group = group(order);
        AffinePoint entry = new AffinePoint();
        for (int a = 0; a < order; a += order == 13 ? 1 : 17) {
            for (int teeth = CombTable.MIN_TEETH; teeth <= 8; teeth++) {
                CombTable table = CombTable.build(group.point(a), teeth);
                for (int pattern = 0; pattern < 1 << teeth; pattern++) {
                    int expected = patternLogarithm(order, a, teeth, pattern);
                    table.lookupVartime(pattern, entry);
                    assertEquals(expected, group.logarithm(entry));
                    if (expected != 0) {
                        table.lookupSecret(pattern, entry);
                        entry.y.normalizeWeak();
                        assertEquals(expected, group.logarithm(entry));
                    }
                }
            }
        }
    }

    private static int patternLogarithm(int order, int a, int teeth, int pattern) {
        long sum = 0;
        for (int tooth = 0; tooth < teeth; tooth++) {
            long weight = power(2, tooth * CombTable.spacing(teeth), order);
            sum += (pattern >>> tooth & 1) == 1 ? weight : -weight;
        }
        return (int) Math.floorMod(sum * a, (long) order);
    }

    private static long power(long base, int exponent, int modulus) {
        long result = 1;
        for (int i = 0; i < exponent; i++) {
            result = result * base % modulus;
        }
        return result;
    }

    @ParameterizedTest
    @ValueSource(ints = {13, 199})
    void oddMultiplesOfEveryPoint(int order) {
        TinyGroup group = group(order);
        OddMultiplesBuilder builder = new OddMultiplesBuilder();
        OddMultiples[] tables = new OddMultiples[order];
        for (int a = 0; a < order; a++) {
            tables[a] = new OddMultiples();
            builder.add(group.point(a), tables[a]);
            if (a % OddMultiplesBuilder.CAPACITY == OddMultiplesBuilder.CAPACITY - 1
                    || a == order - 1) {
                builder.build();
            }
        }
        AffinePoint point = new AffinePoint();
        for (int a = 0; a < order; a++) {
            for (int digit = -15; digit <= 15; digit += 2) {
                tables[a].lookupVartime(digit, point);
                point.y.normalizeWeak();
                assertEquals(Math.floorMod(a * digit, order), group.logarithm(point));
                tables[a].lookupEndomorphismVartime(digit, point);
                point.y.normalizeWeak();
                assertEquals(
                        Math.floorMod(a * digit * group.lambda, order), group.logarithm(point));
            }
        }
    }

    /**
     * Both commitments for all bases P, H, I and all scalars of the group of 13 (scalars small, so
     * that splitting leaves them as they are), with every mixture of combs and windows.
     */
    @Test
    void everyCommitmentOfTheSmallestGroup() {
        TinyGroup group = TinyGroup.ORDER_13;
        int order = group.order;
        CombTable g = CombTable.build(group.point(1), 5);
        CombTable[] combs = new CombTable[order];
        OddMultiples[] multiples = new OddMultiples[order];
        OddMultiplesBuilder builder = new OddMultiplesBuilder();
        for (int a = 0; a < order; a++) {
            combs[a] = CombTable.build(group.point(a), 4 + a % 4);
            multiples[a] = new OddMultiples();
            builder.add(group.point(a), multiples[a]);
        }
        builder.build();
        MultiMultiplication multiplication = new MultiMultiplication();
        Tracked s = new Tracked(group);
        Tracked c = new Tracked(group);
        AffinePoint left = new AffinePoint();
        AffinePoint right = new AffinePoint();
        for (int scalarS = 0; scalarS < order; scalarS++) {
            for (int scalarC = 0; scalarC < order; scalarC++) {
                s.set(scalarS);
                c.set(scalarC);
                for (int base = 0; base < order * order; base++) {
                    int p = base % order;
                    int h = (base / order) % order;
                    int i = (p * 5 + h * 3 + scalarS) % order;
                    int mixture = (base + scalarS * order + scalarC) & 7;
                    multiplication.commitments(
                            s.recoded,
                            c.recoded,
                            g,
                            (mixture & 1) == 0 ? combs[p] : null,
                            multiples[p],
                            (mixture & 2) == 0 ? combs[h] : null,
                            multiples[h],
                            (mixture & 4) == 0 ? combs[i] : null,
                            multiples[i],
                            left,
                            right);
                    // Combs and windows split a scalar differently, which a group of 13 can tell
                    // apart.
                    int expectedLeft = s.comb + ((mixture & 1) == 0 ? c.comb : c.window) * p;
                    int expectedRight =
                            ((mixture & 2) == 0 ? s.comb : s.window) * h
                                    + ((mixture & 4) == 0 ? c.comb : c.window) * i;
                    assertEquals(expectedLeft % order, group.logarithm(left));
                    assertEquals(expectedRight % order, group.logarithm(right));
                }
            }
        }
    }

    /**
     * A recoded scalar k ≡ k1 + k2·λ modulo N, and what it multiplies a point of the tiny group by:
     * k1 + k2·λ' for the halves of either form, with the λ' of that group.
     */
    private static final class Tracked {
        final RecodedScalar recoded = new RecodedScalar();
        final TinyGroup group;
        int comb;
        int window;

        Tracked(TinyGroup group) {
            this.group = group;
        }

        void set(long value) {
            set(Randoms.scalar(java.math.BigInteger.valueOf(value)));
        }

        void set(Scalar scalar) {
            recoded.set(scalar);
            comb = multiplier(scalar, true, group);
            window = multiplier(scalar, false, group);
        }

        static int multiplier(Scalar scalar, boolean forComb, TinyGroup group) {
            SplitScalar split = new SplitScalar();
            java.math.BigInteger k1;
            java.math.BigInteger k2;
            if (forComb) {
                split.splitForComb(scalar);
                k1 = ScalarTest.signed(split.low1, split.middle1, split.sign1);
                k2 = ScalarTest.signed(split.low2, split.middle2, split.sign2);
                k1 = k1.shiftLeft(1).add(java.math.BigInteger.ONE);
                k2 = k2.shiftLeft(1).add(java.math.BigInteger.ONE);
            } else {
                split.split(scalar);
                k1 = ScalarTest.signed(split.low1, split.middle1, split.sign1);
                k2 = ScalarTest.signed(split.low2, split.middle2, split.sign2);
            }
            return k1.add(k2.multiply(java.math.BigInteger.valueOf(group.lambda)))
                    .mod(java.math.BigInteger.valueOf(group.order))
                    .intValue();
        }
    }

    /**
     * The constant-time comb over every table without an infinite entry (in the group of 13 there
     * is none), for scalars of all shapes.
     */
    @Test
    void secretMultiplicationMeetsExceptionalCases() {
        int order = 199;
        TinyGroup group = group(order);
        SecretMultiplication multiplication = new SecretMultiplication();
        AffinePoint result = new AffinePoint();
        int tables = 0;
        for (int a = 1; a < order; a++) {
            for (int teeth = CombTable.MIN_TEETH; teeth <= 6; teeth++) {
                boolean infinite = false;
                for (int pattern = 0; pattern < 1 << teeth; pattern++) {
                    infinite |= patternLogarithm(order, a, teeth, pattern) == 0;
                }
                if (infinite) {
                    continue;
                }
                tables++;
                CombTable table = CombTable.build(group.point(a), teeth);
                for (int i = 0; i < 25; i++) {
                    Scalar k = Randoms.scalar(random.next256());
                    multiplication.multiply(table, k, result);
                    int expected = Tracked.multiplier(k, true, group) * a % order;
                    assertEquals(expected, group.logarithm(result));
                }
            }
        }
        assertTrue(tables > 0);
    }
}
