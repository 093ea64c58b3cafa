package io.relayminer.core.meter;

/**
 * What the budget of a (session, supplier) is computed from, and the result.
 *
 * @param serviceFactor factor configured for the service, 0 if none
 * @param applicationStake stake of the application, upokt
 * @param limit budget, upokt
 */
public record MeterTerms(double serviceFactor, long applicationStake, long limit) {}
