package io.relayminer.core.redis;

import org.jspecify.annotations.Nullable;

/**
 * The name of every key and channel. No other class builds one.
 *
 * <p>Names are a contract with every other process on the same Redis, so the plain layout is
 * frozen: it is what the vectors of the reference say. Two oddities are part of the contract:
 * {@code cache} in invalidation channels is literal, whatever the cache prefix, and {@code
 * …:cache:invalidate: supplier_params} and {@code …:invalidate:params} are built differently from
 * their siblings.
 *
 * <p>In the hash-tagged layout the supplier address is wrapped in braces wherever one script must
 * touch several keys of a supplier (stream, sessions, tree, lease, outbox, submission records), and
 * meters are tagged by session. A tagged name differs from the plain one only by those braces,
 * except the outbox, whose plain names already contain literal braces around the phase.
 *
 * <p>Addresses, session ids and service ids are inserted verbatim. None of them may contain {@code
 * :} or {@code |}; callers validate them at the system's edge.
 *
 * <p>Instances are immutable and safe for use by any thread.
 */
public final class RedisKeys {

    private final RedisNamespace ns;
    private final KeyLayout layout;
    private final String meterPrefix;

    /**
     * Keys of a namespace.
     *
     * @param namespace the configurable parts
     * @param layout plain, or tagged for Redis Cluster
     */
    public RedisKeys(RedisNamespace namespace, KeyLayout layout) {
        this(namespace, layout, null);
    }

    /**
     * Keys of a namespace with a separate base for the relay meter, for fleets in which other
     * relayers keep their meters outside the namespace.
     *
     * @param namespace the configurable parts
     * @param layout plain, or tagged for Redis Cluster
     * @param meterBase replaces {@code namespace.base()} in meter keys and the clean-up channel;
     *     null or empty to follow the namespace
     */
    public RedisKeys(RedisNamespace namespace, KeyLayout layout, @Nullable String meterBase) {
        this.ns = namespace;
        this.layout = layout;
        String base = meterBase == null || meterBase.isEmpty() ? ns.base() : meterBase;
        this.meterPrefix = base + ":" + ns.meter();
    }

    /** Keys of the default namespace in the plain layout. */
    public static RedisKeys plain() {
        return new RedisKeys(RedisNamespace.DEFAULT, KeyLayout.PLAIN);
    }

    /** The configurable parts these keys are built from. */
    public RedisNamespace namespace() {
        return ns;
    }

    /** Whether names are tagged for Redis Cluster. */
    public KeyLayout layout() {
        return layout;
    }

    private String tag(String value) {
        return layout == KeyLayout.HASH_TAGGED ? "{" + value + "}" : value;
    }

    // ---- relay streams -------------------------------------------------------------------------

    /** Prefix of relay streams, without a trailing colon. */
    public String streamPrefix() {
        return ns.base() + ":" + ns.streams();
    }

    /** Stream of the mined relays of one supplier. */
    public String stream(String supplier) {
        return streamPrefix() + ":" + tag(supplier);
    }

    /** Stream of entries of a supplier that could not be processed, kept for the operator. */
    public String deadLetters(String supplier) {
        return streamPrefix() + ":dead:" + tag(supplier);
    }

    /** Consumer group that all miners share. */
    public String consumerGroup() {
        return ns.base() + "-" + ns.consumerGroup();
    }

    // ---- sessions ------------------------------------------------------------------------------

    /** Prefix of session records, without a trailing colon. */
    public String sessionsPrefix() {
        return ns.base() + ":" + ns.miner() + ":sessions";
    }

    /** Record of one session of one supplier (hash). */
    public String session(String supplier, String sessionId) {
        return sessionsPrefix() + ":" + tag(supplier) + ":" + sessionId;
    }

    /** Where a record of a session that could not be read is put. */
    public String unreadableSession(String supplier, String sessionId) {
        return ns.base() + ":" + ns.miner() + ":unreadable:" + tag(supplier) + ":" + sessionId;
    }

    /** Set of the session ids of a supplier. */
    public String sessionIndex(String supplier) {
        return sessionsPrefix() + ":" + tag(supplier) + ":index";
    }

    /**
     * Set of the session ids of a supplier in one state.
     *
     * @param state the state's wire name
     */
    public String sessionStateIndex(String supplier, String state) {
        return sessionsPrefix() + ":" + tag(supplier) + ":state:" + state;
    }

