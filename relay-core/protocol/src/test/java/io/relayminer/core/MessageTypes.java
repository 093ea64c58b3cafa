package io.relayminer.core;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import com.google.protobuf.Internal;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;

import io.relayminer.core.wire.application.ApplicationEventProto;
import io.relayminer.core.wire.application.ApplicationServiceProto;
import io.relayminer.core.wire.cosmos.abci.CosmosAbciProto;
import io.relayminer.core.wire.cosmos.authz.AuthzProto;
import io.relayminer.core.wire.cosmos.bank.BankProto;
import io.relayminer.core.wire.cosmos.base.CoinProto;
import io.relayminer.core.wire.cosmos.node.CosmosNodeProto;
import io.relayminer.core.wire.cosmos.query.PaginationProto;
import io.relayminer.core.wire.cosmos.secp256k1.Secp256k1Proto;
import io.relayminer.core.wire.cosmos.tendermint.CosmosTendermintProto;
import io.relayminer.core.wire.cosmos.tx.TxProto;
import io.relayminer.core.wire.cosmos.tx.TxServiceProto;
import io.relayminer.core.wire.cosmos.vesting.VestingProto;
import io.relayminer.core.wire.gateway.GatewayProto;
import io.relayminer.core.wire.ha.MinedRelayProto;
import io.relayminer.core.wire.proof.ProofEventProto;
import io.relayminer.core.wire.proof.ProofServiceProto;
import io.relayminer.core.wire.sdk.HttpProto;
import io.relayminer.core.wire.service.RelayProto;
import io.relayminer.core.wire.service.ServiceServiceProto;
import io.relayminer.core.wire.session.SessionServiceProto;
import io.relayminer.core.wire.shared.SharedServiceProto;
import io.relayminer.core.wire.supplier.SupplierProto;
import io.relayminer.core.wire.tokenomics.TokenomicsEventProto;
import io.relayminer.core.wire.tokenomics.TokenomicsProto;

import java.util.Map;
import java.util.TreeMap;

/** All generated messages by full name, and proto-JSON over them. */
public final class MessageTypes {

    private static final Map<String, Message> BY_NAME = new TreeMap<>();

    private static final Map<String, ServiceDescriptor> SERVICES = new TreeMap<>();

    private static final JsonFormat.TypeRegistry REGISTRY;

    static {
        FileDescriptor[] files = {
            ApplicationEventProto.getDescriptor(),
            ApplicationServiceProto.getDescriptor(),
            CosmosAbciProto.getDescriptor(),
            AuthzProto.getDescriptor(),
            BankProto.getDescriptor(),
            CoinProto.getDescriptor(),
            CosmosNodeProto.getDescriptor(),
            PaginationProto.getDescriptor(),
            Secp256k1Proto.getDescriptor(),
            CosmosTendermintProto.getDescriptor(),
            TxProto.getDescriptor(),
            TxServiceProto.getDescriptor(),
            VestingProto.getDescriptor(),
            GatewayProto.getDescriptor(),
            MinedRelayProto.getDescriptor(),
            ProofEventProto.getDescriptor(),
            ProofServiceProto.getDescriptor(),
            HttpProto.getDescriptor(),
            RelayProto.getDescriptor(),
            ServiceServiceProto.getDescriptor(),
            SessionServiceProto.getDescriptor(),
            SharedServiceProto.getDescriptor(),
            SupplierProto.getDescriptor(),
            TokenomicsEventProto.getDescriptor(),
            TokenomicsProto.getDescriptor(),
        };
        JsonFormat.TypeRegistry.Builder registry = JsonFormat.TypeRegistry.newBuilder();
        for (FileDescriptor file : files) {
            add(file, registry);
        }
        REGISTRY = registry.build();
    }

    private MessageTypes() {}

    private static void add(FileDescriptor file, JsonFormat.TypeRegistry.Builder registry) {
        if (!file.getOptions().getJavaPackage().startsWith("io.relayminer.")) {
            return;
        }
        file.getServices().forEach(service -> SERVICES.put(service.getFullName(), service));
        for (Descriptor type : file.getMessageTypes()) {
            if (BY_NAME.containsKey(type.getFullName())) {
                continue;
            }
            try {
                Class<?> generated =
                        Class.forName(file.getOptions().getJavaPackage() + "." + type.getName());
                BY_NAME.put(
                        type.getFullName(),
                        Internal.getDefaultInstance(generated.asSubclass(Message.class)));
            } catch (ClassNotFoundException e) {
                throw new IllegalStateException(e);
            }
            registry.add(type);
        }
        file.getDependencies().forEach(dependency -> add(dependency, registry));
    }

    /** Default instance of the message type with this full name. */
    public static Message named(String fullName) {
        Message type = BY_NAME.get(fullName);
        if (type == null) {
            throw new IllegalArgumentException("no message " + fullName);
        }
        return type;
    }

    /** All services by full name. */
    public static Map<String, ServiceDescriptor> services() {
        return SERVICES;
    }

    /** Whether all typed values inside a proto-JSON are of types known here. */
    public static boolean isKnown(JsonNode json) {
        if (json.has("@type") && !BY_NAME.containsKey(json.get("@type").asText().substring(1))) {
            return false;
        }
        for (JsonNode part : json) {
            if (!isKnown(part)) {
                return false;
            }
        }
        return true;
    }

    /** Parses proto-JSON with original field names. */
    public static Message parseJson(Message type, String json) throws Exception {
        Message.Builder builder = type.newBuilderForType();
        JsonFormat.parser().usingTypeRegistry(REGISTRY).merge(json, builder);
        return builder.build();
    }
}
