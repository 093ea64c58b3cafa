package io.relayminer.ring;

import static io.relayminer.ring.GoldenVectors.bytes;
import static io.relayminer.ring.GoldenVectors.hex;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.fasterxml.jackson.databind.JsonNode;

import io.relayminer.ring.secp256k1.AffinePoint;
import io.relayminer.ring.secp256k1.CombTable;
import io.relayminer.ring.secp256k1.GeneratorTables;
import io.relayminer.ring.secp256k1.JacobianPoint;
import io.relayminer.ring.secp256k1.MultiMultiplication;
import io.relayminer.ring.secp256k1.OddMultiples;
import io.relayminer.ring.secp256k1.OddMultiplesBuilder;
import io.relayminer.ring.secp256k1.RecodedScalar;
import io.relayminer.ring.secp256k1.Scalar;
import io.relayminer.ring.secp256k1.SecretMultiplication;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

import java.io.IOException;
import java.util.Arrays;
import java.util.stream.Stream;

/** The building blocks: hashing, codecs, scalar and point arithmetic by every implemented route. */
class RingPrimitivesVectorsTest {
    private static final GoldenVectors VECTORS = new GoldenVectors("ring-primitives");

    private final ChallengeHash hash = new ChallengeHash();
    private final MultiMultiplication multiplication = new MultiMultiplication();
    private final SecretMultiplication secret = new SecretMultiplication();

    @TestFactory
    Stream<DynamicTest> vectors() {
        return VECTORS.tests(
                vector -> {
                    switch (vector.get("kind").textValue()) {
                        case "hash_to_scalar" -> hashToScalar(vector);
                        case "challenge" -> challenge(vector);
                        case "hash_to_curve" -> hashToCurve(vector);
                        case "scalar_decode" -> scalarDecode(vector);
                        case "scalar_unary" -> scalarUnary(vector);
                        case "scalar_ops" -> scalarOps(vector);
                        case "point_decode" -> pointDecode(vector);
                        case "point_add" -> add(vector, false);
                        case "point_sub" -> add(vector, true);
                        case "base_mul" ->
                                multiply(
                                        vector,
                                        AffinePoint.generator(),
                                        scalar(bytes(vector, "k")));
                        case "point_mul" ->
                                multiply(vector, point(vector, "p"), scalar(bytes(vector, "k")));
                        case "mul_add" -> mulAdd(vector);
                        case "key_image" -> keyImage(vector);
                        default -> fail("unknown kind");
                    }
                });
    }

    @AfterAll
    static void allRan() throws IOException {
        VECTORS.conclude();
    }

    private void hashToScalar(JsonNode vector) {
        byte[] input = bytes(vector, "input");
        Scalar scalar = new Scalar();
        hash.start(new byte[32]);
        hash.toScalar(input, input.length, scalar);
        assertEquals(vector.get("scalar").textValue(), hex(bytesOf(scalar)));
        assertEquals(vector.get("zero_bytes").intValue() != 0, hash.sawShort());
        hash.useRightAlignment();
        hash.toScalar(input, input.length, scalar);
        assertEquals(vector.get("reduced").textValue(), hex(bytesOf(scalar)));
    }

    private void challenge(JsonNode vector) {
        Scalar scalar = new Scalar();
        hash.start(bytes(vector, "message"));
        hash.challenge(point(vector, "l"), point(vector, "r"), scalar);
        assertEquals(vector.get("scalar").textValue(), hex(bytesOf(scalar)));
    }

    private void hashToCurve(JsonNode vector) {
        AffinePoint point = new AffinePoint();
        hash.toCurve(bytes(vector, "pubkey"), point);
        assertEquals(vector.get("point").textValue(), encoded(point));
    }

    private static void scalarDecode(JsonNode vector) {
        byte[] input = bytes(vector, "input");
        if (!vector.get("ok").booleanValue()) {
            assertThrows(MalformedKeyException.class, () -> PrivateKey.of(input));
            return;
        }
        Scalar scalar = new Scalar();
        assertEquals(vector.get("canonical").booleanValue(), scalar.setBytes(input, 0));
        assertEquals(vector.get("scalar").textValue(), hex(bytesOf(scalar)));
        assertEquals(vector.get("is_zero").booleanValue(), scalar.isZero());
        if (!vector.get("canonical").booleanValue() || vector.get("is_zero").booleanValue()) {
            assertThrows(MalformedKeyException.class, () -> PrivateKey.of(input));
        } else {
            PrivateKey.of(input).close();
        }
    }

    private static void scalarUnary(JsonNode vector) {
        Scalar a = scalar(bytes(vector, "a"));
        Scalar result = new Scalar();
        result.negate(a);
        assertEquals(vector.get("neg").textValue(), hex(bytesOf(result)));
        result.invert(a);
        String inverse =
                vector.has("inverse") ? vector.get("inverse").textValue() : "00".repeat(32);
        assertEquals(inverse, hex(bytesOf(result)));
        result.invertVartime(a);
        assertEquals(inverse, hex(bytesOf(result)));
    }

    private static void scalarOps(JsonNode vector) {
        Scalar a = scalar(bytes(vector, "a"));
        Scalar b = scalar(bytes(vector, "b"));
        Scalar result = new Scalar();
        result.add(a, b);
        assertEquals(vector.get("add").textValue(), hex(bytesOf(result)));
        result.mul(a, b);
        assertEquals(vector.get("mul").textValue(), hex(bytesOf(result)));
        b.negate(b);
        result.add(a, b);
        assertEquals(vector.get("sub").textValue(), hex(bytesOf(result)));
    }

