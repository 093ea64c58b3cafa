/**
 * The two pluggable edges of a relayer: how relays come in and how they reach a backend node.
 *
 * <p>Inbound, a {@link io.relayminer.transport.TransportProvider} creates a {@link
 * io.relayminer.transport.Transport} that listens somewhere and hands every relay to a {@link
 * io.relayminer.transport.RelayHandler}. Outbound, a {@link
 * io.relayminer.transport.BackendProvider} creates {@link io.relayminer.transport.Backend}s, the
 * connection pools through which requests are sent to nodes. Providers are found with {@link
 * java.util.ServiceLoader}; see {@link io.relayminer.transport.Providers}. Everything here is
 * expressed in JDK types, so that a plugin needs no other part of the product.
 *
 * <p><b>Threads.</b> All calls in both directions may be made on an event loop and must not block.
 * Stages may be completed on any thread; whoever owns a thread-bound resource moves back to it.
 */
@NullMarked
package io.relayminer.transport;

import org.jspecify.annotations.NullMarked;
