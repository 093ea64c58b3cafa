/**
 * Three-tier read-through caches: process memory, Redis, chain.
 *
 * <p>A {@link io.relayminer.core.cache.TieredCache} answers from memory without a thread hop,
 * refreshes a stale entry behind the caller's back, sends at most one lookup per key to the tiers
 * below, and remembers for a few seconds that something does not exist. What a tier is, is the
 * {@link io.relayminer.core.cache.CacheTier} contract; the Redis tier reads and writes the value
 * formats that every relayer and miner of a fleet shares, so a fleet may consist of more than one
 * implementation. Invalidation messages are an accelerator only: every entry also ages, and memory
 * is flushed whenever a subscription was interrupted.
 */
@NullMarked
package io.relayminer.core.cache;

import org.jspecify.annotations.NullMarked;
