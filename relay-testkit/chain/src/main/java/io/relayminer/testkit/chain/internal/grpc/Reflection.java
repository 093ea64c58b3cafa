package io.relayminer.testkit.chain.internal.grpc;

import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.Descriptors.DescriptorValidationException;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.ServiceDescriptor;

import io.grpc.protobuf.ProtoFileDescriptorSupplier;
import io.relayminer.core.wire.cosmos.authz.AuthzProto;
import io.relayminer.core.wire.cosmos.ed25519.Ed25519Proto;
import io.relayminer.core.wire.cosmos.multisig.MultisigProto;
import io.relayminer.core.wire.cosmos.secp256k1.Secp256k1Proto;
import io.relayminer.testkit.chain.internal.query.QueryRouter;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The schemas that server reflection shows.
 *
 * <p>They are the schemas of the wire messages, told in proto3 as a node tells them: many clients
 * of reflection do not read editions. Messages that only travel inside an {@code Any}, public keys
 * for one, are imported where transactions are described, so that clients find them by name.
 */
final class Reflection {
    private static final String EDITIONS = "editions";
    private static final String TX_SERVICE = "cosmos.tx.v1beta1.Service";
    private static final List<FileDescriptor> ONLY_IN_ANY =
            List.of(
                    Secp256k1Proto.getDescriptor(),
                    Ed25519Proto.getDescriptor(),
                    MultisigProto.getDescriptor(),
                    AuthzProto.getDescriptor());

    private final Map<String, FileDescriptor> files = new LinkedHashMap<>();

    /** A service with its schema. */
    record Service(ServiceDescriptor descriptor) implements ProtoFileDescriptorSupplier {
        @Override
        public FileDescriptor getFileDescriptor() {
            return descriptor.getFile();
        }
    }

    /** The services of {@code router}, in the order of their names. */
    static List<Service> services(QueryRouter router) {
        Reflection reflection = new Reflection();
        List<Service> services = new ArrayList<>();
        router.services()
                .forEach(
                        (name, file) ->
                                services.add(
                                        new Service(
                                                reflection
                                                        .file(file, name.equals(TX_SERVICE))
                                                        .findServiceByName(
                                                                name.substring(
                                                                        name.lastIndexOf('.')
                                                                                + 1)))));
        return services;
    }

    private FileDescriptor file(FileDescriptor original, boolean importsMore) {
        FileDescriptor known = files.get(original.getName());
        if (known != null) {
            return known;
        }
        FileDescriptorProto.Builder proto = original.toProto().toBuilder();
        if (proto.getSyntax().equals(EDITIONS)) {
            proto.setSyntax("proto3").clearEdition().getOptionsBuilder().clearFeatures();
        }
        List<FileDescriptor> dependencies = new ArrayList<>();
        for (FileDescriptor dependency : original.getDependencies()) {
            dependencies.add(file(dependency, false));
        }
        if (importsMore) {
            for (FileDescriptor more : ONLY_IN_ANY) {
                if (!proto.getDependencyList().contains(more.getName())) {
                    proto.addDependency(more.getName());
                    dependencies.add(file(more, false));
                }
            }
        }
        FileDescriptor built;
        try {
            built =
                    FileDescriptor.buildFrom(
                            proto.build(), dependencies.toArray(FileDescriptor[]::new));
        } catch (DescriptorValidationException e) {
            throw new IllegalStateException(
                    "the schema " + original.getName() + " cannot be told in proto3", e);
        }
        files.put(built.getName(), built);
        return built;
    }
}
