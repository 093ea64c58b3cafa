package io.relayminer.core.chain;

import com.google.protobuf.ByteString;

import java.time.Instant;

/**
 * A block of the chain.
 *
 * @param height at least 1
 * @param hash the block id, 32 bytes: what session ids, proof paths and claim sampling are made
 *     from
 * @param time time of the header, with nanoseconds
 */
public record Block(long height, ByteString hash, Instant time) {

    public Block {
        if (height < 1) {
            throw new IllegalArgumentException("block height " + height);
        }
        if (hash.size() != 32) {
            throw new IllegalArgumentException("block hash of " + hash.size() + " bytes");
        }
    }
}
