package io.relayminer.miner;

import static io.relayminer.miner.MinerWorld.SUPPLIERS;
import static io.relayminer.miner.MinerWorld.address;
import static io.relayminer.miner.MinerWorld.bytes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.leader.LeaseKeys;
import io.relayminer.leader.LeaseStore;
import io.relayminer.leader.LeaseStoreContext;
import io.relayminer.leader.LeaseStoreProvider;
import io.relayminer.leader.RedisLeaseStore;
import io.relayminer.leader.Renewal;
import io.relayminer.provider.ProviderException;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** A lease store that nobody built in, chosen by its name in the configuration. */
class LeasePluginTest {

    /** Keeps leases in Redis through a connection of its own, and an account of them. */
    static final class Ledger implements LeaseStore {

        static final Map<String, Set<String>> GRANTED = new ConcurrentHashMap<>();

        private final String name;
        private final RedisConnections connections;
        private final LeaseStore leases;

        Ledger(String name, RedisConnections connections, LeaseStore leases) {
            this.name = name;
            this.connections = connections;
            this.leases = leases;
        }

        private void note(LeaseKeys keys) {
            GRANTED.computeIfAbsent(name, each -> ConcurrentHashMap.newKeySet()).add(keys.lease());
        }

        @Override
        public Map<LeaseKeys, Long> acquire(
                Collection<LeaseKeys> wanted, String owner, Duration timeToLive) {
            Map<LeaseKeys, Long> granted = leases.acquire(wanted, owner, timeToLive);
            granted.keySet().forEach(this::note);
            return granted;
        }

        @Override
        public Map<LeaseKeys, Renewal> renew(
                Map<LeaseKeys, Long> held, String owner, Duration timeToLive) {
            return leases.renew(held, owner, timeToLive);
        }

        @Override
        public Map<LeaseKeys, Boolean> release(Map<LeaseKeys, Long> held, String owner) {
            return leases.release(held, owner);
        }

        @Override
        public Map<LeaseKeys, String> holders(Collection<LeaseKeys> wanted) {
            return leases.holders(wanted);
        }

        @Override
        public Set<String> heartbeat(String instance, Duration timeToLive) {
            return leases.heartbeat(instance, timeToLive);
        }

        @Override
        public void leave(String instance) {
            leases.leave(instance);
        }

        @Override
        public void close() {
            connections.close();
        }
    }

    /** Found on the class path of the tests. */
    public static final class LedgerProvider implements LeaseStoreProvider {

        /** For the search of the class path. */
        public LedgerProvider() {}

        @Override
        public String type() {
            return "ledger";
        }

        @Override
        public LeaseStore create(LeaseStoreContext context) {
            String url = context.settings().required("url");
            String name = context.settings().required("name");
            context.settings().finish();
            RedisConnections connections = RedisConnections.open(url);
            return new Ledger(
                    name,
                    connections,
                    new RedisLeaseStore(
                            connections.async(),
                            context.membership(),
                            context.time(),
                            Duration.ofSeconds(10)));
        }
    }

    private static MinerConfig config(MinerWorld world, String more) {
        return MinerConfig.reader()
                .build()
                .parse(world.config(world.redis.uri(), 3, more), "test")
                .config();
    }

    @Test
    void aMinerWorksUnderTheLeasesOfAPlugInThatItsConfigurationNames() throws Exception {
        try (MinerWorld world = new MinerWorld()) {
            String section =
                    """
                    leases:
                          type: ledger
                          name: first
                          url: "%s"
                    """
                            .formatted(world.redis.uri());
            try (MinerDaemon miner = MinerDaemon.start(config(world, section))) {
                world.until("both suppliers", () -> miner.miner().health().suppliers().size() == 2);
                SessionHeader header = world.session();
                world.relay(header, SUPPLIERS.get(0));
                world.until("a leaf", () -> world.leaves(header, SUPPLIERS.get(0)) == 1);
                assertTrue(
                        Ledger.GRANTED
                                .get("first")
                                .contains(world.keys.lease(address(SUPPLIERS.get(0)))));
                assertTrue(Ledger.GRANTED.get("first").contains(world.keys.globalLeader()));
            }
            assertEquals(
                    0L,
                    world.connections
                            .sync()
                            .exists(bytes(world.keys.lease(address(SUPPLIERS.get(0)))))
                            .longValue(),
                    "given back before the store was closed");
        }
    }

    @Test
    void aTypeNobodyKnowsAndAKeyNobodyReadsAreRefusedByName() {
        try (MinerWorld world = new MinerWorld()) {
            ProviderException unknown =
                    assertThrows(
                            ProviderException.class,
                            () -> MinerDaemon.start(config(world, "leases: {type: legder}")));
            assertTrue(unknown.getMessage().contains("did you mean ledger?"), unknown::getMessage);
            ProviderException key =
                    assertThrows(
                            ProviderException.class,
                            () ->
                                    MinerDaemon.start(
                                            config(world, "leases: {type: redis, timout: 1s}")));
            assertEquals("leases.timout: unknown key; did you mean timeout?", key.getMessage());
        }
    }
}
