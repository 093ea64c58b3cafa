package io.relayminer.leader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lettuce.core.RedisClient;
import io.lettuce.core.codec.ByteArrayCodec;
import io.relayminer.testkit.redis.EmbeddedRedis;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The examples of the README, word for word, compiled and run. */
class ReadmeExampleTest {

    private record Tenants(Set<String> names, Queue<String> served) {
        void serve(Lease lease) throws InterruptedException {
            served.add(lease.resource());
            new CountDownLatch(1).await();
        }
    }

    @Test
    void theReportIsWrittenByTheLeaderAndTheTenantsAreServed() throws IOException {
        Queue<String> reports = new ConcurrentLinkedQueue<>();
        Tenants tenants = new Tenants(Set.of("red", "green"), new ConcurrentLinkedQueue<>());
        try (EmbeddedRedis server = EmbeddedRedis.start()) {
            String redisUri = server.uri();
            // README
            RedisClient client = RedisClient.create(redisUri);
            var connection = client.connect(ByteArrayCodec.INSTANCE);
            LeaseStore store = new RedisLeaseStore(connection.async());

            LeaseWork report =
                    LeaseWork.onThread(
                            lease -> {
                                while (true) {
                                    lease.requireValid();
                                    reports.add("report of epoch " + lease.epoch());
                                    Thread.sleep(10);
                                }
                            });

            LeaderElection election =
                    LeaderElection.builder(store, "nightly-report", report).start();

            Runtime.getRuntime().addShutdownHook(new Thread(election::close));
            // README
            LeaseAssignment assignment =
                    LeaseAssignment.builder(store, LeaseWork.onThread(tenants::serve)).build();
            assignment.setResources(tenants.names());
            assignment.start();
            // README
            Awaitility.await().until(() -> reports.size() > 1);
            Awaitility.await().until(() -> Set.copyOf(tenants.served()).size() == 2);
            assertEquals(tenants.names(), assignment.leases().keySet());
            assertTrue(store.holder(LeaseKeys.named("nightly-report")).isPresent());
            assignment.close();
            election.close();
            assertTrue(store.holder(LeaseKeys.named("nightly-report")).isEmpty());
            connection.close();
            client.shutdown();
        }
    }

    @Test
    void theReadmeShowsThisCode() throws IOException {
        String[] here =
                Files.readString(
                                Path.of(
                                        "src/test/java/io/relayminer/leader/ReadmeExampleTest.java"))
                        .split("// README\n", -1);
        Matcher shown =
                Pattern.compile("```java\n(.*?)```", Pattern.DOTALL)
                        .matcher(Files.readString(Path.of("README.md")));
        for (int part = 1; part <= 2; part++) {
            assertTrue(shown.find());
            assertEquals(words(here[part]), words(shown.group(1)));
        }
    }

    private static String words(String code) {
        return code.replaceAll("\\s+", " ").strip();
    }
}
