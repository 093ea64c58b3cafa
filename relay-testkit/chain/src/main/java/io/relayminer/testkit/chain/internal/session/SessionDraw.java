package io.relayminer.testkit.chain.internal.session;

import com.google.protobuf.ByteString;

import io.relayminer.core.wire.application.Application;
import io.relayminer.core.wire.application.ApplicationServiceConfigUpdate;
import io.relayminer.core.wire.session.Session;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.core.wire.shared.ServiceConfigUpdate;
import io.relayminer.core.wire.shared.Supplier;
import io.relayminer.testkit.chain.internal.encoding.Hashes;
import io.relayminer.testkit.chain.internal.params.ChainParams;
import io.relayminer.testkit.chain.internal.params.SessionCalendar;
import io.relayminer.testkit.chain.internal.state.Keys;
import io.relayminer.testkit.chain.internal.state.StateReader;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Builds the session of an application, a service and a height from state.
 *
 * <p>The session id is the SHA3-256 of the start block's hash, the service id, the application
 * address (separated by dots) and the start height in 8 little-endian bytes. When more suppliers
 * than a session holds offer the service, each gets the first 8 bytes of SHA3-256(id bytes, dot,
 * operator address) as a <em>signed</em> big-endian weight, and the smallest win.
 */
public final class SessionDraw {
    private static final Pattern SERVICE_ID = Pattern.compile("[a-zA-Z0-9_-]+");
    private static final int MAX_SERVICE_ID = 42;

    static final int ERROR_HYDRATION = 1101;
    static final int ERROR_APP_NOT_FOUND = 1102;
    static final int ERROR_APP_NOT_STAKED = 1103;
    static final int ERROR_NO_SUPPLIERS = 1104;
    static final int ERROR_APP_NOT_ACTIVE = 1109;

    private SessionDraw() {}

    /** The session cannot be built; code in the session codespace and the full text. */
    public static final class HydrationException extends Exception {
        private static final long serialVersionUID = 1L;
        private final int code;

        HydrationException(int code, String text) {
            super(text);
            this.code = code;
        }

        int code() {
            return code;
        }

        public String text() {
            return java.util.Objects.requireNonNull(getMessage());
        }
    }

    /** What is wrong with a service id, or an empty text. */
    public static String serviceIdProblem(String serviceId) {
        if (serviceId.isEmpty()) {
            return "empty service ID: invalid service ID";
        }
        if (serviceId.length() > MAX_SERVICE_ID) {
            return "service ID '"
                    + serviceId
                    + "' exceeds maximum length of "
                    + MAX_SERVICE_ID
                    + " characters: invalid service ID";
        }
        if (!SERVICE_ID.matcher(serviceId).matches()) {
            return "service ID '" + serviceId + "' contains invalid characters: invalid service ID";
        }
        return "";
    }

    /**
     * The session of an application and a service, as drawn for any height of it.
     *
     * @param state state to read
     * @param contextHeight height of the executing block, or of the last committed one for queries
     * @param queryHeight any height of the wanted session, not above {@code contextHeight}
     */
    public static Session hydrate(
            StateReader state,
            long contextHeight,
            String application,
            String serviceId,
            long queryHeight)
            throws HydrationException {
        if (queryHeight > contextHeight) {
            throw new HydrationException(
                    ERROR_HYDRATION,
                    "block height "
                            + queryHeight
                            + " is ahead of the last committed block height "
                            + contextHeight
                            + ": error during session hydration");
        }
        SessionCalendar calendar = new SessionCalendar(ChainParams.sharedAt(state, queryHeight));
        long start = calendar.start(queryHeight);
        long end = calendar.end(queryHeight);
        String badServiceId = serviceIdProblem(serviceId);
        if (!badServiceId.isEmpty()) {
            throw new HydrationException(
                    ERROR_HYDRATION, badServiceId + ": error during session hydration");
        }
        byte[] idBytes =
                idBytes(
                        state.get(Keys.blockHash(start), ByteString.class),
                        serviceId,
                        application,
                        start);
        String sessionId = HexFormat.of().formatHex(Hashes.newSha3().digest(idBytes));

        Application app = activeApplication(state, application, serviceId, queryHeight, start, end);
        List<Supplier> suppliers = selectSuppliers(state, serviceId, queryHeight, idBytes);
        if (suppliers.isEmpty()) {
            throw new HydrationException(
                    ERROR_NO_SUPPLIERS,
                    "could not find suppliers for service "
                            + serviceId
                            + " at height "
                            + queryHeight
                            + ": no suppliers found for session");
        }
        return Session.newBuilder()
                .setHeader(
                        SessionHeader.newBuilder()
                                .setApplicationAddress(application)
                                .setServiceId(serviceId)
                                .setSessionId(sessionId)
                                .setSessionStartBlockHeight(start)
                                .setSessionEndBlockHeight(end))
                .setSessionId(sessionId)
                .setSessionNumber(calendar.number(queryHeight))
                .setNumBlocksPerSession(end - start + 1)
                .setApplication(app)
                .addAllSuppliers(suppliers)
                .build();
    }

