package io.relayminer.core.chain;

/**
 * Price of a relay in compute units.
 *
 * @param perRelay compute units per relay, unsigned
 * @param atHeight whether it is the value at the height that was asked for; if not, the nodes
 *     cannot answer for heights and this is the current value
 */
public record ComputeUnits(long perRelay, boolean atHeight) {}
