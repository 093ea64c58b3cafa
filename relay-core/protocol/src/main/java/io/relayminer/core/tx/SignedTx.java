package io.relayminer.core.tx;

import com.google.protobuf.ByteString;

import java.math.BigInteger;
import java.time.Instant;

/**
 * A signed transaction, ready to be stored and sent.
 *
 * @param bytes the transaction
 * @param hash its hash, 64 upper-case hex characters, as nodes name it
 * @param expiry time after which no block can include it
 * @param lastHeight height after which no block can include it; 0 if only the expiry bounds it
 * @param gasLimit gas limit
 * @param fee fee in upokt, paid whatever becomes of the messages
 */
public record SignedTx(
        ByteString bytes,
        String hash,
        Instant expiry,
        long lastHeight,
        long gasLimit,
        BigInteger fee) {}
