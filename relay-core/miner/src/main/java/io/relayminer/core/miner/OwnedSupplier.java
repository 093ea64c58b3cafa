package io.relayminer.core.miner;

import io.relayminer.core.tx.TxSigner;
import io.relayminer.smst.redis.Fence;

import java.util.function.BooleanSupplier;

/**
 * A supplier this process may work on.
 *
 * @param address bech32 operator address
 * @param signer its key
 * @param fence the lease under which it is owned
 * @param valid whether the lease is certainly still ours, judged by the local clock alone; asked
 *     before anything is sent to the chain
 */
record OwnedSupplier(String address, TxSigner signer, Fence fence, BooleanSupplier valid) {}
