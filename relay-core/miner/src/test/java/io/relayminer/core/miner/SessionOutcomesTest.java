package io.relayminer.core.miner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.relayminer.core.chain.TxFailure;
import io.relayminer.core.miner.store.SessionRecord;
import io.relayminer.core.miner.store.SessionState;
import io.relayminer.core.miner.store.SubmissionRecord;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.transport.MinedRelay;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.math.BigInteger;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Every way in which a session can end, and what is written down about it. */
class SessionOutcomesTest {

    private static final String SUPPLIER = "pokt19a3t4yunp0dlpfjrp7qwnzwlrzd5fzs2gjaaaj";
    private static final String APPLICATION = "pokt1mrqt5f7qh8uxs27cjm9t7v9e74a9vvdnq5jva4";

    /** Sessions are blocks 1 to 6; claims 8 to 16, proofs 16 to 24. */
    private static final long END = 6;

    private static final long CLAIM_OPEN = 8;
    private static final long CLAIM_CLOSE = 16;
    private static final long SETTLEMENT = 24;

    private static final class World {
        final SimFaults faults = new SimFaults(new Random(1));
        final SimRedis redis = new SimRedis(faults);
        final SimChain chain;
        final SupplierWorker.Services services;
        SupplierWorker worker;
        String session = "";

        World(double probability, MinerSettings settings) {
            chain = new SimChain(faults, new Random(2), List.of(SUPPLIER), probability);
            services = SimWorld.services(redis, chain, settings);
            start();
        }

        World(double probability) {
            this(probability, MinerSettings.DEFAULT);
        }

        void start() {
            var fence = redis.grant(SUPPLIER, "m");
            worker =
                    new SupplierWorker(
                            new OwnedSupplier(
                                    SUPPLIER, new SimWorld.Signer(SUPPLIER), fence, () -> true),
                            services);
        }

        MinedRelay relay(int number) {
            SessionHeader header = chain.header(APPLICATION, "svc1", END);
            session = header.getSessionId();
            MinedRelay relay = SimWorld.relay(chain, header, SUPPLIER, number, true);
            redis.append(relay);
            return relay;
        }

        World withRelays(int count) {
            for (int i = 0; i < count; i++) {
                relay(i);
            }
            return this;
        }

        void turn() {
            worker.block(chain.blocks.get(chain.height));
            try {
                worker.turn(Duration.ZERO);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }

        /** Looks at every block up to a height. */
        World until(long height) {
            turn();
            while (chain.height < height) {
                chain.advance();
                turn();
            }
            return this;
        }

        /** Blocks pass and nobody looks. */
        World asleepUntil(long height) {
            while (chain.height < height) {
                chain.advance();
            }
            return this;
        }

        SessionRecord record() {
            return redis.records.get(SUPPLIER + "/" + session);
        }

        SessionState state() {
            return record().knownState().orElseThrow();
        }

        SubmissionRecord submission() {
            return redis.submissions.get(SUPPLIER + "/" + session);
        }

        double count(String name, String... tags) {
            Counter counter = services.metrics().registry().find(name).tags(tags).counter();
            return counter == null ? 0 : counter.count();
        }

        /** A gauge of the session, negative if there is none. */
        double ofSession(String name) {
            Gauge gauge =
                    services.metrics()
                            .registry()
                            .find("ha_miner_" + name)
                            .tags("supplier", SUPPLIER, "session_id", session)
                            .gauge();
            return gauge == null ? -1 : gauge.value();
        }

        void nothingIsLeft() {
            assertEquals(Map.of(), redis.messages);
            assertEquals(0, redis.treeCount());
            assertEquals(List.of(), List.copyOf(worker.sessions().sessions()));
        }
    }

    @Test
    void aRequiredProofIsSentOnceAndPaid() {
        World w = new World(1).withRelays(3).until(SETTLEMENT + 1);
        assertEquals(SessionState.PROVED, w.state());
        assertEquals(Map.of(w.session + "/" + SUPPLIER, 1), w.chain.proofsCharged);
        SubmissionRecord s = w.submission();
        assertTrue(s.proofRequired());
        assertEquals(SubmissionRecord.FOUND, s.claim().outcome());
        assertEquals(SubmissionRecord.FOUND, s.proof().outcome());
        assertEquals(3, s.relays());
        assertEquals("settled_proven", w.record().settlement().outcome());
        w.nothingIsLeft();
    }

