/**
 * The miner's store on Redis. {@link io.relayminer.core.miner.redis.RedisMinerStore} is the door;
 * all scripts that change what belongs to a supplier are in this package and in {@code smst-redis},
 * and each of them checks the supplier's lease first.
 */
@NullMarked
package io.relayminer.core.miner.redis;

import org.jspecify.annotations.NullMarked;
