/**
 * The gateway's side of a relay: signing requests with ring signatures, checking answers the way
 * gateways do, and doing both at a given rate.
 */
@NullMarked
package io.relayminer.testkit.gateway;

import org.jspecify.annotations.NullMarked;