    // ---- trees ---------------------------------------------------------------------------------

    /** Prefix of tree keys, with the trailing colon. */
    public String smstPrefix() {
        return ns.base() + ":smst:";
    }

    /** Nodes of a tree (hash: hex digest to encoded node). */
    public String smstNodes(String supplier, String sessionId) {
        return smst(supplier, sessionId, "nodes");
    }

    /** Sealed root of a tree: 48 bytes. */
    public String smstRoot(String supplier, String sessionId) {
        return smst(supplier, sessionId, "root");
    }

    /** Count and sum of a sealed tree as text. */
    public String smstStats(String supplier, String sessionId) {
        return smst(supplier, sessionId, "stats");
    }

    /** Root of a tree that still grows: 48 bytes. */
    public String smstLiveRoot(String supplier, String sessionId) {
        return smst(supplier, sessionId, "live_root");
    }

    /** Pattern of the node hashes of all trees. */
    public String smstNodesPattern() {
        return smstPrefix() + "*:*:nodes";
    }

    /** Pattern of the node hashes of one session, any supplier. */
    public String smstNodesPattern(String sessionId) {
        return smstPrefix() + "*:" + sessionId + ":nodes";
    }

    /** Pattern of all keys of one tree. */
    public String smstPattern(String supplier, String sessionId) {
        return smst(supplier, sessionId, "*");
    }

    private String smst(String supplier, String sessionId, String what) {
        return smstPrefix() + tag(supplier) + ":" + sessionId + ":" + what;
    }

    /** Prefix of the sets of processed relay hashes, without a trailing colon. */
    public String dedupPrefix() {
        return ns.base() + ":" + ns.miner() + ":dedup";
    }

    /** Set of the relay hashes of a session, all suppliers together; kept by other miners. */
    public String dedup(String sessionId) {
        return dedupPrefix() + ":session:" + sessionId;
    }

    // ---- leases, leader, replicas --------------------------------------------------------------

    /** Lease of a supplier: the id of the instance that owns it. */
    public String lease(String supplier) {
        return ns.base() + ":" + ns.miner() + ":claim:" + tag(supplier);
    }

    /** Counter that grows with each acquisition of a supplier's lease. */
    public String leaseEpoch(String supplier) {
        return ns.base() + ":" + ns.miner() + ":claim_epoch:" + tag(supplier);
    }

    /** Set of the ids of active miner instances. */
    public String activeMiners() {
        return ns.base() + ":" + ns.miner() + ":active";
    }

    /** Heartbeat of a miner instance. */
    public String instance(String instanceId) {
        return ns.base() + ":" + ns.miner() + ":instance:" + instanceId;
    }

    /** What a miner instance can do, for mixed fleets. */
    public String capabilities(String instanceId) {
        return ns.base() + ":" + ns.miner() + ":caps:" + instanceId;
    }

    /** Id of the replica that does the shared work. */
    public String globalLeader() {
        return ns.base() + ":" + ns.miner() + ":global_leader";
    }

    /** Counter that grows with each election. */
    public String globalLeaderEpoch() {
        return ns.base() + ":" + ns.miner() + ":global_leader_epoch";
    }

    /** Prefix of the superseded leader per supplier. */
    public String leaderPrefix() {
        return ns.base() + ":" + ns.miner() + ":leader";
    }

    // ---- outbox and submission records ---------------------------------------------------------

    /**
     * Messages of one phase, supplier and session end that wait for inclusion (hash by session).
     */
    public String outbox(SubmissionPhase phase, String supplier, long sessionEnd) {
        if (layout == KeyLayout.HASH_TAGGED) {
            return ns.base()
                    + ":"
                    + ns.miner()
                    + ":rebroadcast:"
                    + phase.wire()
                    + ":{"
                    + supplier
                    + "}:"
                    + sessionEnd;
        }
        return ns.base()
                + ":"
                + ns.miner()
                + ":rebroadcast:{"
                + phase.wire()
                + "}:"
                + supplier
                + ":"
                + sessionEnd;
    }

