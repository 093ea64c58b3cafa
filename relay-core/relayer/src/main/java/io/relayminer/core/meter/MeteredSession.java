package io.relayminer.core.meter;

/**
 * A (session, supplier) pair as the meter sees it.
 *
 * @param sessionId session id, hex text
 * @param supplier operator address
 * @param application application address
 * @param serviceId service
 * @param sessionEndHeight last block of the session
 * @param price price of one relay
 * @param applicationStake stake of the application, upokt
 * @param baseLimit budget without a service factor, upokt
 */
public record MeteredSession(
        String sessionId,
        String supplier,
        String application,
        String serviceId,
        long sessionEndHeight,
        RelayPrice price,
        long applicationStake,
        long baseLimit) {

    /** The terms under a service factor; {@code factor} 0 means none is configured. */
    MeterTerms terms(double factor) {
        return new MeterTerms(
                factor,
                applicationStake,
                factor > 0 ? (long) (applicationStake * factor) : baseLimit);
    }
}
