package io.relayminer.core.relay;

import io.relayminer.core.backend.BackendAnswer;
import io.relayminer.core.meter.Reservation;
import io.relayminer.core.wire.ReceivedRequest;
import io.relayminer.core.wire.sdk.POKTHTTPRequest;
import io.relayminer.core.wire.service.RelayResponse;
import io.relayminer.transport.Cancellation;
import io.relayminer.transport.InboundRelay;

import org.jspecify.annotations.Nullable;

import java.util.Objects;

/**
 * What is known of one relay so far. Each step reads what earlier steps left and leaves what later
 * ones need; asking for something before its step has run is a defect.
 *
 * <p>One step runs at a time, and a stage's completion orders one step before the next, so the
 * fields need no other synchronisation. Under optimistic validation the backend call is the one
 * thing that happens beside another step; it only delivers its answer.
 */
final class RelayInProgress {

    final InboundRelay inbound;

    /** Block height when the relay arrived; judges the whole relay. 0 if unknown. */
    final long arrivalHeight;

    /** Ends the backend call when the client has gone or the relay turned out to be forged. */
    final Cancellation cancellation = new Cancellation();

    String serviceId = "unknown";
    RpcType type = RpcType.UNKNOWN;

    /** Whether {@code relays_received_total} was bumped. */
    boolean counted;

    long backendStartNanos;
    long backendNanos;
    private @Nullable ReceivedRequest request;
    private @Nullable POKTHTTPRequest http;
    private @Nullable ServiceProfile service;
    private @Nullable SessionContext session;
    private @Nullable Reservation reservation;
    private BackendAnswer.@Nullable Answered answer;
    private @Nullable RelayResponse response;

    RelayInProgress(InboundRelay inbound, long arrivalHeight) {
        this.inbound = inbound;
        this.arrivalHeight = arrivalHeight;
        inbound.cancellation().onCancel(cancellation::cancel);
    }

    ReceivedRequest request() {
        return Objects.requireNonNull(request, "decode");
    }

    POKTHTTPRequest http() {
        return Objects.requireNonNull(http, "decode");
    }

    void decoded(ReceivedRequest received, POKTHTTPRequest inner) {
        request = received;
        http = inner;
    }

    ServiceProfile service() {
        return Objects.requireNonNull(service, "admit");
    }

    void service(ServiceProfile profile) {
        service = profile;
    }

    SessionContext session() {
        return Objects.requireNonNull(session, "verify");
    }

    void session(SessionContext verified) {
        session = verified;
    }

    void reserved(Reservation held) {
        reservation = held;
    }

    /** Gives back what the meter holds for this relay; harmless if it holds nothing. */
    void refund() {
        Reservation held = reservation;
        if (held != null) {
            held.refund();
        }
    }

    BackendAnswer.Answered answer() {
        return Objects.requireNonNull(answer, "forward");
    }

    void answered(BackendAnswer.Answered backend) {
        answer = backend;
    }

    RelayResponse response() {
        return Objects.requireNonNull(response, "respond");
    }

    void signed(RelayResponse signed) {
        response = signed;
    }

    String supplier() {
        return request().supplier();
    }
}