    /**
     * Set of the outbox groups of one phase. In the plain layout all suppliers share it; in the
     * tagged layout it is per supplier, because it changes together with the group.
     */
    public String outboxIndex(SubmissionPhase phase, String supplier) {
        if (layout == KeyLayout.HASH_TAGGED) {
            return ns.base()
                    + ":"
                    + ns.miner()
                    + ":rebroadcast:"
                    + phase.wire()
                    + ":{"
                    + supplier
                    + "}:index";
        }
        return ns.base() + ":" + ns.miner() + ":rebroadcast:{" + phase.wire() + "}:index";
    }

    /** Member of an outbox index; read back by splitting at the last colon. */
    public String outboxMember(String supplier, long sessionEnd) {
        return supplier + ":" + sessionEnd;
    }

    /** Record of what was submitted for a session (JSON). */
    public String submission(String supplier, long sessionEnd, String sessionId) {
        return ns.base() + ":tx:track:" + tag(supplier) + ":" + sessionEnd + ":" + sessionId;
    }

    /** Pattern of the submission records of a supplier. */
    public String submissionPattern(String supplier) {
        return ns.base() + ":tx:track:" + tag(supplier) + ":*";
    }

    /** Pattern of all submission records. */
    public String submissionPattern() {
        return ns.base() + ":tx:track:*";
    }

    // ---- suppliers -----------------------------------------------------------------------------

    /** Prefix of supplier states, without a trailing colon. */
    public String supplierPrefix() {
        return ns.base() + ":" + ns.supplier();
    }

    /** State of a supplier, written by miners and read by relayers (JSON). */
    public String supplierState(String supplier) {
        return supplierPrefix() + ":" + supplier;
    }

    /** Pattern of all supplier states. */
    public String supplierStatePattern() {
        return supplierPrefix() + ":*";
    }

    /** Prefix of the supplier registry, without a trailing colon. */
    public String supplierRegistryPrefix() {
        return ns.base() + ":suppliers";
    }

    /** Registry entry of a supplier (JSON). */
    public String supplierRegistryEntry(String supplier) {
        return supplierRegistryPrefix() + ":" + supplier;
    }

    /** Set of the registered suppliers. */
    public String supplierRegistryIndex() {
        return supplierRegistryPrefix() + ":index";
    }

    // ---- caches of chain entities --------------------------------------------------------------

    /** Prefix of caches, without a trailing colon. */
    public String cachePrefix() {
        return ns.base() + ":" + ns.cache();
    }

    /**
     * A cached chain entity.
     *
     * @param type {@code application}, {@code service}, {@code account}
     * @param key address or id
     */
    public String cached(String type, String key) {
        return cachePrefix() + ":" + type + ":" + key;
    }

    /** Lock taken while a cached entity is read from the chain. */
    public String cacheLock(String type, String key) {
        return cachePrefix() + ":lock:" + type + ":" + key;
    }

    /**
     * Set of the entities the fleet has met.
     *
     * @param plural {@code applications} or {@code services}
     */
    public String known(String plural) {
        return cachePrefix() + ":known:" + plural;
    }

    /** Current shared params (protobuf). */
    public String sharedParams() {
        return cachePrefix() + ":shared_params";
    }

    /** Lock of {@link #sharedParams()}. */
    public String sharedParamsLock() {
        return cachePrefix() + ":lock:shared_params";
    }

    /** Current proof params (protobuf). */
    public String proofParams() {
        return cachePrefix() + ":proof_params";
    }

    /** Lock of {@link #proofParams()}. */
    public String proofParamsLock() {
        return cachePrefix() + ":lock:proof_params";
    }

    /** Current session params; no longer written by anybody. */
    public String sessionParams() {
        return cachePrefix() + ":session_params";
    }

    /** Shared params at a height (JSON). */
    public String sharedParamsAt(long height) {
        return cachePrefix() + ":params:shared:" + height;
    }

    /** Lock of {@link #sharedParamsAt}. */
    public String sharedParamsAtLock(long height) {
        return cachePrefix() + ":lock:params:shared:" + height;
    }

    /** Current supplier params (JSON). */
    public String supplierParams() {
        return cachePrefix() + ":params:supplier";
    }

    /** Lock of {@link #supplierParams()}. */
    public String supplierParamsLock() {
        return cachePrefix() + ":lock:params:supplier";
    }