    @Test
    void aSessionWithoutProofIsPaidToo() {
        World w = new World(0).withRelays(3).until(SETTLEMENT + 1);
        assertEquals(SessionState.PROBABILISTIC_PROVED, w.state());
        assertEquals(Map.of(), w.chain.proofsCharged);
        assertEquals("settled_unproven", w.record().settlement().outcome());
        w.nothingIsLeft();
    }

    @Test
    void aSessionIsLeftOpenForItsLateRelays() {
        World w = new World(0).withRelays(2).until(CLAIM_OPEN);
        assertEquals(SessionState.ACTIVE, w.state());
        w.relay(2);
        w.until(CLAIM_OPEN + 1);
        assertNotEquals(SessionState.ACTIVE, w.state());
        assertEquals(3, w.record().relayCount());
    }

    @Test
    void aSessionIsShownUntilItIsOver() {
        World w = new World(0).withRelays(2).until(CLAIM_OPEN - 1);
        String[] names = {
            "session_relay_count",
            "session_compute_units",
            "claim_scheduled_height",
            "proof_scheduled_height"
        };
        assertEquals(2, w.ofSession(names[0]));
        assertEquals(2 * SimChain.UNITS, w.ofSession(names[1]));
        assertEquals(CLAIM_OPEN, w.ofSession(names[2]));
        assertEquals(CLAIM_CLOSE, w.ofSession(names[3]));
        w.relay(2);
        w.until(CLAIM_OPEN + 1);
        assertEquals(3, w.ofSession(names[0]));
        w.until(SETTLEMENT + 1);
        for (String name : names) {
            assertEquals(-1, w.ofSession(name), name);
        }
    }

    @Test
    void aReleasedSupplierLeavesNoSessionBehind() {
        World w = new World(0).withRelays(2).until(CLAIM_OPEN - 1);
        w.worker.stop();
        w.worker.run();
        assertEquals(-1, w.ofSession("session_relay_count"));
    }

    @Test
    void relaysThatDidNotBecomeLeavesAreCounted() {
        World w = new World(0).withRelays(2);
        w.redis.full = true;
        w.turn();
        String failed = "ha_miner_relays_failed_smst";
        assertEquals(2, w.count(failed, "supplier", SUPPLIER, "reason", "transient_error"));
        assertEquals(0, w.redis.treeCount());
        w.redis.full = false;
        w.until(CLAIM_OPEN + 1);
        assertEquals(2, w.record().relayCount());
        w.relay(2);
        w.turn();
        assertEquals(1, w.count(failed, "supplier", SUPPLIER, "reason", "session_sealed"));
        assertEquals(3, w.count("ha_transport_redis_acked", "supplier_addr", SUPPLIER));
    }

    @Test
    void whatTellsAboutProofsAndCannotBeReadIsCounted() {
        World w = new World(1).withRelays(3).until(CLAIM_CLOSE - 2);
        w.chain.unanswered.add("proofParams");
        w.until(CLAIM_CLOSE);
        assertTrue(
                w.count(
                                "ha_miner_proof_requirement_errors",
                                "supplier",
                                SUPPLIER,
                                "operation",
                                "get_proof_params")
                        > 0);
        assertNotEquals(SessionState.PROVING, w.state());
        w.chain.unanswered.clear();
        w.until(SETTLEMENT + 1);
        assertEquals(SessionState.PROVED, w.state());
    }