    private static void pointDecode(JsonNode vector) {
        byte[] input = bytes(vector, "input");
        if (vector.get("ok").booleanValue()) {
            PublicKey key = PublicKey.ofSec1(input);
            assertEquals(vector.get("encoded").textValue(), key.toString());
            assertEquals(vector.get("x").textValue(), key.toString().substring(2));
            int lastDigit = Character.digit(vector.get("y").textValue().charAt(63), 16);
            assertEquals(2 | (lastDigit & 1), key.encoded()[0]);
            if (input.length == PublicKey.LENGTH) {
                assertEquals(key, PublicKey.of(input));
            } else {
                assertThrows(MalformedKeyException.class, () -> PublicKey.of(input));
            }
        } else {
            assertThrows(MalformedKeyException.class, () -> PublicKey.of(input));
            assertThrows(MalformedKeyException.class, () -> PublicKey.ofSec1(input));
        }
    }

    private static void add(JsonNode vector, boolean subtract) {
        AffinePoint a = point(vector, "a");
        AffinePoint b = point(vector, "b");
        if (subtract && !b.isInfinity()) {
            byte[] negated = new byte[33];
            b.encode(negated, 0);
            negated[0] ^= 1;
            b = decode(negated);
        }
        String expected = vector.get(subtract ? "difference" : "sum").textValue();
        AffinePoint out = new AffinePoint();
        JacobianPoint sum = new JacobianPoint();
        sum.set(a);
        sum.addVartime(b);
        sum.toAffineVartime(out);
        assertEquals(expected, encoded(out));
        assertEquals(vector.get("infinity").booleanValue(), out.isInfinity());

        JacobianPoint other = new JacobianPoint();
        other.set(b);
        sum.set(a);
        sum.addVartime(other);
        sum.toAffineVartime(out);
        assertEquals(expected, encoded(out));
    }

    /** Windows, combs of several sizes, and the constant-time comb must agree. */
    private void multiply(JsonNode vector, AffinePoint p, Scalar k) {
        String expected = vector.get("result").textValue();
        AffinePoint out = new AffinePoint();
        combination(new Scalar(), k, p, null, out);
        assertEquals(expected, encoded(out));
        assertEquals(vector.get("infinity").booleanValue(), out.isInfinity());
        if (p.isInfinity()) {
            return;
        }
        for (int teeth : new int[] {4, 6, 9}) {
            combination(new Scalar(), k, p, CombTable.build(p, teeth), out);
            assertEquals(expected, encoded(out));
        }
        secret.multiply(CombTable.build(p, SecretMultiplication.TEETH), k, out);
        assertEquals(expected, encoded(out));
        if (vector.get("kind").textValue().equals("base_mul")) {
            secret.multiplyGenerator(k, out);
            assertEquals(expected, encoded(out));
            combination(k, new Scalar(), AffinePoint.generator(), null, out);
            assertEquals(expected, encoded(out));
        }
    }

    private void mulAdd(JsonNode vector) {
        AffinePoint p = point(vector, "p");
        AffinePoint out = new AffinePoint();
        Scalar a = scalar(bytes(vector, "a"));
        Scalar b = scalar(bytes(vector, "b"));
        combination(a, b, p, null, out);
        assertEquals(vector.get("result").textValue(), encoded(out));
        assertEquals(vector.get("infinity").booleanValue(), out.isInfinity());
        combination(a, b, p, CombTable.build(p, 7), out);
        assertEquals(vector.get("result").textValue(), encoded(out));
    }

    private void combination(
            Scalar a,
            Scalar b,
            AffinePoint p,
            @org.jspecify.annotations.Nullable CombTable table,
            AffinePoint out) {
        RecodedScalar ra = new RecodedScalar();
        ra.set(a);
        RecodedScalar rb = new RecodedScalar();
        rb.set(b);
        OddMultiples multiples = new OddMultiples();
        OddMultiplesBuilder builder = new OddMultiplesBuilder();
        builder.add(p, multiples);
        builder.build();
        multiplication.combination(ra, GeneratorTables.verification(), rb, table, multiples, out);
    }

    private void keyImage(JsonNode vector) {
        try (PrivateKey key = PrivateKey.of(bytes(vector, "private_key"));
                RingSigner signer = new RingSigner(key, new java.security.SecureRandom())) {
            assertEquals(vector.get("pubkey").textValue(), key.publicKey().toString());
            assertEquals(vector.get("image").textValue(), hex(signer.keyImage()));
            AffinePoint h = new AffinePoint();
            hash.toCurve(bytes(vector, "pubkey"), h);
            assertEquals(vector.get("h_p").textValue(), encoded(h));
            assertEquals(vector.get("h_p").textValue(), hex(key.publicKey().hashToCurve()));
        }
    }

    private static Scalar scalar(byte[] bytes) {
        Scalar scalar = new Scalar();
        scalar.setBytes(bytes, 0);
        return scalar;
    }

    private static byte[] bytesOf(Scalar scalar) {
        byte[] bytes = new byte[32];
        scalar.putBytes(bytes, 0);
        return bytes;
    }

    private static AffinePoint point(JsonNode vector, String field) {
        return decode(bytes(vector, field));
    }

    private static AffinePoint decode(byte[] bytes) {
        AffinePoint point = new AffinePoint();
        boolean infinity =
                bytes[0] == 2 && Arrays.equals(Arrays.copyOfRange(bytes, 1, 33), new byte[32]);
        if (infinity) {
            assertTrue(point.isInfinity());
        } else {
            assertEquals(AffinePoint.Decoding.OK, point.decode(bytes, 0));
            assertFalse(point.isInfinity());
        }
        return point;
    }

    private static String encoded(AffinePoint point) {
        byte[] bytes = new byte[33];
        point.encode(bytes, 0);
        return hex(bytes);
    }
}
