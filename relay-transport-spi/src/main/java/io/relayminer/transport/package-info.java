/**
 * The two pluggable edges of a relayer: how relays come in and how they reach a backend node.
 *
 * <p>Inbound, a {@link io.relayminer.transport.TransportProvider} creates a {@link
 * io.relayminer.transport.Transport} that listens somewhere and hands every relay to a {@link
 * io.relayminer.transport.RelayHandler}. Outbound, a {@link
 * io.relayminer.transport.BackendProvider} creates {@link io.relayminer.transport.Backend}s, the
 * connection pools through which requests are sent to nodes. Providers are found and chosen as
 * {@link io.relayminer.provider.Providers} says. Everything here is expressed in JDK types, so that
 * a plugin needs no other part of the product.
 *
 * <p><b>Conversations.</b> A relay is a conversation. Most have one message and one answer, and a
 * direct way: {@link io.relayminer.transport.RelayHandler#handle} and {@link
 * io.relayminer.transport.Backend#send}. An answer may be a stream ({@link
 * io.relayminer.transport.RelayReply.Streamed}, {@link
 * io.relayminer.transport.BackendResult.Streamed}); and both sides may talk as long as they like
 * ({@link io.relayminer.transport.RelayHandler#open}, {@link
 * io.relayminer.transport.Backend#open}). Whatever flows is pushed to its receiver, one piece at a
 * time: the next one follows when the receiver has said that it is ready, so that the slowest part
 * sets the pace and memory stays bounded. {@link io.relayminer.transport.FrameReceiver} has the
 * rules.
 *
 * <p><b>Threads.</b> All calls in both directions may be made on an event loop and must not block.
 * Stages may be completed on any thread; whoever owns a thread-bound resource moves back to it.
 */
@NullMarked
package io.relayminer.transport;

import org.jspecify.annotations.NullMarked;
