/**
 * Everything this product keeps in Redis, byte for byte: the names of keys and channels, the values
 * behind them, the connections, and the relay log on Redis Streams.
 *
 * <p>Redis is the only state shared by relayers and miners, and other programs read and write the
 * same keys. So names are built in one class ({@link io.relayminer.core.redis.RedisKeys}), each
 * stored value has one codec here, and no other package concatenates a key or prints a stored JSON.
 */
@NullMarked
package io.relayminer.core.redis;

import org.jspecify.annotations.NullMarked;
