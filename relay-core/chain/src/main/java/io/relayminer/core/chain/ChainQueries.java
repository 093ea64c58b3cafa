package io.relayminer.core.chain;

import com.google.protobuf.ByteString;

import io.relayminer.core.wire.application.Application;
import io.relayminer.core.wire.cosmos.auth.BaseAccount;
import io.relayminer.core.wire.proof.Claim;
import io.relayminer.core.wire.proof.Proof;
import io.relayminer.core.wire.service.RelayMiningDifficulty;
import io.relayminer.core.wire.session.Session;
import io.relayminer.core.wire.shared.Service;
import io.relayminer.core.wire.shared.Supplier;

import java.math.BigInteger;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;

/**
 * Questions to the chain.
 *
 * <p>An entity that does not exist is an empty {@link Optional}; every other failure completes the
 * stage with a {@link ChainException}. {@code NOT_FOUND} of one node only says what that node has
 * seen: a node that lags answers it too.
 *
 * <p>Thread-safe. Methods return at once; stages complete on threads of the client and must not be
 * blocked there. Nothing is cached.
 */
public interface ChainQueries {

    /** Shared parameters in force now. */
    CompletionStage<io.relayminer.core.wire.shared.Params> sharedParams();

    /**
     * Shared parameters at a height; the parameters in force now if the height is 0 or negative.
     */
    CompletionStage<io.relayminer.core.wire.shared.Params> sharedParams(long height);

    /** Parameters of the session module. */
    CompletionStage<io.relayminer.core.wire.session.Params> sessionParams();

    /** Parameters of the application module. */
    CompletionStage<io.relayminer.core.wire.application.Params> applicationParams();

    /** Parameters of the supplier module. */
    CompletionStage<io.relayminer.core.wire.supplier.Params> supplierParams();

    /** Parameters of the service module. */
    CompletionStage<io.relayminer.core.wire.service.Params> serviceParams();

    /** Parameters of the proof module. */
    CompletionStage<io.relayminer.core.wire.proof.Params> proofParams();

    /** Parameters of the tokenomics module. */
    CompletionStage<io.relayminer.core.wire.tokenomics.Params> tokenomicsParams();

    /** An application. */
    CompletionStage<Optional<Application>> application(String address);

    /** A supplier with the history of its service configurations. */
    CompletionStage<Optional<Supplier>> supplier(String operatorAddress);

    /** An account of any type, down to its base account. */
    CompletionStage<Optional<BaseAccount>> account(String address);

    /**
     * The public key of an account, 33 bytes compressed secp256k1. Empty if the account does not
     * exist or has never signed a transaction, and if its key is of another kind.
     */
    CompletionStage<Optional<ByteString>> publicKey(String address);

    /** A service without its metadata. */
    CompletionStage<Optional<Service>> service(String serviceId);

    /**
     * Compute units per relay of a service at a height. Nodes from before this query exists give
     * the current value instead, see {@link ComputeUnits#atHeight}. Empty if the service is
     * unknown.
     */
    CompletionStage<Optional<ComputeUnits>> computeUnits(String serviceId, long height);

    /**
     * Relay mining difficulty of a service at a height; the base difficulty if none was recorded by
     * then. Empty if the service is unknown.
     */
    CompletionStage<Optional<RelayMiningDifficulty>> difficulty(String serviceId, long height);

    /**
     * The session of an application and a service at a height; height 0 is the node's current one.
     * Fails with {@link ChainRefusedException} if there is none, with the chain's reason.
     */
    CompletionStage<Session> session(String applicationAddress, String serviceId, long height);

    /** The claim of a supplier for a session. */
    CompletionStage<Optional<Claim>> claim(String sessionId, String supplierOperatorAddress);

    /** All claims of a supplier that are not settled yet. */
    CompletionStage<List<Claim>> claims(String supplierOperatorAddress);

    /**
     * A stored proof. The chain checks and deletes proofs in the block that included them, so this
     * is empty almost always; the status of the claim tells what became of a proof.
     */
    CompletionStage<Optional<Proof>> proof(String sessionId, String supplierOperatorAddress);

    /** Balance of an account in upokt; zero if the account does not exist. */
    CompletionStage<BigInteger> balance(String address);

    /**
     * A block that the chain has committed. Fails if the height is ahead of the chain or pruned.
     */
    CompletionStage<Block> block(long height);

    /** The newest block of the node that answers. */
    CompletionStage<Block> latestBlock();

    /**
     * Events of a block: those of its transactions in order, then those of the block itself.
     *
     * @param types full names of the event messages wanted; all others are skipped while reading
     */
    CompletionStage<List<ChainEvent>> events(long height, Set<String> types);

    /** The chain id that the node reports. */
    CompletionStage<String> chainId();
}
