package io.relayminer.core.session;

import com.google.protobuf.ByteString;

import io.relayminer.core.session.SupplierSelection.Candidate;
import io.relayminer.core.wire.BasicRules;
import io.relayminer.core.wire.application.Application;
import io.relayminer.core.wire.application.ApplicationServiceConfigUpdate;
import io.relayminer.core.wire.shared.Params;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The complete lookup of a session, the way the chain answers it: header, number, and the suppliers
 * in order, or the reason why there is no such session.
 */
public final class SessionHydration {

    /** Result of a lookup. */
    public sealed interface Result permits Found, Missing {}

    /**
     * A session.
     *
     * @param id its id
     * @param number its number, from 1
     * @param startHeight first block
     * @param endHeight last block
     * @param length blocks per session
     * @param suppliers operator addresses in order
     */
    public record Found(
            SessionId id,
            long number,
            long startHeight,
            long endHeight,
            long length,
            List<String> suppliers)
            implements Result {}

    /** No session. */
    public record Missing(Reason reason) implements Result {}

    /** Why there is no session, with the chain's error code in the session module. */
    public enum Reason {
        /** The height is ahead of the chain. */
        HEIGHT_AHEAD(1101),
        /** Not a service id. */
        INVALID_SERVICE_ID(1101),
        /** No such application. */
        APPLICATION_NOT_FOUND(1102),
        /** The application is not staked for the service. */
        APPLICATION_NOT_STAKED_FOR_SERVICE(1103),
        /** No supplier serves the service. */
        NO_SUPPLIERS(1104),
        /** The application has unstaked or moved away before this session. */
        APPLICATION_NOT_ACTIVE(1109);

        private final int code;

        Reason(int code) {
            this.code = code;
        }

        /** Error code in the chain's session codespace. */
        public int code() {
            return code;
        }
    }

    /**
     * What a lookup depends on.
     *
     * @param applicationAddress the application asked for
     * @param serviceId the service asked for
     * @param queryHeight height inside the session
     * @param chainHeight height of the chain that answers
     * @param params shared parameters at the query height
     * @param places suppliers per session at the query height
     * @param startBlockHash hash of the block the session starts with; empty if not known yet
     * @param application the application as it is registered now; empty if it is not
     * @param candidates all supplier configurations for the service
     * @param missingSuppliers operators that have a configuration but no record any more; the chain
     *     leaves them out after selecting
     */
    public record Query(
            String applicationAddress,
            String serviceId,
            long queryHeight,
            long chainHeight,
            Params params,
            long places,
            ByteString startBlockHash,
            Optional<Application> application,
            List<Candidate> candidates,
            Set<String> missingSuppliers) {}

    private SessionHydration() {}

    /** Looks up a session. */
    public static Result of(Query query) {
        if (query.queryHeight() > query.chainHeight()) {
            return new Missing(Reason.HEIGHT_AHEAD);
        }
        if (!BasicRules.isServiceId(query.serviceId())) {
            return new Missing(Reason.INVALID_SERVICE_ID);
        }
        Params params = query.params();
        long start = SessionGrid.startHeight(params, query.queryHeight());
        long end = SessionGrid.endHeight(params, query.queryHeight());
        if (query.application().isEmpty()) {
            return new Missing(Reason.APPLICATION_NOT_FOUND);
        }
        Application application = query.application().get();
        if (!isActive(application, end)) {
            return new Missing(Reason.APPLICATION_NOT_ACTIVE);
        }
        if (!isStakedFor(application, query.serviceId(), query.queryHeight())) {
            return new Missing(Reason.APPLICATION_NOT_STAKED_FOR_SERVICE);
        }
        SessionId id =
                SessionId.of(
                        query.startBlockHash().toByteArray(),
                        query.serviceId(),
                        query.applicationAddress(),
                        start);
        List<String> selected =
                SupplierSelection.select(
                        id, query.candidates(), query.queryHeight(), query.places());
        if (selected.isEmpty() && query.places() != 0) {
            return new Missing(Reason.NO_SUPPLIERS);
        }
        return new Found(
                id,
                SessionGrid.number(params, query.queryHeight()),
                start,
                end,
                params.getNumBlocksPerSession(),
                selected.stream()
                        .filter(address -> !query.missingSuppliers().contains(address))
                        .toList());
    }

    /**
     * Whether an application still has sessions that end at the given height: one that is unstaking
     * or moving has them up to the session in which it does.
     */
    public static boolean isActive(Application application, long sessionEnd) {
        if (application.getUnstakeSessionEndHeight() != 0) {
            return Long.compareUnsigned(sessionEnd, application.getUnstakeSessionEndHeight()) <= 0;
        }
        return !application.hasPendingTransfer()
                || Long.compareUnsigned(
                                sessionEnd, application.getPendingTransfer().getSessionEndHeight())
                        <= 0;
    }

    /**
     * Whether an application is staked for a service at a height. A history overrides the plain
     * list.
     */
    public static boolean isStakedFor(Application application, String serviceId, long height) {
        if (application.getServiceConfigHistoryCount() == 0) {
            return application.getServiceConfigsList().stream()
                    .anyMatch(config -> config.getServiceId().equals(serviceId));
        }
        for (ApplicationServiceConfigUpdate update : application.getServiceConfigHistoryList()) {
            boolean active =
                    update.getActivationHeight() <= height
                            && (update.getDeactivationHeight() == 0
                                    || height < update.getDeactivationHeight());
            if (active && update.getService().getServiceId().equals(serviceId)) {
                return true;
            }
        }
        return false;
    }
}
