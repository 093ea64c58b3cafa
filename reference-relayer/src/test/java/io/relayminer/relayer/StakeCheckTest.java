package io.relayminer.relayer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.relayminer.core.chain.ChainQueries;
import io.relayminer.core.chain.ChainUnavailableException;
import io.relayminer.core.wire.shared.Supplier;
import io.relayminer.core.wire.shared.SupplierEndpoint;
import io.relayminer.core.wire.shared.SupplierServiceConfig;
import io.relayminer.testkit.chain.DevChain;
import io.relayminer.testkit.chain.genesis.Genesis;
import io.relayminer.testkit.chain.genesis.LocalnetAccounts;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import picocli.CommandLine;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/** What {@code validate --check-stake} says and with which status it ends. */
class StakeCheckTest {

    private final StringWriter printed = new StringWriter();
    private final Map<String, Supplier> staked = new HashMap<>();
    private boolean down;

    private ChainQueries chain() {
        return (ChainQueries)
                Proxy.newProxyInstance(
                        ChainQueries.class.getClassLoader(),
                        new Class<?>[] {ChainQueries.class},
                        (self, method, arguments) -> {
                            assertEquals("supplier", method.getName());
                            return down
                                    ? CompletableFuture.failedFuture(
                                            new ChainUnavailableException("no node", null))
                                    : CompletableFuture.completedFuture(
                                            Optional.ofNullable(staked.get(arguments[0])));
                        });
    }

    private boolean check(String backends, String... suppliers) {
        RelayerConfig config =
                RelayerConfig.reader()
                        .build()
                        .parse("services: {eth: {backends: {" + backends + "}}}", "test")
                        .config();
        return new StakeCheck(config, chain(), new PrintWriter(printed, true))
                .run(Set.of(suppliers));
    }

    private void stake(String address, String service, int... types) {
        SupplierServiceConfig.Builder config =
                SupplierServiceConfig.newBuilder().setServiceId(service);
        for (int type : types) {
            config.addEndpoints(SupplierEndpoint.newBuilder().setRpcTypeValue(type));
        }
        staked.merge(
                address,
                Supplier.newBuilder().setOperatorAddress(address).addServices(config).build(),
                (old, more) -> old.toBuilder().addAllServices(more.getServicesList()).build());
    }

    private static final String JSON_RPC = "jsonrpc: {url: \"http://n:1\"}";

    @Test
    void everythingStakedIsServed() {
        stake("pokt1a", "eth", 3);
        assertTrue(check(JSON_RPC, "pokt1a"));
        assertTrue(printed.toString().contains("stake check OK"), printed::toString);
    }

    @Test
    void aStakedPairWithoutBackendIsAnError() {
        stake("pokt1a", "eth", 3, 2);
        stake("pokt1b", "sol", 3);
        assertFalse(check(JSON_RPC, "pokt1a", "pokt1b"));
        String text = printed.toString();
        assertTrue(
                text.contains(
                        "  ERROR  staked but no backend: supplier=pokt1a service=eth"
                                + " transport=websocket"),
                text);
        assertTrue(
                text.contains(
                        "  ERROR  staked but no backend: supplier=pokt1b service=sol"
                                + " transport=jsonrpc"),
                text);
        assertTrue(text.contains("stake check FAILED: 2 unserved staked pair(s)"), text);
    }

    @Test
    void surplusUnstakedAndUnknownAreRemarks() {
        stake("pokt1a", "eth", 3, 99);
        assertTrue(check(JSON_RPC + ", rest: {url: \"http://n:2\"}", "pokt1a", "pokt1z"));
        String text = printed.toString();
        assertTrue(
                text.contains(
                        "  info   backend configured, not staked (surplus): service=eth"
                                + " transport=rest"),
                text);
        assertTrue(text.contains("  info   supplier not staked on-chain"), text);
        assertTrue(text.contains("supplier=pokt1z"), text);
        assertTrue(text.contains("  debug  ") && text.contains("rpc_type=99"), text);
    }

    @Test
    void aChainThatDoesNotAnswerEndsTheCheck() {
        down = true;
        assertThrows(IllegalStateException.class, () -> check(JSON_RPC, "pokt1a"));
    }

    @Test
    void theCommandLineAsksTheNodeItIsTold(@TempDir Path folder) throws Exception {
        Path keys = folder.resolve("keys.yaml");
        Files.writeString(
                keys,
                "keys:\n  - \""
                        + HexFormat.of()
                                .formatHex(
                                        LocalnetAccounts.named("supplier1")
                                                .privateKey()
                                                .toByteArray())
                        + "\"\n");
        Path config = folder.resolve("relayer.yaml");
        Files.writeString(
                config,
                """
                pocket_node:
                  query_node_rpc_url: "http://127.0.0.1:1"
                  query_node_grpc_url: "127.0.0.1:1"
                  grpc_insecure: true
                keys: {keys_file: "%s"}
                services: {develop-http: {backends: {jsonrpc: {url: "http://n:1"}}}}
                """
                        .formatted(keys));
        try (DevChain chain = DevChain.start(Genesis.localnet().build())) {
            StringWriter out = new StringWriter();
            CommandLine relayer = new CommandLine(new Main()).setOut(new PrintWriter(out, true));
            int code =
                    relayer.execute(
                            "validate",
                            "--config",
                            config.toString(),
                            "--check-stake",
                            "--node",
                            chain.grpcAddress());
            String text = out.toString();
            assertTrue(text.startsWith("config OK: "), text);
            assertTrue(
                    text.contains(
                            "checking on-chain stake for 1 supplier(s) via "
                                    + chain.grpcAddress()
                                    + " (tls=false)"),
                    text);
            assertEquals(text.contains("  ERROR  ") ? 1 : 0, code, text);
        }
    }
}
