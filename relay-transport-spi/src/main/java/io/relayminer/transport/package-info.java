/** The contracts that transports, backends and relay logs implement. */
@org.jspecify.annotations.NullMarked
package io.relayminer.transport;
