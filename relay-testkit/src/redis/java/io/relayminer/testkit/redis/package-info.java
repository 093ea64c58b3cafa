/**
 * A real Redis server for tests and for the localnet: the binary comes from a Maven artifact,
 * listens on loopback only, and can be killed and restarted on its data.
 */
@org.jspecify.annotations.NullMarked
package io.relayminer.testkit.redis;
