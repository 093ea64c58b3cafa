package io.relayminer.core.relay;

import io.relayminer.core.wire.session.SessionHeader;

/**
 * All five fields of a session header: two relays with the same key claim exactly the same session.
 *
 * @param application application address
 * @param serviceId service
 * @param sessionId session id, hex text
 * @param start first block
 * @param end last block
 */
record SessionKey(String application, String serviceId, String sessionId, long start, long end) {

    static SessionKey of(SessionHeader header) {
        return new SessionKey(
                header.getApplicationAddress(),
                header.getServiceId(),
                header.getSessionId(),
                header.getSessionStartBlockHeight(),
                header.getSessionEndBlockHeight());
    }
}