    /**
     * A session with its suppliers (JSON).
     *
     * @param height session start height, or end height while in grace
     */
    public String sessionCache(String application, String service, long height) {
        return cachePrefix() + ":session:" + application + ":" + service + ":" + height;
    }

    /** Default service factor (JSON). */
    public String serviceFactorDefault() {
        return ns.base() + ":service_factor:default";
    }

    /** Factor of one service (JSON). */
    public String serviceFactor(String service) {
        return ns.base() + ":service_factor:service:" + service;
    }

    /** Mark that a simulated relay was seen; {@code hex} is the SHA-256 of its signature. */
    public String simulationReplay(String hex) {
        return ns.base() + ":sim:replay:" + hex;
    }

    // ---- relay meter ---------------------------------------------------------------------------

    /** What a meter was created with (JSON). */
    public String meterMeta(String sessionId, String supplier) {
        return meterPrefix + ":" + tag(sessionId) + ":" + supplier + ":meta";
    }

    /** What a meter has consumed, in upokt (signed decimal). */
    public String meterConsumed(String sessionId, String supplier) {
        return meterPrefix + ":" + tag(sessionId) + ":" + supplier + ":consumed";
    }

    /**
     * What each relayer of this make was last granted by a meter (hash by relayer, {@code
     * sequence:upokt}).
     */
    public String meterExchanges(String sessionId, String supplier) {
        return meterPrefix + ":" + tag(sessionId) + ":" + supplier + ":exchanges";
    }

    /** Set of live meters, members {@code session|supplier}. */
    public String meterActive() {
        return ns.base() + ":" + ns.meter() + ":active_sessions";
    }

    /** Channel on which a miner announces that a session takes no more relays. */
    public String meterCleanupChannel() {
        return ns.base() + ":" + ns.meter() + ":cleanup";
    }

    /** The clean-up channel under the meter's own base, where relayers listen in mixed fleets. */
    public String meterCleanupChannelOfMeterBase() {
        return meterPrefix + ":cleanup";
    }

    // ---- channels ------------------------------------------------------------------------------

    /** Prefix of channels under the cache prefix, without a trailing colon. */
    public String eventsCachePrefix() {
        return ns.base() + ":" + ns.events() + ":" + ns.cache();
    }

    /** Channel on which changes of a cached type are announced. */
    public String invalidationChannel(String type) {
        return ns.base() + ":" + ns.events() + ":cache:" + type + ":invalidate";
    }

    /** Channel on which changes of supplier params are announced. */
    public String supplierParamsChannel() {
        return eventsCachePrefix() + ":invalidate:supplier_params";
    }

    /** Channel on which cached params of a height are dropped. */
    public String heightParamsChannel() {
        return ns.base() + ":" + ns.events() + ":invalidate:params";
    }

    /** Channel on which sessions are declared (not) rewardable. */
    public String rewardableChannel() {
        return ns.base() + ":" + ns.events() + ":session:rewardable";
    }

    /** Channel of new block heights. */
    public String blockChannel() {
        return ns.base() + ":" + ns.events() + ":blocks";
    }

    /** The latest event of {@link #blockChannel()}, for those who join between two blocks. */
    public String lastBlock() {
        return blockChannel() + ":last";
    }

    /** Channel of changes of the supplier registry. */
    public String supplierUpdateChannel() {
        return ns.base() + ":" + ns.events() + ":supplier_update";
    }

    // ---- superseded names, for inspection only -------------------------------------------------

    /** Superseded meter of a session. */
    public String legacyMeter(String sessionId) {
        return ns.base() + ":" + ns.meter() + ":" + sessionId;
    }

    /** Superseded cache of an application's stake. */
    public String legacyAppStake(String application) {
        return ns.base() + ":app_stake:" + application;
    }

    /** Superseded cache of a service's compute units. */
    public String legacyServiceComputeUnits(String service) {
        return ns.base() + ":service:" + service + ":compute_units";
    }

    /** Superseded cache of shared params. */
    public String legacySharedParams() {
        return ns.base() + ":" + ns.params() + ":shared";
    }

    /** Pattern of superseded parameter caches. */
    public String legacyParamsPattern() {
        return ns.base() + ":" + ns.params() + ":*";
    }

    /** Pattern of every key of the namespace. */
    public String everythingPattern() {
        return ns.base() + ":*";
    }
}
