package io.relayminer.core.miner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.relayminer.core.chain.TxFailure;
import io.relayminer.core.miner.store.MinerStoreException;
import io.relayminer.core.miner.store.RelayEntry;
import io.relayminer.core.miner.store.SessionRecord;
import io.relayminer.core.miner.store.SessionState;
import io.relayminer.core.miner.store.SubmissionReport;
import io.relayminer.core.miner.store.SupplierStore;
import io.relayminer.core.wire.RelayCodec;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.transport.MinedRelay;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.math.BigInteger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

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
        final SimStore store;
        final SimChain chain;
        final SupplierWorker.Services services;
        SupplierWorker worker;
        String session = "";

        World(double probability, MinerSettings settings) {
            chain = new SimChain(faults, new Random(2), List.of(SUPPLIER), probability);
            store = new SimStore(faults, chain::now);
            services = SimWorld.services(store, chain, settings);
            start();
        }

        World(double probability) {
            this(probability, MinerSettings.DEFAULT);
        }

        void start() {
            var fence = store.grant(SUPPLIER, "m");
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
            store.append(relay);
            return relay;
        }

        World withRelays(int count) {
            for (int i = 0; i < count; i++) {
                relay(i);
            }
            return this;
        }

        /** One relay for each of that many sessions, which are of different services. */
        List<SessionHeader> withSessions(int count) {
            List<SessionHeader> headers = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                SessionHeader header = chain.header(APPLICATION, "svc" + i, END);
                headers.add(header);
                store.append(SimWorld.relay(chain, header, SUPPLIER, i, true));
            }
            session = headers.get(0).getSessionId();
            return headers;
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
            return store.memory.records(SUPPLIER).stream()
                    .filter(r -> r.sessionId().equals(session))
                    .findFirst()
                    .orElseThrow();
        }

        SessionState state() {
            return record().knownState().orElseThrow();
        }

        SubmissionReport submission() {
            return store.memory.reports(SUPPLIER).stream()
                    .filter(r -> r.sessionId().equals(session))
                    .findFirst()
                    .orElseThrow();
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
            assertEquals(0, store.memory.messages(SUPPLIER));
            assertEquals(0, store.memory.trees(SUPPLIER));
            assertEquals(List.of(), List.copyOf(worker.sessions().sessions()));
        }
    }

    @Test
    void aRequiredProofIsSentOnceAndPaid() {
        World w = new World(1).withRelays(3).until(SETTLEMENT + 1);
        assertEquals(SessionState.PROVED, w.state());
        assertEquals(Map.of(w.session + "/" + SUPPLIER, 1), w.chain.proofsCharged);
        SubmissionReport s = w.submission();
        assertTrue(s.proofRequired());
        assertEquals(SubmissionReport.FOUND, s.claim().outcome());
        assertEquals(SubmissionReport.FOUND, s.proof().outcome());
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
        w.store.full = true;
        w.turn();
        String failed = "ha_miner_relays_failed_smst";
        assertEquals(2, w.count(failed, "supplier", SUPPLIER, "reason", "transient_error"));
        assertEquals(0, w.store.memory.trees(SUPPLIER));
        w.store.full = false;
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
        assertEquals(0, w.store.memory.messages(SUPPLIER));
        w.chain.balance = BigInteger.valueOf(1000);
        w.until(SETTLEMENT + 1);
        assertEquals(SessionState.PROVED, w.state());
    }

    /** Whatever the nodes say, nothing is given up while the window is open. */
    @ParameterizedTest
    @EnumSource(
            value = TxFailure.Kind.class,
            mode = EnumSource.Mode.EXCLUDE,
            names = {"PROOF_NOT_REQUIRED", "CLAIM_NOT_FOUND", "INSUFFICIENT_PROOF_FEE"})
    void aClaimThatIsRefusedForAWhileIsOnTheChainInTheEnd(TxFailure.Kind kind) {
        World w = new World(1).withRelays(3);
        w.chain.refusesClaims = kind;
        w.until(CLAIM_CLOSE - 3);
        assertEquals(SessionState.CLAIMING, w.state());
        assertEquals(1, w.store.memory.trees(SUPPLIER));
        w.chain.refusesClaims = null;
        w.until(SETTLEMENT + 1);
        assertEquals(SessionState.PROVED, w.state());
        w.nothingIsLeft();
    }

    @Test
    void aClaimThatIsRefusedToTheEndIsToldSo() {
        World w = new World(1).withRelays(3);
        w.chain.refusesClaims = TxFailure.Kind.MESSAGE_REFUSED;
        w.until(CLAIM_CLOSE + 3);
        assertTrue(w.submission().claim().errorReason().contains("MESSAGE_REFUSED"));
        assertEquals(1, w.store.memory.trees(SUPPLIER), "no tree goes before settlement is known");
        w.until(SETTLEMENT + 1);
        assertEquals(SessionState.CLAIM_TX_ERROR, w.state());
        w.nothingIsLeft();
    }

    @Test
    void aMissedWindowEndsTheSession() {
        World w = new World(1).withRelays(3).until(END).asleepUntil(CLAIM_CLOSE + 1);
        w.until(CLAIM_CLOSE + 2);
        assertEquals(1, w.store.memory.trees(SUPPLIER));
        w.until(SETTLEMENT + 1);
        assertEquals(SessionState.CLAIM_WINDOW_CLOSED, w.state());
        w.nothingIsLeft();
    }

    @Test
    void aClaimThatNoBlockTakesIsKeptUntilSettlementIsKnown() {
        World w = new World(1).withRelays(3);
        w.chain.forgets = true;
        w.until(CLAIM_CLOSE + 3);
        assertEquals(SessionState.CLAIMED, w.state());
        assertEquals(SubmissionReport.MISSING, w.submission().claim().outcome());
        assertEquals(1, w.store.memory.trees(SUPPLIER));
        w.until(SETTLEMENT + 1);
        assertEquals(SessionState.CLAIM_MISSING, w.state());
        w.nothingIsLeft();
    }

    /** A node that lags does not list a claim that is on the chain. */
    @Test
    void aClaimThatANodeDoesNotListIsProvedWhenItDoesAgain() {
        World w = new World(1).withRelays(3).until(CLAIM_CLOSE - 4);
        w.chain.hidesClaims = true;
        w.until(CLAIM_CLOSE + 4);
        assertEquals(1, w.store.memory.trees(SUPPLIER));
        w.chain.hidesClaims = false;
        w.until(SETTLEMENT + 1);
        assertEquals(SessionState.PROVED, w.state());
    }

    /** What was executed is on the chain, whether or not somebody can look it up. */
    @Test
    void withoutAnIndexOfTransactionsTheSameBytesAreSentAgainAndWhatWasExecutedIsSeen() {
        World w = new World(1).withRelays(3);
        w.chain.indexed = false;
        w.chain.forgets = true;
        w.until(CLAIM_OPEN + 5);
        assertTrue(w.chain.broadcasts >= 4, () -> w.chain.broadcasts + " broadcasts");
        w.chain.forgets = false;
        w.until(CLAIM_CLOSE);
        assertEquals(List.of(w.session + "/" + SUPPLIER), w.chain.claimsExecuted);
        w.start();
        w.until(SETTLEMENT + 1);
        assertEquals(SessionState.PROVED, w.state());
        assertEquals(Map.of(w.session + "/" + SUPPLIER, 1), w.chain.proofsCharged);
    }

    @Test
    void withoutAnIndexASuccessorClaimsWhatWasNotClaimed() {
        World w = new World(1).withRelays(3);
        w.chain.indexed = false;
        w.chain.forgets = true;
        w.until(CLAIM_OPEN + 1);
        w.chain.advance();
        w.chain.forgets = false;
        w.start();
        w.until(CLAIM_OPEN + 4);
        assertEquals(List.of(w.session + "/" + SUPPLIER), w.chain.claimsExecuted);
    }

    /**
     * Unknown is not absent: nothing is signed a second time because a question went unanswered.
     */
    @Test
    void aClaimIsNotSignedAgainWhileTheChainDoesNotAnswer() {
        World w = new World(1).withRelays(3).until(CLAIM_OPEN + 1);
        w.chain.unanswered.add("claims");
        w.until(CLAIM_CLOSE - 2);
        assertEquals(List.of(w.session + "/" + SUPPLIER), w.chain.claimsExecuted);
        w.chain.unanswered.clear();
        w.until(SETTLEMENT + 1);
        assertEquals(SessionState.PROVED, w.state());
        assertEquals(List.of(w.session + "/" + SUPPLIER), w.chain.claimsExecuted);
    }

    /** Nothing a predecessor sent is known to have failed, so it is waited for. */
    @Test
    void aSuccessorDoesNotSignAgainWhileTheChainDoesNotAnswer() {
        World w = new World(1).withRelays(3).until(CLAIM_OPEN + 2);
        w.chain.unanswered.add("claims");
        w.start();
        w.until(CLAIM_CLOSE - 2);
        assertEquals(List.of(w.session + "/" + SUPPLIER), w.chain.claimsExecuted);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void ofABatchThatRunsOutOfGasAllAreSettled(boolean named) {
        World w = new World(1);
        List<SessionHeader> headers = w.withSessions(30);
        w.chain.gasOfTransaction = 7;
        w.chain.namesTheMessage = named;
        w.until(SETTLEMENT + 1);
        assertEquals(30, w.chain.settled.size());
        assertEquals(30, headers.size());
        w.chain.claimsExecuted.sort(null);
        assertEquals(30, Set.copyOf(w.chain.claimsExecuted).size());
    }

    /** Whatever is wrong with one message, the others do not wait for it. */
    @ParameterizedTest
    @EnumSource(
            value = TxFailure.Kind.class,
            mode = EnumSource.Mode.EXCLUDE,
            names = {"UNAVAILABLE", "MEMPOOL_FULL"})
    void ofABatchWithAPoisonedMessageAllOthersAreSettled(TxFailure.Kind kind) {
        World w = new World(1);
        List<SessionHeader> headers = w.withSessions(30);
        w.chain.poisoned = headers.get(11).getSessionId();
        w.chain.refusesClaims = kind;
        w.chain.namesTheMessage = false;
        w.until(SETTLEMENT + 1);
        assertEquals(29, w.chain.settled.size(), () -> "settled with " + kind);
    }

    @Test
    void ofABatchThatWasDroppedAllAreSentAgain() {
        World w = new World(1);
        w.withSessions(30);
        w.chain.forgets = true;
        w.until(CLAIM_OPEN + 2);
        w.chain.forgets = false;
        w.until(SETTLEMENT + 1);
        assertEquals(30, w.chain.settled.size());
    }

    @Test
    void aProofThatNoBlockTakesCostsTheClaim() {
        World w = new World(1).withRelays(3).until(CLAIM_CLOSE - 2);
        assertEquals(SessionState.CLAIMED, w.state());
        w.chain.forgets = true;
        w.until(SETTLEMENT + 1);
        assertEquals(SessionState.PROOF_WINDOW_CLOSED, w.state());
        assertEquals("expired_proof_missing", w.record().settlement().outcome());
        assertEquals(SubmissionReport.MISSING, w.submission().proof().outcome());
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
        World w = new World(1).withRelays(3);
        w.chain.mute = true;
        w.until(CLAIM_OPEN + 1);
        assertEquals(1, w.store.memory.messages(SUPPLIER));
        assertEquals(SessionState.CLAIMING, w.state());
        w.chain.mute = false;
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
        assertEquals(1, w.store.memory.messages(SUPPLIER));
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

    /** The answer to the read was lost, and with it the only relay of the session. */
    @Test
    void whatWasDeliveredToNobodyIsTakenOverAtOnce() {
        World w = new World(1);
        w.turn();
        w.relay(0);
        w.store.losesNextPoll = true;
        assertThrows(MinerStoreException.class, w::turn);
        w.turn();
        assertEquals(1, w.record().relayCount());
    }

    /** A predecessor that was paused in a read took them with it, a moment ago. */
    @Test
    void whatAnotherReceivedIsTakenOverBeforeASessionIsSealed() throws Exception {
        World w = new World(1).withRelays(3).until(2);
        SupplierStore zombie = w.store.memory.open(SUPPLIER, w.store.grant(SUPPLIER, "zombie"));
        w.start();
        w.turn();
        w.relay(3);
        List<RelayEntry> stolen = zombie.poll(10, Duration.ZERO);
        assertEquals(1, stolen.size());
        w.until(CLAIM_OPEN + 1);
        assertEquals(4, w.record().relayCount());
    }

    /** Its end height is that of no session, and it says so first. */
    @Test
    void anEntryThatCannotBeJudgedTakesNoOtherWithIt() {
        World w = new World(1);
        SessionHeader header = w.chain.header(APPLICATION, "svc1", END);
        MinedRelay sound = SimWorld.relay(w.chain, header, SUPPLIER, 0, true);
        w.store.append(
                new MinedRelay(
                        sound.relayHash(),
                        sound.relayBytes(),
                        sound.computeUnitsPerRelay(),
                        sound.sessionId(),
                        sound.sessionStartHeight(),
                        END + 1,
                        SUPPLIER,
                        sound.serviceId(),
                        sound.application(),
                        sound.arrivalHeight(),
                        1));
        w.withRelays(3).until(CLAIM_OPEN + 1);
        assertEquals(3, w.record().relayCount());
        assertEquals(1, w.store.memory.setAside(SUPPLIER).size(), "it is not of this session");
        assertEquals(0, w.store.memory.backlog(SUPPLIER));
    }

    @Test
    void whatTheChainDefinitelyRefusesHoldsUpNobodyAndIsSetAsideInTheEnd() {
        World w = new World(1).withRelays(2);
        w.chain.refusedServices.add("svc9");
        w.store.append(
                SimWorld.relay(
                        w.chain, w.chain.header(APPLICATION, "svc9", END), SUPPLIER, 7, true));
        w.until(3);
        assertEquals(2, w.record().relayCount());
        assertEquals(List.of(), w.store.memory.setAside(SUPPLIER));
        w.until(6);
        assertEquals(1, w.store.memory.setAside(SUPPLIER).size());
        w.until(SETTLEMENT + 1);
        assertEquals(SessionState.PROVED, w.state());
    }

    @Test
    void anUnforeseenFaultInOneSessionStopsNoOther() {
        World w = new World(1);
        List<SessionHeader> headers = w.withSessions(3);
        w.store.faultyTree = headers.get(0).getSessionId();
        w.until(CLAIM_CLOSE - 2);
        assertEquals(2, Set.copyOf(w.chain.claimsExecuted).size());
        w.store.faultyTree = "";
        w.until(SETTLEMENT + 1);
        assertEquals(3, w.chain.settled.size());
    }

    /** One leaf is lost after the seal: the others are worth a claim. */
    @Test
    void aLeafThatIsLostCostsNoMoreThanItself() {
        World w = new World(1).withRelays(3).until(CLAIM_OPEN);
        w.store.lostLeaves = 1;
        w.until(SETTLEMENT + 1);
        assertEquals(SessionState.PROVED, w.state());
        assertEquals(
                2, w.chain.settled.get(w.session + "/" + SUPPLIER).count(), "leaves are claimed");
    }

    /** Of two sessions the older one is over, and the younger one's window is open. */
    @Test
    void whatClosesNextComesBeforeWhatIsOver() {
        World w = new World(0).withRelays(2).until(2 * END + 1);
        long end = w.chain.header(APPLICATION, "svc1", w.chain.height).getSessionEndBlockHeight();
        w.until(end);
        w.store.append(
                SimWorld.relay(
                        w.chain, w.chain.header(APPLICATION, "svc1", end), SUPPLIER, 50, true));
        w.chain.unanswered.add("events");
        w.chain.unanswered.add("proofParams");
        w.until(SETTLEMENT);
        assertEquals(SessionState.CLAIMED, w.state(), "its settlement cannot be read yet");
        w.chain.unanswered.clear();
        w.chain.asked.clear();
        w.until(SETTLEMENT + 1);
        int sending = w.chain.asked.indexOf("prepare");
        int settling = w.chain.asked.indexOf("events");
        assertTrue(sending >= 0 && sending < settling, w.chain.asked::toString);
    }

    @ParameterizedTest
    @CsvSource({"0.05, CLAIMED", "0.9, CLAIM_SKIPPED"})
    void byDefaultAClaimIsMadeIfItIsWorthItsExpectedCost(double probability, SessionState state) {
        World w = new World(probability);
        w.chain.proofFee = 200_000;
        w.withRelays(1).until(CLAIM_OPEN + 2);
        assertEquals(state, w.state());
    }

    /** Paying more than claim and penalty together would be a loss twice. */
    @Test
    void aProofThatCostsMoreThanItSavesIsNotSent() {
        World w =
                new World(
                                1,
                                MinerSettings.DEFAULT.withClaimPolicy(
                                        MinerSettings.ClaimPolicy.ALWAYS))
                        .withRelays(1)
                        .until(CLAIM_CLOSE - 2);
        w.chain.proofFee = 1_000_000;
        w.until(SETTLEMENT + 1);
        assertEquals(Map.of(), w.chain.proofsCharged);
        assertEquals(SessionState.PROOF_WINDOW_CLOSED, w.state());
    }

    private static MinedRelay changed(MinedRelay relay, byte[] bytes, long units) {
        return new MinedRelay(
                RelayCodec.relayHash(bytes),
                bytes,
                units,
                relay.sessionId(),
                relay.sessionStartHeight(),
                relay.sessionEndHeight(),
                relay.supplier(),
                relay.serviceId(),
                relay.application(),
                relay.arrivalHeight(),
                relay.publishedAtUnixNano());
    }

    @Test
    void aRelayThatNoProofCouldShowIsSetAside() {
        World w = new World(1).withRelays(2);
        MinedRelay relay =
                SimWorld.relay(
                        w.chain, w.chain.header(APPLICATION, "svc1", END), SUPPLIER, 9, true);
        w.store.append(changed(relay, new byte[1 << 20], SimChain.UNITS));
        w.until(SETTLEMENT + 1);
        assertEquals(2, w.record().relayCount());
        assertEquals(1, w.store.memory.setAside(SUPPLIER).size());
        assertEquals(SessionState.PROVED, w.state());
    }

    /** A relayer of another make that could not ask the chain writes a one. */
    @Test
    void aRelayOfUnknownWeightWeighsWhatItsSessionSays() {
        World w = new World(1).withRelays(2);
        MinedRelay relay =
                SimWorld.relay(
                        w.chain, w.chain.header(APPLICATION, "svc1", END), SUPPLIER, 9, true);
        w.store.append(changed(relay, relay.relayBytes(), 1));
        w.until(SETTLEMENT + 1);
        assertEquals(3, w.record().relayCount());
        assertEquals(3 * SimChain.UNITS, w.record().computeUnits());
        assertEquals(SessionState.PROVED, w.state());
    }

    /** What has to be proved already needs its fee, too. */
    @Test
    void theFeesOfEarlierClaimsAreNotSpentOnNewOnes() {
        World w = new World(1);
        List<SessionHeader> first = w.withSessions(2);
        w.chain.balance = BigInteger.valueOf(3 * (SimChain.FEE + 2));
        w.until(CLAIM_OPEN + 3);
        assertEquals(2, w.chain.claimsExecuted.size());
        List<SessionHeader> late = new ArrayList<>();
        for (int i = 2; i < 4; i++) {
            SessionHeader header = w.chain.header(APPLICATION, "svc" + i, END + 1);
            late.add(header);
            w.store.append(SimWorld.relay(w.chain, header, SUPPLIER, i, true));
        }
        w.until(CLAIM_CLOSE - 1);
        assertEquals(2, first.size());
        assertEquals(2, w.chain.claimsExecuted.size());
        w.until(CLAIM_CLOSE + 1);
        assertEquals(2, late.size());
    }
}