    @Test
    void whatIsNotWorthItsFeesIsNotClaimed() {
        MinerSettings d = MinerSettings.DEFAULT;
        MinerSettings dear =
                new MinerSettings(
                        d.batchSize(),
                        d.commitRelays(),
                        d.commitBytes(),
                        d.pollWait(),
                        d.claimSettle(),
                        d.claimPolicy(),
                        d.claimBatching(),
                        d.proofBatching(),
                        d.maxResends(),
                        d.chainTimeout(),
                        1_000_000);
        World w = new World(1, dear).withRelays(3).until(CLAIM_OPEN + 2);
        assertEquals(SessionState.CLAIM_SKIPPED, w.state());
        w.nothingIsLeft();
        assertEquals(1, w.count("ha_miner_claims_skipped", "supplier", SUPPLIER));
    }

    @Test
    void aClaimWaitsUntilItsProofCanBePaid() {
        World w = new World(1).withRelays(3);
        w.chain.balance = BigInteger.TWO;
        w.until(CLAIM_OPEN + 4);
        assertEquals(SessionState.CLAIMING, w.state());
        assertEquals(Map.of(), w.redis.messages);
        w.chain.balance = BigInteger.valueOf(1000);
        w.until(SETTLEMENT + 1);
        assertEquals(SessionState.PROVED, w.state());
    }

    @Test
    void aRefusedClaimEndsTheSession() {
        World w = new World(1).withRelays(3);
        w.chain.refusesClaims = TxFailure.Kind.MESSAGE_REFUSED;
        w.until(CLAIM_OPEN + 2);
        assertEquals(SessionState.CLAIM_TX_ERROR, w.state());
        assertTrue(w.submission().claim().errorReason().contains("MESSAGE_REFUSED"));
        w.nothingIsLeft();
    }

    @Test
    void aMissedWindowEndsTheSession() {
        World w = new World(1).withRelays(3).until(END).asleepUntil(CLAIM_CLOSE + 1);
        w.until(CLAIM_CLOSE + 2);
        assertEquals(SessionState.CLAIM_WINDOW_CLOSED, w.state());
        w.nothingIsLeft();
    }

    @Test
    void aClaimThatNoBlockTakesIsLookedForThreeTimes() {
        World w = new World(1).withRelays(3);
        w.chain.forgets = true;
        w.until(CLAIM_CLOSE + 1);
        assertEquals(SessionState.CLAIMED, w.state());
        assertEquals(SubmissionRecord.MISSING, w.submission().claim().outcome());
        w.until(CLAIM_CLOSE + 2);
        assertEquals(SessionState.CLAIM_MISSING, w.state());
        w.nothingIsLeft();
    }

    @Test
    void aProofThatNoBlockTakesCostsTheClaim() {
        World w = new World(1).withRelays(3).until(CLAIM_CLOSE - 2);
        assertEquals(SessionState.CLAIMED, w.state());
        w.chain.forgets = true;
        w.until(SETTLEMENT + 1);
        assertEquals(SessionState.PROOF_WINDOW_CLOSED, w.state());
        assertEquals("expired_proof_missing", w.record().settlement().outcome());
        assertEquals(SubmissionRecord.MISSING, w.submission().proof().outcome());
        w.nothingIsLeft();
    }

    @ParameterizedTest
    @CsvSource({
        "pocket.tokenomics.EventClaimExpired, PROOF_MISSING, PROOF_WINDOW_CLOSED,"
                + " expired_proof_missing",
        "pocket.tokenomics.EventClaimExpired, PROOF_INVALID, PROOF_TX_ERROR, expired_proof_invalid",
        "pocket.tokenomics.EventClaimExpired, 2, PROOF_TX_ERROR, expired_proof_invalid",
        "pocket.tokenomics.EventClaimDiscarded, any, CLAIM_TX_ERROR, discarded",
    })
    void theChainHasTheLastWord(String event, String reason, SessionState state, String outcome) {
        World w = new World(1).withRelays(3);
        w.chain.verdict = List.of(event, reason);
        w.until(SETTLEMENT + 1);
        assertEquals(state, w.state());
        assertEquals(outcome, w.record().settlement().outcome());
        assertEquals(SETTLEMENT, w.record().settlement().height());
        assertEquals(
                event.endsWith("Expired") ? 300 : 0,
                w.count("ha_miner_upokt_expired_by_reason", "supplier", SUPPLIER));
        assertEquals(
                event.endsWith("Expired") ? 1 : 0,
                w.count("ha_miner_supplier_slashed", "supplier", SUPPLIER));
        w.nothingIsLeft();
    }

