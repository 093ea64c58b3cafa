package io.relayminer.testkit.chain.genesis;

import com.google.protobuf.ByteString;

import io.relayminer.core.wire.application.Application;
import io.relayminer.core.wire.gateway.Gateway;
import io.relayminer.core.wire.shared.ApplicationServiceConfig;
import io.relayminer.core.wire.shared.RPCType;
import io.relayminer.core.wire.shared.Service;
import io.relayminer.core.wire.shared.ServiceRevenueShare;
import io.relayminer.core.wire.shared.Supplier;
import io.relayminer.core.wire.shared.SupplierEndpoint;
import io.relayminer.core.wire.shared.SupplierServiceConfig;
import io.relayminer.core.wire.tokenomics.MintAllocationPercentages;
import io.relayminer.core.wire.tokenomics.MintEqualsBurnClaimDistribution;
import io.relayminer.testkit.chain.internal.bank.Bank;
import io.relayminer.testkit.chain.internal.encoding.Hashes;

import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The state a {@code DevChain} begins with, as data.
 *
 * <p>{@link #localnet()} is the localnet every Pocket tool knows: five services, five applications
 * with one service each, one gateway they all delegate to, fifteen suppliers that offer every
 * service, sessions of ten blocks. Build on it and change what a test needs changed. Immutable.
 *
 * @param chainId chain id, part of every transaction's signed bytes
 * @param time time of block 1
 * @param blockTime how far block time advances per block that is produced by call; also the
 *     interval of timed blocks
 * @param sharedParams session grid, windows and prices
 * @param sessionParams suppliers per session
 * @param proofParams proof threshold, probability, penalty and fee
 * @param serviceParams target number of relays
 * @param applicationParams minimum stake of applications
 * @param supplierParams minimum stake of suppliers
 * @param gatewayParams minimum stake of gateways
 * @param tokenomicsParams how claims are paid
 * @param accounts accounts in the order of their numbers
 * @param services services
 * @param applications staked applications
 * @param gateways staked gateways
 * @param suppliers staked suppliers; services without a dated configuration are active from block 1
 * @param validator the one validator
 */
public record Genesis(
        String chainId,
        Instant time,
        Duration blockTime,
        io.relayminer.core.wire.shared.Params sharedParams,
        io.relayminer.core.wire.session.Params sessionParams,
        io.relayminer.core.wire.proof.Params proofParams,
        io.relayminer.core.wire.service.Params serviceParams,
        io.relayminer.core.wire.application.Params applicationParams,
        io.relayminer.core.wire.supplier.Params supplierParams,
        io.relayminer.core.wire.gateway.Params gatewayParams,
        io.relayminer.core.wire.tokenomics.Params tokenomicsParams,
        List<Account> accounts,
        List<Service> services,
        List<Application> applications,
        List<Gateway> gateways,
        List<Supplier> suppliers,
        Validator validator) {

    /** Copies the lists. */
    public Genesis {
        accounts = List.copyOf(accounts);
        services = List.copyOf(services);
        applications = List.copyOf(applications);
        gateways = List.copyOf(gateways);
        suppliers = List.copyOf(suppliers);
    }

    /**
     * An account of the genesis.
     *
     * @param address bech32
     * @param publicKey 33 bytes, compressed secp256k1; empty when the chain does not know it yet
     * @param balances amount by denomination
     */
    public record Account(String address, ByteString publicKey, Map<String, BigInteger> balances) {
        /** Copies the balances. */
        public Account {
            balances = Map.copyOf(balances);
        }
    }

    /**
     * The validator that signs every block.
     *
     * @param moniker name of the node
     * @param accountAddress bech32 account that receives its rewards
     * @param operatorAddress bech32 validator operator address
     * @param seed 32-byte Ed25519 seed of its consensus key
     * @param publicKey 32-byte Ed25519 public key
     * @param bondedUpokt self-bonded stake in upokt
     */
    public record Validator(
            String moniker,
            String accountAddress,
            String operatorAddress,
            ByteString seed,
            ByteString publicKey,
            BigInteger bondedUpokt) {

        /** Consensus address: the first 20 bytes of SHA-256 of the public key. */
        public ByteString address() {
            return Hashes.sha256(publicKey).substring(0, 20);
        }

        /** Voting power: one per million upokt. */
        public long power() {
            return bondedUpokt.divide(BigInteger.valueOf(1_000_000)).longValueExact();
        }

        /** Hides the seed. */
        @Override
        public String toString() {
            return "Validator[" + moniker + ", " + operatorAddress + "]";
        }
    }

    /** A builder that starts from the localnet. */
    public static Builder localnet() {
        return new Builder();
    }

    /** A builder that starts from this genesis. */
    public Builder toBuilder() {
        return new Builder(this);
    }

    /** Collects a genesis; not thread safe. */
    public static final class Builder {
        private static final String GATEWAY_UPOKT = "2000000";

        private String chainId = "pocket";
        private Instant time = Instant.parse("2025-12-19T23:17:58.285290945Z");
        private Duration blockTime = Duration.ofSeconds(2);
        private final io.relayminer.core.wire.shared.Params.Builder shared;
        private final io.relayminer.core.wire.session.Params.Builder session;
        private final io.relayminer.core.wire.proof.Params.Builder proof;
        private final io.relayminer.core.wire.service.Params.Builder service;
        private final io.relayminer.core.wire.application.Params.Builder application;
        private final io.relayminer.core.wire.supplier.Params.Builder supplier;
        private final io.relayminer.core.wire.gateway.Params.Builder gateway;
        private final io.relayminer.core.wire.tokenomics.Params.Builder tokenomics;
        private final Map<String, Account> accounts = new LinkedHashMap<>();
        private final Map<String, Service> services = new LinkedHashMap<>();
        private final Map<String, Application> applications = new LinkedHashMap<>();
        private final Map<String, Gateway> gateways = new LinkedHashMap<>();
        private final Map<String, Supplier> suppliers = new LinkedHashMap<>();
        private Validator validator;

        private Builder() {
            shared =
                    io.relayminer.core.wire.shared.Params.newBuilder()
                            .setNumBlocksPerSession(10)
                            .setGracePeriodEndOffsetBlocks(1)
                            .setClaimWindowOpenOffsetBlocks(1)
                            .setClaimWindowCloseOffsetBlocks(8)
                            .setProofWindowOpenOffsetBlocks(0)
                            .setProofWindowCloseOffsetBlocks(8)
                            .setSupplierUnbondingPeriodSessions(20)
                            .setApplicationUnbondingPeriodSessions(2)
                            .setGatewayUnbondingPeriodSessions(1)
                            .setComputeUnitsToTokensMultiplier(100)
                            .setComputeUnitCostGranularity(1);
            session =
                    io.relayminer.core.wire.session.Params.newBuilder()
                            .setNumSuppliersPerSession(15);
            proof =
                    io.relayminer.core.wire.proof.Params.newBuilder()
                            .setProofRequestProbability(1)
                            .setProofRequirementThreshold(Bank.coin(20_000_000))
                            .setProofMissingPenalty(Bank.coin(250_000))
                            .setProofSubmissionFee(Bank.coin(1_000_000));
            service =
                    io.relayminer.core.wire.service.Params.newBuilder()
                            .setAddServiceFee(Bank.coin(1_000_000_000))
                            .setTargetNumRelays(100_000);
            application =
                    io.relayminer.core.wire.application.Params.newBuilder()
                            .setMaxDelegatedGateways(7)
                            .setMinStake(Bank.coin(100_000_000));
            supplier =
                    io.relayminer.core.wire.supplier.Params.newBuilder()
                            .setMinStake(Bank.coin(1_000_000))
                            .setStakingFee(Bank.coin(1_000_000));
            gateway =
                    io.relayminer.core.wire.gateway.Params.newBuilder()
                            .setMinStake(Bank.coin(1_000_000));
            tokenomics =
                    io.relayminer.core.wire.tokenomics.Params.newBuilder()
                            .setMintAllocationPercentages(
                                    MintAllocationPercentages.newBuilder()
                                            .setDao(0.1)
                                            .setProposer(0.05)
                                            .setSupplier(0.7)
                                            .setSourceOwner(0.15))
                            .setMintEqualsBurnClaimDistribution(
                                    MintEqualsBurnClaimDistribution.newBuilder()
                                            .setDao(0.1)
                                            .setProposer(0.05)
                                            .setSupplier(0.7)
                                            .setSourceOwner(0.15))
                            .setDaoRewardAddress(LocalnetAccounts.named("pnf").address())
                            .setMintRatio(1);
            for (LocalnetAccounts.Entry entry : LocalnetAccounts.all()) {
                account(new Account(entry.address(), entry.publicKey(), entry.balances()));
            }
            validator = LocalnetAccounts.validator();
            localnetStakes();
        }

        private Builder(Genesis genesis) {
            chainId = genesis.chainId;
            time = genesis.time;
            blockTime = genesis.blockTime;
            shared = genesis.sharedParams.toBuilder();
            session = genesis.sessionParams.toBuilder();
            proof = genesis.proofParams.toBuilder();
            service = genesis.serviceParams.toBuilder();
            application = genesis.applicationParams.toBuilder();
            supplier = genesis.supplierParams.toBuilder();
            gateway = genesis.gatewayParams.toBuilder();
            tokenomics = genesis.tokenomicsParams.toBuilder();
            genesis.accounts.forEach(this::account);
            genesis.services.forEach(this::service);
            genesis.applications.forEach(this::application);
            genesis.gateways.forEach(this::gateway);
            genesis.suppliers.forEach(this::supplier);
            validator = genesis.validator;
        }

        private void localnetStakes() {
            String gatewayAddress = LocalnetAccounts.named("gateway1").address();
            gateway(
                    Gateway.newBuilder()
                            .setAddress(gatewayAddress)
                            .setStake(Bank.coin(new BigInteger(GATEWAY_UPOKT)))
                            .build());
            List<String> serviceIds =
                    List.of(
                            "develop-http",
                            "develop-websocket",
                            "develop-stream",
                            "develop-grpc",
                            "develop-cometbft");
            for (int i = 0; i < serviceIds.size(); i++) {
                service(serviceIds.get(i), 1_000);
                application(
                        Application.newBuilder()
                                .setAddress(LocalnetAccounts.named("app" + (i + 1)).address())
                                .setStake(Bank.coin(10_000_000_000L))
                                .addServiceConfigs(
                                        ApplicationServiceConfig.newBuilder()
                                                .setServiceId(serviceIds.get(i)))
                                .addDelegateeGatewayAddresses(gatewayAddress)
                                .build());
            }
            suppliers(15, "http://relayer.default.svc.cluster.local:8080");
        }

        /** Sets the chain id. */
        public Builder chainId(String id) {
            chainId = id;
            return this;
        }

        /** Sets the time of block 1. */
        public Builder time(Instant start) {
            time = start;
            return this;
        }

        /** Sets the interval between blocks; positive. */
        public Builder blockTime(Duration interval) {
            if (interval.isZero() || interval.isNegative()) {
                throw new IllegalArgumentException(
                        "the block time must be positive, not " + interval);
            }
            blockTime = interval;
            return this;
        }

        /** Changes the shared parameters. */
        public Builder shared(Consumer<io.relayminer.core.wire.shared.Params.Builder> change) {
            change.accept(shared);
            return this;
        }

        /** Sets how many blocks a session has; at least 2. */
        public Builder blocksPerSession(int blocks) {
            if (blocks < 2) {
                throw new IllegalArgumentException(
                        "a session needs at least 2 blocks to be claimable, not " + blocks);
            }
            shared.setNumBlocksPerSession(blocks);
            return this;
        }

        /** Changes the session parameters. */
        public Builder session(Consumer<io.relayminer.core.wire.session.Params.Builder> change) {
            change.accept(session);
            return this;
        }

        /** Changes the proof parameters. */
        public Builder proof(Consumer<io.relayminer.core.wire.proof.Params.Builder> change) {
            change.accept(proof);
            return this;
        }

        /** Changes the service parameters. */
        public Builder serviceParams(
                Consumer<io.relayminer.core.wire.service.Params.Builder> change) {
            change.accept(service);
            return this;
        }

        /** Changes the application parameters. */
        public Builder applicationParams(
                Consumer<io.relayminer.core.wire.application.Params.Builder> change) {
            change.accept(application);
            return this;
        }

        /** Changes the supplier parameters. */
        public Builder supplierParams(
                Consumer<io.relayminer.core.wire.supplier.Params.Builder> change) {
            change.accept(supplier);
            return this;
        }

        /** Changes the tokenomics parameters. */
        public Builder tokenomics(
                Consumer<io.relayminer.core.wire.tokenomics.Params.Builder> change) {
            change.accept(tokenomics);
            return this;
        }

        /** Adds or replaces an account. */
        public Builder account(Account account) {
            accounts.put(account.address(), account);
            return this;
        }

        /** Makes the chain forget the public key of an account, as before its first transaction. */
        public Builder withoutPublicKey(String address) {
            Account account = accounts.get(address);
            if (account == null) {
                throw new IllegalArgumentException("the genesis has no account " + address);
            }
            return account(new Account(address, ByteString.EMPTY, account.balances()));
        }

        /** Makes the chain forget all public keys. */
        public Builder withoutPublicKeys() {
            List.copyOf(accounts.keySet()).forEach(this::withoutPublicKey);
            return this;
        }

        /** Adds or replaces a service. */
        public Builder service(Service definition) {
            services.put(definition.getId(), definition);
            return this;
        }

        /** Adds or replaces a service of the localnet's service owner. */
        public Builder service(String id, long computeUnitsPerRelay) {
            return service(
                    Service.newBuilder()
                            .setId(id)
                            .setName(id)
                            .setComputeUnitsPerRelay(computeUnitsPerRelay)
                            .setOwnerAddress(
                                    LocalnetAccounts.named("source_owner_develop").address())
                            .build());
        }

        /** Adds or replaces an application. */
        public Builder application(Application definition) {
            applications.put(definition.getAddress(), definition);
            return this;
        }

        /** Removes all applications. */
        public Builder noApplications() {
            applications.clear();
            return this;
        }

        /** Adds or replaces a gateway. */
        public Builder gateway(Gateway definition) {
            gateways.put(definition.getAddress(), definition);
            return this;
        }

        /** Adds or replaces a supplier. */
        public Builder supplier(Supplier definition) {
            suppliers.put(definition.getOperatorAddress(), definition);
            return this;
        }

        /** Removes all suppliers. */
        public Builder noSuppliers() {
            suppliers.clear();
            return this;
        }

        /**
         * Replaces all suppliers by the first {@code count} suppliers of the localnet, staked for
         * every service defined so far, at one URL.
         *
         * @param count 1 to 15
         * @param url http URL; websocket services are announced under the same one with scheme ws
         */
        public Builder suppliers(int count, String url) {
            noSuppliers();
            for (int i = 1; i <= count; i++) {
                String address = LocalnetAccounts.named("supplier" + i).address();
                Supplier.Builder definition =
                        Supplier.newBuilder()
                                .setOwnerAddress(address)
                                .setOperatorAddress(address)
                                .setStake(Bank.coin(2_000_000));
                for (String serviceId : services.keySet()) {
                    RPCType type = rpcType(serviceId);
                    definition.addServices(
                            SupplierServiceConfig.newBuilder()
                                    .setServiceId(serviceId)
                                    .addEndpoints(
                                            SupplierEndpoint.newBuilder()
                                                    .setUrl(
                                                            type == RPCType.WEBSOCKET
                                                                    ? url.replaceFirst(
                                                                            "^http", "ws")
                                                                    : url)
                                                    .setRpcType(type))
                                    .addRevShare(
                                            ServiceRevenueShare.newBuilder()
                                                    .setAddress(address)
                                                    .setRevSharePercentage(100)));
                }
                supplier(definition.build());
            }
            return this;
        }

        private static RPCType rpcType(String serviceId) {
            if (serviceId.endsWith("websocket")) {
                return RPCType.WEBSOCKET;
            }
            if (serviceId.endsWith("stream")) {
                return RPCType.REST;
            }
            if (serviceId.endsWith("grpc")) {
                return RPCType.GRPC;
            }
            return serviceId.endsWith("cometbft") ? RPCType.COMET_BFT : RPCType.JSON_RPC;
        }

        /** Sets the validator. */
        public Builder validator(Validator definition) {
            validator = definition;
            return this;
        }

        /** The genesis as collected so far. */
        public Genesis build() {
            return new Genesis(
                    chainId,
                    time,
                    blockTime,
                    shared.build(),
                    session.build(),
                    proof.build(),
                    service.build(),
                    application.build(),
                    supplier.build(),
                    gateway.build(),
                    tokenomics.build(),
                    new ArrayList<>(accounts.values()),
                    new ArrayList<>(services.values()),
                    new ArrayList<>(applications.values()),
                    new ArrayList<>(gateways.values()),
                    new ArrayList<>(suppliers.values()),
                    validator);
        }
    }

    static ByteString hex(String text) {
        return ByteString.copyFrom(HexFormat.of().parseHex(text));
    }
}
