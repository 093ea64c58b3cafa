/**
 * The relay meter: how much work a supplier may do for one application in one session and still be
 * paid.
 *
 * <p>The budget of a (session, supplier) is one counter in Redis that all relayers of a fleet
 * share, whatever they are written in. A relayer takes a small lease of budget at a time and spends
 * it relay by relay in memory, so that metering costs no round trip on the path of most relays;
 * what is not spent goes back.
 */
@NullMarked
package io.relayminer.core.meter;

import org.jspecify.annotations.NullMarked;
