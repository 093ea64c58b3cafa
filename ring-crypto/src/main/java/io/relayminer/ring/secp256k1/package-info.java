/**
 * The arithmetic of secp256k1 in layers, each usable and tested without the ones above it: field
 * ({@code FieldElement}, {@code FieldInversion}), scalars ({@code Scalar}, {@code SplitScalar}),
 * group ({@code AffinePoint}, {@code JacobianPoint}, {@code BatchAddition}), tables ({@code
 * CombTable}, {@code OddMultiples}) and multi-multiplication ({@code MultiMultiplication} for
 * public scalars, {@code SecretMultiplication} for secret ones).
 *
 * <p>Objects are mutable scratch space with explicit magnitudes so that a verification allocates
 * nothing. This package is internal to the module: its types are public for the facade {@code
 * io.relayminer.ring} and for benchmarks, and may change at any time.
 */
@NullMarked
package io.relayminer.ring.secp256k1;

import org.jspecify.annotations.NullMarked;
