package io.relayminer.core.relay;

import io.relayminer.core.meter.MeteredSession;
import io.relayminer.core.meter.RelayPrice;
import io.relayminer.ring.Ring;

import java.util.Set;

/**
 * Everything about a session that does not change while its relays are served, resolved once.
 *
 * <p>All values that price or judge a relay are those at the session's start height; nothing is
 * assumed when it cannot be read. The session windows follow from the shared parameters at the
 * start height as well: the chain lets their changes take effect only at the first block of a
 * session, so the parameters in force at a session's start and at its end agree in every timing
 * field.
 *
 * @param key the session as the chain knows it, field by field what an admitted relay claims
 * @param suppliers operator addresses of the session's suppliers
 * @param ring keys that may sign relays of the application in this session
 * @param graceEnd last block at which relays are accepted
 * @param lateFrom first block at which a relay comes so late that its claim may miss it
 * @param computeUnitsPerRelay weight of a leaf, at least 1
 * @param difficultyTarget 32 bytes; a relay is mined if its hash is below. Not modified
 * @param relayPrice price of a relay
 * @param applicationStake stake of the application, upokt
 * @param baseLimit meter budget of one supplier without a service factor, upokt
 */
@SuppressWarnings("ArrayRecordComponent") // an immutable constant of the session; never compared
record SessionContext(
        SessionKey key,
        Set<String> suppliers,
        Ring ring,
        long graceEnd,
        long lateFrom,
        long computeUnitsPerRelay,
        byte[] difficultyTarget,
        RelayPrice relayPrice,
        long applicationStake,
        long baseLimit) {

    /** The session as the meter sees it. */
    MeteredSession metered(String supplier) {
        return new MeteredSession(
                key.sessionId(),
                supplier,
                key.application(),
                key.serviceId(),
                key.end(),
                relayPrice,
                applicationStake,
                baseLimit);
    }
}
