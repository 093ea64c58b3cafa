package io.relayminer.testkit.chain.internal.state;

import com.google.protobuf.ByteString;

import java.util.List;

/**
 * An account of the auth module.
 *
 * @param address bech32
 * @param publicKey 33 bytes, compressed secp256k1; empty until the account's first signed
 *     transaction
 * @param number account number
 * @param sequence number of ordered transactions so far
 * @param moduleName name of the module that owns the account, empty for ordinary accounts
 * @param permissions of a module account
 */
public record ChainAccount(
        String address,
        ByteString publicKey,
        long number,
        long sequence,
        String moduleName,
        List<String> permissions) {

    public ChainAccount {
        permissions = List.copyOf(permissions);
    }

    public static ChainAccount ofUser(String address, ByteString publicKey, long number) {
        return new ChainAccount(address, publicKey, number, 0, "", List.of());
    }

    public boolean isModule() {
        return !moduleName.isEmpty();
    }

    public ChainAccount withPublicKey(ByteString key) {
        return new ChainAccount(address, key, number, sequence, moduleName, permissions);
    }

    public ChainAccount withSequence(long next) {
        return new ChainAccount(address, publicKey, number, next, moduleName, permissions);
    }
}
