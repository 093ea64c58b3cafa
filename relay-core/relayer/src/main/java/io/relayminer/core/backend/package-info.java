/**
 * The outbound half of a relay: which node gets the request, what the request looks like, and what
 * to make of the answer.
 *
 * <p>{@link io.relayminer.core.backend.BackendPools} is the door. Behind it, each pair of service
 * and backend type has a pool of endpoints with load balancing, a circuit breaker per endpoint,
 * optional active health checks, and one deadline for all attempts at a relay. The wire itself is a
 * {@link io.relayminer.transport.Backend}, so nothing here knows an HTTP library.
 */
@NullMarked
package io.relayminer.core.backend;

import org.jspecify.annotations.NullMarked;
