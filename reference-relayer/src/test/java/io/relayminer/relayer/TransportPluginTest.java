package io.relayminer.relayer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.relayminer.core.wire.service.RelayRequest;
import io.relayminer.transport.Backend;
import io.relayminer.transport.BackendContext;
import io.relayminer.transport.BackendProvider;
import io.relayminer.transport.BackendResult;
import io.relayminer.transport.Headers;
import io.relayminer.transport.RelayReply;
import io.relayminer.transport.Transport;
import io.relayminer.transport.TransportContext;
import io.relayminer.transport.TransportProvider;
import io.relayminer.transport.inprocess.InProcessBackend;
import io.relayminer.transport.inprocess.InProcessTransport;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import picocli.CommandLine;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** A transport and a backend that nobody built in, chosen by type in the configuration. */
class TransportPluginTest {

    private static final Map<String, InProcessTransport> OPEN = new ConcurrentHashMap<>();

    /** Found on the class path of the tests. */
    public static final class CallsProvider implements TransportProvider {

        /** For the search of the class path. */
        public CallsProvider() {}

        @Override
        public String type() {
            return "calls";
        }

        @Override
        public Transport create(TransportContext context) {
            String name = context.settings().required("name");
            context.settings().finish();
            InProcessTransport transport =
                    new InProcessTransport(context.defaults(), context.events());
            OPEN.put(name, transport);
            return transport;
        }
    }

    /** Found on the class path of the tests. */
    public static final class EchoProvider implements BackendProvider {

        /** For the search of the class path. */
        public EchoProvider() {}

        @Override
        public String type() {
            return "echo";
        }

        @Override
        public Backend create(BackendContext context) {
            String text = context.settings().required("text");
            return InProcessBackend.answering(
                    request ->
                            new BackendResult.Response(
                                    200,
                                    Headers.of("Content-Type", "text/plain"),
                                    Headers.empty(),
                                    text.getBytes(UTF_8)));
        }
    }

    private Fixture fixture;

    @BeforeEach
    void open() throws IOException {
        fixture = new Fixture();
    }

    @AfterEach
    void close() throws IOException {
        fixture.close();
        OPEN.clear();
    }

    @Test
    void relaysArriveOverTwoTransportsAtOnceAndAnotherBackendAnswers() throws Exception {
        fixture.start(
                yaml ->
                        yaml
                                + """
                                transports:
                                  - {type: http}
                                  - {type: calls, name: second}
                                backend_client: {type: echo, text: from a plug-in}
                                """);

        RawClient.Answer overHttp = fixture.send(fixture.relay());
        assertEquals(200, overHttp.status());
        assertEquals("from a plug-in", fixture.inner(overHttp).getBodyBz().toStringUtf8());

        RelayRequest relay = fixture.relay();
        RelayReply reply =
                OPEN.get("second").request(relay.toByteArray()).reply().get(10, TimeUnit.SECONDS);
        assertInstanceOf(RelayReply.Signed.class, reply);
        assertEquals(2, fixture.minedCount());
    }

    @Test
    void aTypeThatNobodyProvidesIsNamedWithThoseThatThereAre() {
        RuntimeException e =
                assertThrows(
                        RuntimeException.class,
                        () -> fixture.start(yaml -> yaml + "transports: [{type: htpp}]\n"));
        assertTrue(e.getMessage().contains("htpp"), e.getMessage());
        assertTrue(e.getMessage().contains("http"), e.getMessage());
    }

    @Test
    void aSettingThatThePlugInDoesNotHaveIsRefused() {
        RuntimeException e =
                assertThrows(
                        RuntimeException.class,
                        () ->
                                fixture.start(
                                        yaml ->
                                                yaml
                                                        + "transports: [{type: calls, nmae: x,"
                                                        + " name: y}]\n"));
        assertTrue(e.getMessage().contains("nmae"), e.getMessage());
    }

    @Test
    void validateListsThePlugInsItFound() throws IOException {
        Path file = Files.createTempFile("relayer", ".yaml");
        Files.writeString(
                file,
                """
                pocket_node:
                  query_node_rpc_url: "http://127.0.0.1:1"
                  query_node_grpc_url: "127.0.0.1:1"
                keys: {inline: ["cd41a98ac7ac3b190c345b88e2885422d7bb553c59bca03c6e2618d49f8b1c06"]}
                services: {eth: {backends: {jsonrpc: {url: "http://127.0.0.1:1"}}}}
                """);
        StringWriter out = new StringWriter();
        int code =
                new CommandLine(new Main())
                        .setOut(new PrintWriter(out))
                        .execute("validate", "--config", file.toString());
        Files.delete(file);
        assertEquals(0, code, out.toString());
        assertTrue(out.toString().contains("transport: http: "), out.toString());
        assertTrue(out.toString().contains("transport: calls: "), out.toString());
        assertTrue(out.toString().contains("backend: echo: "), out.toString());
    }
}
