package io.relayminer.transport.vertx;

import io.netty.channel.ConnectTimeoutException;
import io.relayminer.transport.BackendResult.Kind;
import io.vertx.core.http.HttpClosedException;
import io.vertx.core.http.StreamResetException;

import java.io.IOException;
import java.net.ProtocolException;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.security.cert.CertificateException;
import java.util.concurrent.TimeoutException;

import javax.net.ssl.SSLException;

/** What the exceptions of connections mean. */
final class ConnectionFailures {

    private ConnectionFailures() {}

    /** Before a connection was there. */
    static Kind connecting(Throwable failure, boolean tls) {
        for (Throwable t = failure; t != null; t = t.getCause()) {
            switch (t) {
                case UnknownHostException e -> {
                    return Kind.DNS;
                }
                case SSLException e -> {
                    return Kind.TLS;
                }
                case CertificateException e -> {
                    return Kind.TLS;
                }
                case ConnectTimeoutException e -> {
                    return Kind.CONNECT;
                }
                case SocketException e -> {
                    return Kind.CONNECT;
                }
                case TimeoutException e -> {
                    return Kind.TIMEOUT;
                }
                default -> {}
            }
        }
        return tls && failure instanceof HttpClosedException ? Kind.TLS : Kind.CONNECT;
    }

    /** After the connection was there. */
    static Kind exchanging(Throwable failure) {
        return switch (failure) {
            case ProtocolException e -> Kind.PROTOCOL;
            case HttpClosedException e -> Kind.CONNECTION_LOST;
            case StreamResetException e -> Kind.CONNECTION_LOST;
            case IOException e -> Kind.CONNECTION_LOST;
            default -> Kind.PROTOCOL;
        };
    }

    /** For the operator's log. */
    static String describe(Throwable failure) {
        String message = failure.getMessage();
        return message == null ? failure.getClass().getSimpleName() : message;
    }
}
