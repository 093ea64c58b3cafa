/**
 * The whole system on one machine: Redis, a chain, a backend, two relayer and two miner processes
 * and a gateway, from the first relay to the last settled claim, with processes being killed on the
 * way if wanted.
 *
 * <p>{@link io.relayminer.testkit.localnet.Localnet} is the command. Everything it reports it has
 * from outside: what the gateway got, what is in Redis, what the chain's blocks say.
 */
@NullMarked
package io.relayminer.testkit.localnet;

import org.jspecify.annotations.NullMarked;
