package io.relayminer.core.chain;

import io.grpc.EquivalentAddressGroup;
import io.grpc.NameResolver;
import io.grpc.NameResolverProvider;
import io.grpc.NameResolverRegistry;
import io.grpc.Status;
import io.grpc.StatusOr;
import io.grpc.SynchronizationContext;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/**
 * Names that gRPC's own resolver refuses because they have an underscore, looked up by the system
 * each time a connection has to be made. Their targets are {@code system:///host:port}.
 */
final class SystemNames extends NameResolverProvider {

    private static final String SCHEME = "system";

    static {
        NameResolverRegistry.getDefaultRegistry().register(new SystemNames());
    }

    private SystemNames() {}

    /** The gRPC target for {@code host:port}, with this resolver where it is needed. */
    static String target(String hostAndPort) {
        return hostAndPort.indexOf('_') < 0 ? hostAndPort : SCHEME + ":///" + hostAndPort;
    }

    @Override
    public String getDefaultScheme() {
        return SCHEME;
    }

    @Override
    protected boolean isAvailable() {
        return true;
    }

    /** Below the built-in ones: never the resolver of a target without scheme. */
    @Override
    protected int priority() {
        return 0;
    }

    @Override
    public Collection<Class<? extends SocketAddress>> getProducedSocketAddressTypes() {
        return Set.of(InetSocketAddress.class);
    }

    @Override
    public NameResolver newNameResolver(URI target, NameResolver.Args args) {
        String address = target.getPath().substring(1);
        int colon = address.lastIndexOf(':');
        return colon < 0
                ? new Resolver(address, args.getDefaultPort(), args.getSynchronizationContext())
                : new Resolver(
                        address.substring(0, colon),
                        Integer.parseInt(address.substring(colon + 1)),
                        args.getSynchronizationContext());
    }

    /** One name; fields are touched within the channel's synchronization context only. */
    private static final class Resolver extends NameResolver {

        private final String host;
        private final int port;
        private final SynchronizationContext context;
        private boolean lookingUp;
        private boolean over;
        private Listener2 listener;

        @SuppressWarnings("NullAway.Init") // start comes first
        Resolver(String host, int port, SynchronizationContext context) {
            this.host = host;
            this.port = port;
            this.context = context;
        }

        @Override
        public String getServiceAuthority() {
            return host + ":" + port;
        }

        @Override
        public void start(Listener2 to) {
            listener = to;
            refresh();
        }

        @Override
        public void refresh() {
            if (!lookingUp && !over) {
                lookingUp = true;
                Thread.ofVirtual().name("resolve-" + host).start(this::lookUp);
            }
        }

        private void lookUp() {
            StatusOr<List<EquivalentAddressGroup>> found;
            try {
                List<EquivalentAddressGroup> addresses = new ArrayList<>();
                for (InetAddress address : InetAddress.getAllByName(host)) {
                    addresses.add(new EquivalentAddressGroup(new InetSocketAddress(address, port)));
                }
                found = StatusOr.fromValue(addresses);
            } catch (UnknownHostException e) {
                found =
                        StatusOr.fromStatus(
                                Status.UNAVAILABLE.withDescription("unknown host " + host));
            }
            StatusOr<List<EquivalentAddressGroup>> result = found;
            context.execute(
                    () -> {
                        lookingUp = false;
                        if (!over) {
                            listener.onResult2(
                                    ResolutionResult.newBuilder()
                                            .setAddressesOrError(result)
                                            .build());
                        }
                    });
        }

        @Override
        public void shutdown() {
            over = true;
        }
    }
}
