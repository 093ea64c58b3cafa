package io.relayminer.testkit.chain.internal.node;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.TypeRegistry;
import com.google.protobuf.util.JsonFormat;

import io.relayminer.core.wire.cosmos.auth.QueryAccountsResponse;
import io.relayminer.core.wire.cosmos.base.Coin;
import io.relayminer.core.wire.cosmos.query.PageRequest;
import io.relayminer.core.wire.cosmos.secp256k1.PubKey;
import io.relayminer.testkit.chain.genesis.Genesis;
import io.relayminer.testkit.chain.internal.block.CometHashes;
import io.relayminer.testkit.chain.internal.block.GenesisState;
import io.relayminer.testkit.chain.internal.encoding.GoJson;
import io.relayminer.testkit.chain.internal.encoding.Hashes;
import io.relayminer.testkit.chain.internal.params.ChainParams;
import io.relayminer.testkit.chain.internal.query.AccountQueries;
import io.relayminer.testkit.chain.internal.query.QueryException;
import io.relayminer.testkit.chain.internal.query.QueryRouter;
import io.relayminer.testkit.chain.internal.state.Branch;
import io.relayminer.testkit.chain.internal.state.Keys;
import io.relayminer.testkit.chain.internal.state.StateReader;
import io.relayminer.testkit.chain.internal.state.StateStore;

import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The genesis document of a chain, as a node hands it out: CometBFT's own part, and under {@code
 * app_state} what each module begins with, in the modules' JSON.
 */
final class GenesisDocument {
    private static final JsonFormat.Printer PRINTER =
            JsonFormat.printer()
                    .usingTypeRegistry(
                            TypeRegistry.newBuilder()
                                    .add(
                                            io.relayminer.core.wire.cosmos.auth.BaseAccount
                                                    .getDescriptor())
                                    .add(
                                            io.relayminer.core.wire.cosmos.auth.ModuleAccount
                                                    .getDescriptor())
                                    .add(PubKey.getDescriptor())
                                    .build())
                    .preservingProtoFieldNames()
                    .alwaysPrintFieldsWithNoPresence();

    private final Genesis genesis;
    private final StateReader state;

    private GenesisDocument(Genesis genesis) {
        this.genesis = genesis;
        Branch initial = new Branch(new StateStore().at(0));
        GenesisState.write(initial, genesis);
        this.state = initial;
    }

    static JsonNode of(Genesis genesis) {
        return new GenesisDocument(genesis).document();
    }

    private JsonNode document() {
        ObjectNode json = NodeJson.object();
        json.put("genesis_time", NodeJson.time(CometHashes.timestamp(genesis.time())));
        json.put("chain_id", genesis.chainId());
        json.put("initial_height", "1");
        json.set("consensus_params", NodeJson.versionedConsensusParams());
        Genesis.Validator validator = genesis.validator();
        ObjectNode validatorJson = json.putArray("validators").addObject();
        validatorJson.put("address", Hashes.upperHex(validator.address()));
        validatorJson
                .putObject("pub_key")
                .put("type", "tendermint/PubKeyEd25519")
                .put("value", NodeJson.base64(validator.publicKey()));
        validatorJson.put("power", Long.toString(validator.power()));
        validatorJson.put("name", validator.moniker());
        json.put("app_hash", "");
        json.set("app_state", appState());
        return json;
    }

    private ObjectNode appState() {
        ObjectNode json = NodeJson.object();
        json.set("auth", auth());
        json.set("bank", bank());
        module(json, "application", genesis.applicationParams())
                .set("applicationList", list(genesis.applications()));
        module(json, "gateway", genesis.gatewayParams())
                .set("gatewayList", list(genesis.gateways()));
        ObjectNode proof = module(json, "proof", genesis.proofParams());
        proof.putArray("claimList");
        proof.putArray("proofList");
        ObjectNode service = module(json, "service", genesis.serviceParams());
        service.set("serviceList", list(genesis.services()));
        service.putArray("relayMiningDifficultyList");
        module(json, "session", genesis.sessionParams());
        module(json, "shared", genesis.sharedParams());
        module(json, "supplier", genesis.supplierParams())
                .set("supplierList", list(genesis.suppliers()));
        module(json, "tokenomics", genesis.tokenomicsParams());
        return json;
    }

    private static ObjectNode module(ObjectNode appState, String name, Message params) {
        ObjectNode json = appState.putObject(name);
        json.set("params", json(params));
        return json;
    }

    private ObjectNode auth() {
        ObjectNode json = NodeJson.object();
        json.set("params", json(ChainParams.auth(state)));
        json.set("accounts", json(allAccounts()).path("accounts"));
        return json;
    }

    private QueryAccountsResponse allAccounts() {
        try {
            return AccountQueries.accounts(
                    new QueryRouter.QueryContext(state, 0),
                    PageRequest.newBuilder().setLimit(Integer.MAX_VALUE).build());
        } catch (QueryException e) {
            throw new IllegalStateException("the first page of all accounts is refused", e);
        }
    }

    private ObjectNode bank() {
        ObjectNode json = NodeJson.object();
        json.set("params", json(ChainParams.bank()));
        Map<String, ArrayNode> coinsByAddress = new TreeMap<>();
        for (Map.Entry<String, Object> entry : state.scan(Keys.BALANCES)) {
            String[] key = entry.getKey().substring(Keys.BALANCES.length()).split("/", 2);
            coinsByAddress
                    .computeIfAbsent(key[0], address -> GoJson.MAPPER.createArrayNode())
                    .add(coin(key[1], (BigInteger) entry.getValue()));
        }
        ArrayNode balances = json.putArray("balances");
        coinsByAddress.forEach(
                (address, coins) ->
                        balances.addObject().put("address", address).set("coins", coins));
        ArrayNode supply = json.putArray("supply");
        for (Map.Entry<String, Object> entry : state.scan(Keys.SUPPLY)) {
            supply.add(
                    coin(
                            entry.getKey().substring(Keys.SUPPLY.length()),
                            (BigInteger) entry.getValue()));
        }
        json.putArray("denom_metadata");
        json.putArray("send_enabled");
        return json;
    }

    private static JsonNode coin(String denom, BigInteger amount) {
        return json(Coin.newBuilder().setDenom(denom).setAmount(amount.toString()).build());
    }

    private static ArrayNode list(List<? extends Message> messages) {
        ArrayNode json = GoJson.MAPPER.createArrayNode();
        messages.forEach(message -> json.add(json(message)));
        return json;
    }

    private static JsonNode json(Message message) {
        try {
            return GoJson.MAPPER.readTree(PRINTER.print(message));
        } catch (InvalidProtocolBufferException | JsonProcessingException e) {
            throw new IllegalArgumentException(
                    "the genesis holds a message that has no JSON: "
                            + message.getDescriptorForType().getFullName(),
                    e);
        }
    }
}