    @ParameterizedTest
    @CsvSource({"1, PROVED", "0, PROBABILISTIC_PROVED"})
    void withoutAnEventTheResultIsInferred(double probability, SessionState state) {
        World w = new World(probability).withRelays(3);
        w.chain.verdict = List.of();
        w.until(SETTLEMENT + 1);
        assertEquals(state, w.state());
        assertNull(w.record().settlement());
        w.nothingIsLeft();
    }

    @Test
    void resultsThatCannotBeReadAreAskedForAgain() {
        World w = new World(1).withRelays(3);
        w.chain.resultsReadable = false;
        w.until(SETTLEMENT + 10);
        assertEquals(11, w.count("ha_miner_block_results_retries"));
        assertEquals(SessionState.PROVING, w.state());
        w.chain.resultsReadable = true;
        w.until(SETTLEMENT + 11);
        assertEquals(SessionState.PROVED, w.state());
        assertEquals("settled_proven", w.record().settlement().outcome());
    }

    @Test
    void resultsThatAreNeverReadableAreInferredInTheEnd() {
        World w = new World(1).withRelays(3);
        w.chain.resultsReadable = false;
        w.until(SETTLEMENT + 19);
        assertEquals(SessionState.PROVING, w.state());
        w.until(SETTLEMENT + 20);
        assertEquals(SessionState.PROVED, w.state());
        w.nothingIsLeft();
    }

    /** A second proof would be charged again, so a successor looks for its predecessor's first. */
    @Test
    void aSuccessorFindsTheProofOfItsPredecessor() {
        World w = new World(1).withRelays(3).until(CLAIM_CLOSE);
        assertEquals(SessionState.PROVING, w.state());
        String sent = w.record().proofTxHash();
        assertTrue(!sent.isEmpty());
        w.start();
        w.turn();
        w.until(SETTLEMENT + 1);
        assertEquals(SessionState.PROVED, w.state());
        assertEquals(sent, w.record().proofTxHash());
        assertEquals(Map.of(w.session + "/" + SUPPLIER, 1), w.chain.proofsCharged);
    }

    /** Its claim waits in the mempool, but only the outbox speaks of it. */
    @Test
    void aSuccessorWaitsForTheClaimOfItsPredecessor() {
        World w = new World(1).withRelays(3).until(CLAIM_OPEN + 1);
        assertEquals(1, w.redis.messages.size());
        SessionRecord r = w.record();
        w.redis.records.put(
                SUPPLIER + "/" + w.session, r.withState(SessionState.CLAIMING, r.createdAt()));
        w.start();
        w.turn();
        w.until(SETTLEMENT + 1);
        assertEquals(SessionState.PROVED, w.state());
        assertEquals(List.of(w.session + "/" + SUPPLIER), w.chain.claimsExecuted);
    }

    /** It died after it had stored the claim and before it sent it. */
    @Test
    void aSuccessorSendsTheClaimThatItsPredecessorDidNot() {
        World w = new World(1).withRelays(3);
        w.chain.forgets = true;
        w.until(CLAIM_OPEN + 1);
        assertEquals(1, w.redis.messages.size());
        w.chain.advance();
        w.chain.forgets = false;
        w.start();
        w.until(SETTLEMENT + 1);
        assertEquals(SessionState.PROVED, w.state());
        assertEquals(List.of(w.session + "/" + SUPPLIER), w.chain.claimsExecuted);
    }

    /** Sleeping through everything after the claim loses the claim but leaves nothing over. */
    @Test
    void aSuccessorThatComesTooLateTidiesUp() {
        World w = new World(1).withRelays(3).until(CLAIM_OPEN + 3).asleepUntil(SETTLEMENT + 5);
        w.start();
        w.until(SETTLEMENT + 6);
        assertEquals(SessionState.PROOF_WINDOW_CLOSED, w.state());
        w.nothingIsLeft();
    }
}
