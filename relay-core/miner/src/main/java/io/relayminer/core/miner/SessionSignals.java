package io.relayminer.core.miner;

/** What other processes are told when a session moves on. Best effort; must not throw. */
interface SessionSignals {

    /** A session takes no more relays: relayers may drop its meter. */
    void sealed(String supplier, String sessionId);

    /** An application and a service were met for the first time by this worker. */
    void met(String application, String service);
}
