/**
 * The built-in HTTP transport and HTTP backend client, on Vert.x event loops.
 *
 * <p>Inbound, one port speaks HTTP/1.1 and HTTP/2 with prior knowledge; every request that is not a
 * health path is a relay, whatever its method and path. Outbound, keep-alive pools speak HTTP/1.1,
 * and HTTP/2 where TLS negotiates it. Both sides share one set of event loops per process, so that
 * a relay whose backend connection lives on the loop that received it never changes threads.
 */
@NullMarked
package io.relayminer.transport.vertx;

import org.jspecify.annotations.NullMarked;
