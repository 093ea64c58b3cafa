/**
 * What a chain begins with: parameters, accounts, stakes, services, the validator. {@link
 * io.relayminer.testkit.chain.genesis.Genesis#localnet} is the network's localnet.
 */
@org.jspecify.annotations.NullMarked
package io.relayminer.testkit.chain.genesis;
