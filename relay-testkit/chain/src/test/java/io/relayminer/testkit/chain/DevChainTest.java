package io.relayminer.testkit.chain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;

import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.relayminer.core.wire.session.QueryGetSessionRequest;
import io.relayminer.core.wire.session.Session;
import io.relayminer.testkit.chain.genesis.Genesis;
import io.relayminer.testkit.chain.genesis.LocalnetAccounts;
import io.relayminer.testkit.chain.internal.encoding.GoJson;
import io.relayminer.testkit.chain.internal.encoding.Hashes;

import org.junit.jupiter.api.Test;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

class DevChainTest {
    @Test
    void servesBlocksAndSessions() throws Exception {
        try (DevChain chain = DevChain.start(Genesis.localnet().build())) {
            chain.advanceTo(12);
            HttpResponse<String> block =
                    HttpClient.newHttpClient()
                            .send(
                                    HttpRequest.newBuilder(
                                                    URI.create(
                                                            chain.rpcAddress()
                                                                    + "/block?height=11"))
                                            .build(),
                                    HttpResponse.BodyHandlers.ofString());
            JsonNode json = GoJson.MAPPER.readTree(block.body());
            assertEquals(
                    Hashes.upperHex(chain.blockHash(11)),
                    json.at("/result/block_id/hash").asText());
            ManagedChannel channel =
                    ManagedChannelBuilder.forTarget(chain.grpcAddress()).usePlaintext().build();
            try {
                Session session =
                        io.relayminer.core.wire.session.QueryGrpc.newBlockingStub(channel)
                                .getSession(
                                        QueryGetSessionRequest.newBuilder()
                                                .setApplicationAddress(
                                                        LocalnetAccounts.named("app1").address())
                                                .setServiceId("develop-http")
                                                .setBlockHeight(12)
                                                .build())
                                .getSession();
                assertEquals(15, session.getSuppliersCount());
                assertEquals(11, session.getHeader().getSessionStartBlockHeight());
                assertTrue(session.getSessionId().length() == 64);
            } finally {
                channel.shutdownNow();
            }
        }
    }
}
