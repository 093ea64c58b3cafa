package io.relayminer.transport.vertx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.relayminer.transport.BackendRequest;
import io.vertx.core.http.HttpConnection;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.lang.reflect.Proxy;

class IdleConnectionsTest {

    private static final BackendRequest.Target HOST =
            new BackendRequest.Target(false, "127.0.0.1", 80);

    private final IdleConnections idle = new IdleConnections(1);
    private final HttpConnection first = connection();
    private final HttpConnection second = connection();

    /** Connections are told apart by identity; nothing is asked of them. */
    private static HttpConnection connection() {
        return (HttpConnection)
                Proxy.newProxyInstance(
                        HttpConnection.class.getClassLoader(),
                        new Class<?>[] {HttpConnection.class},
                        (proxy, method, arguments) ->
                                switch (method.getName()) {
                                    case "hashCode" -> System.identityHashCode(proxy);
                                    case "equals" -> proxy == arguments[0];
                                    default ->
                                            throw new UnsupportedOperationException(
                                                    method.getName());
                                });
    }

    @BeforeEach
    void bothCarryARequest() {
        idle.opened(first);
        idle.opened(second);
        assertFalse(idle.taken(HOST, first));
        assertFalse(idle.taken(HOST, second));
    }

    @Test
    void whatWasClosedBeforeItsRequestCameIsNotCounted() {
        HttpConnection third = connection();
        idle.opened(third);
        idle.closed(third);
        assertTrue(idle.taken(HOST, third), "says nothing about the server");
        assertEquals(IdleConnections.KEEP, idle.returned(third));
        assertEquals(IdleConnections.KEEP, idle.returned(first), "one idle is within the bound");
    }

    @Test
    void whatStaysIdleBeyondTheBoundIsSurplus() {
        assertEquals(IdleConnections.KEEP, idle.returned(first));
        long mark = idle.returned(second);
        assertNotEquals(IdleConnections.KEEP, mark);
        assertTrue(idle.isSurplus(second, mark));
    }

    @Test
    void whatIsUsedAgainIsNotClosed() {
        idle.returned(first);
        long mark = idle.returned(second);
        assertTrue(idle.taken(HOST, second), "it carried a request before");
        assertFalse(idle.isSurplus(second, mark), "in use");
        long later = idle.returned(second);
        assertFalse(idle.isSurplus(second, mark), "used since");
        assertTrue(idle.isSurplus(second, later));
    }

    @Test
    void oneOfTwoIsEnoughToClose() {
        idle.returned(first);
        long mark = idle.returned(second);
        idle.closed(first);
        assertFalse(idle.isSurplus(second, mark));
        idle.closed(second);
        assertFalse(idle.isSurplus(second, mark), "gone");
    }
}