    private static Application activeApplication(
            StateReader state,
            String address,
            String serviceId,
            long queryHeight,
            long start,
            long end)
            throws HydrationException {
        Application app = state.get(Keys.APPLICATIONS + address, Application.class);
        if (app == null) {
            throw new HydrationException(
                    ERROR_APP_NOT_FOUND,
                    "could not find app with address \""
                            + address
                            + "\" at height "
                            + start
                            + ": application for session not found not found ");
        }
        long unstakeEnd = app.getUnstakeSessionEndHeight();
        boolean active =
                unstakeEnd != 0
                        ? end <= unstakeEnd
                        : !app.hasPendingTransfer()
                                || end <= app.getPendingTransfer().getSessionEndHeight();
        if (!active) {
            throw new HydrationException(
                    ERROR_APP_NOT_ACTIVE,
                    "application "
                            + address
                            + " is not active for session ending at height "
                            + end
                            + ": application is not active in session");
        }
        if (!servesAt(app, serviceId, queryHeight)) {
            throw new HydrationException(
                    ERROR_APP_NOT_STAKED,
                    "application \""
                            + address
                            + "\" not staked for service ID \""
                            + serviceId
                            + "\": application in session not staked for requested service");
        }
        return app;
    }

    private static boolean servesAt(Application app, String serviceId, long height) {
        if (app.getServiceConfigHistoryCount() == 0) {
            return app.getServiceConfigsList().stream()
                    .anyMatch(config -> config.getServiceId().equals(serviceId));
        }
        for (ApplicationServiceConfigUpdate update : app.getServiceConfigHistoryList()) {
            if (update.getService().getServiceId().equals(serviceId)
                    && isActive(
                            update.getActivationHeight(), update.getDeactivationHeight(), height)) {
                return true;
            }
        }
        return false;
    }

    public static boolean isActive(long activation, long deactivation, long height) {
        return activation <= height && (deactivation == 0 || height < deactivation);
    }

    private static byte[] idBytes(
            @org.jspecify.annotations.Nullable ByteString startHash,
            String serviceId,
            String application,
            long start) {
        byte[] hash = startHash == null ? new byte[0] : startHash.toByteArray();
        byte[] text = ("." + serviceId + "." + application + ".").getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(hash.length + text.length + Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(hash)
                .put(text)
                .putLong(start)
                .array();
    }

    private static List<Supplier> selectSuppliers(
            StateReader state, String serviceId, long queryHeight, byte[] idBytes) {
        List<ServiceConfigUpdate> candidates = new ArrayList<>();
        for (ServiceConfigUpdate update :
                state.values(Keys.SUPPLIER_CONFIGS + serviceId + "/", ServiceConfigUpdate.class)) {
            if (isActive(
                    update.getActivationHeight(), update.getDeactivationHeight(), queryHeight)) {
                candidates.add(update);
            }
        }
        long wanted = ChainParams.sessionAt(state, queryHeight).getNumSuppliersPerSession();
        List<ServiceConfigUpdate> selected = candidates;
        if (candidates.size() >= wanted) {
            selected = new ArrayList<>(candidates);
            selected.sort(
                    Comparator.comparingLong(
                                    (ServiceConfigUpdate update) ->
                                            weight(idBytes, update.getOperatorAddress()))
                            .thenComparing(ServiceConfigUpdate::getOperatorAddress));
            selected = selected.subList(0, (int) wanted);
        }
        List<Supplier> suppliers = new ArrayList<>();
        for (ServiceConfigUpdate update : selected) {
            Supplier supplier =
                    state.get(Keys.SUPPLIERS + update.getOperatorAddress(), Supplier.class);
            if (supplier != null) {
                suppliers.add(
                        supplier.toBuilder()
                                .clearServices()
                                .clearServiceConfigHistory()
                                .addServices(update.getService())
                                .build());
            }
        }
        return suppliers;
    }

    /** Selection weight of a supplier, compared as a signed number. */
    static long weight(byte[] idBytes, String operatorAddress) {
        java.security.MessageDigest digest = Hashes.newSha3();
        digest.update(idBytes);
        digest.update((byte) '.');
        digest.update(operatorAddress.getBytes(StandardCharsets.UTF_8));
        return ByteBuffer.wrap(digest.digest()).getLong();
    }
}
