/**
 * Keeps the leaves of session trees in Redis, and nothing but leaves.
 *
 * <p>{@link io.relayminer.smst.redis.RedisLeafStore} is the room's one door. Its heart is the
 * commit of a batch: one script that writes leaves, counters and acknowledgements together, refuses
 * a caller whose lease is gone or a session that is sealed, and may be repeated at will. Key names
 * come from outside ({@link io.relayminer.smst.redis.CommitKeys}); encodings and field names are
 * those of the reference, so its hashes can be taken over and its tools can read ours.
 */
@NullMarked
package io.relayminer.smst.redis;

import org.jspecify.annotations.NullMarked;
