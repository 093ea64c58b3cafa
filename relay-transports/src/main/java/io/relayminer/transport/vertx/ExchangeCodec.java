package io.relayminer.transport.vertx;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.CombinedChannelDuplexHandler;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestEncoder;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseDecoder;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;

import org.jspecify.annotations.Nullable;

import java.net.ProtocolException;
import java.util.ArrayList;
import java.util.List;

/**
 * HTTP/1.1 on a kept connection that carries one exchange at a time, for servers that do not keep
 * to the rules: whatever they send, the answer to one request never reaches another.
 *
 * <p><b>No byte without a request.</b> Bytes that come while no request is on the wire belong to
 * nobody: they close the connection. So do bytes behind the end of an answer, which would otherwise
 * be read as the beginning of the next one. What comes after the next request has been sent cannot
 * be told from its answer by anyone; therefore a connection is not used again after answers that
 * invite such a rest: those without a body by rule (to HEAD; 204 and 304), which some servers send
 * with one, and those with both a length and chunks.
 *
 * <p><b>Interim answers</b> (1xx) are dropped, however many. Switching protocols, which no request
 * here asks for, is a failure.
 *
 * <p><b>Lenient where the meaning is certain</b>, as other clients are: a length that is given
 * twice and equal, lines that end on a bare LF, chunks that win over a length.
 *
 * <p>Belongs to one channel, used on its event loop.
 */
final class ExchangeCodec
        extends CombinedChannelDuplexHandler<HttpResponseDecoder, HttpRequestEncoder> {

    /** The request whose answer is awaited, or being read. */
    private @Nullable HttpMethod asked;

    /** Whether that request has been flushed. */
    private boolean sent;

    /**
     * A codec.
     *
     * @param maxInitialLine longest status line, in bytes
     * @param maxHeader longest header section, in bytes
     */
    ExchangeCodec(int maxInitialLine, int maxHeader) {
        HttpDecoderConfig config =
                new HttpDecoderConfig()
                        .setMaxInitialLineLength(maxInitialLine)
                        .setMaxHeaderSize(maxHeader)
                        .setAllowDuplicateContentLengths(true)
                        .setStrictLineParsing(false);
        init(new Answers(config), new Requests());
    }

    private final class Requests extends HttpRequestEncoder {

        @Override
        public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise)
                throws Exception {
            if (message instanceof HttpRequest request) {
                asked = request.method();
            }
            super.write(ctx, message, promise);
        }

        @Override
        public void flush(ChannelHandlerContext ctx) throws Exception {
            sent = asked != null;
            super.flush(ctx);
        }
    }

    private final class Answers extends HttpResponseDecoder {

        private boolean interim;

        Answers(HttpDecoderConfig config) {
            super(config);
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) throws Exception {
            if (sent) {
                super.channelRead(ctx, message);
            } else {
                ReferenceCountUtil.release(message);
                var unused = ctx.close();
            }
        }

        @Override
        protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out)
                throws Exception {
            int decoded = out.size();
            super.decode(ctx, in, out);
            while (decoded < out.size()) {
                Object part = out.get(decoded);
                if (part instanceof HttpResponse head) {
                    begins(head);
                }
                boolean last = part instanceof LastHttpContent;
                if (interim) {
                    out.remove(decoded);
                    interim = !last;
                    continue;
                }
                decoded++;
                if (last) {
                    ended(ctx, in);
                }
            }
        }

        private void begins(HttpResponse head) {
            if (head.decoderResult().isFailure()
                    || head.status().codeClass() != HttpStatusClass.INFORMATIONAL) {
                return;
            }
            if (head.status().code() == HttpResponseStatus.SWITCHING_PROTOCOLS.code()) {
                head.setDecoderResult(
                        DecoderResult.failure(
                                new ProtocolException(
                                        "the server switches protocols without being asked")));
            } else {
                interim = true;
            }
        }

        private void ended(ChannelHandlerContext ctx, ByteBuf in) {
            asked = null;
            sent = false;
            int rest = actualReadableBytes();
            if (rest > 0) {
                in.skipBytes(rest);
                var unused = ctx.close();
            }
        }

        @Override
        protected boolean isContentAlwaysEmpty(HttpMessage message) {
            HttpStatusClass kind = ((HttpResponse) message).status().codeClass();
            boolean empty =
                    super.isContentAlwaysEmpty(message)
                            || (HttpMethod.HEAD.equals(asked)
                                    && kind != HttpStatusClass.INFORMATIONAL);
            if (empty && kind != HttpStatusClass.INFORMATIONAL) {
                closeAfter(message);
            }
            return empty;
        }

        @Override
        protected void handleTransferEncodingChunkedWithContentLength(HttpMessage message) {
            clearContentLength();
            message.headers().remove(HttpHeaderNames.CONTENT_LENGTH);
            closeAfter(message);
        }

        /** Makes the answer the last one of its connection, whatever else it says of that. */
        private void closeAfter(HttpMessage message) {
            HttpHeaders headers = message.headers();
            List<String> options = new ArrayList<>();
            options.add(HttpHeaderValues.CLOSE.toString());
            options.addAll(headers.getAll(HttpHeaderNames.CONNECTION));
            headers.set(HttpHeaderNames.CONNECTION, options);
        }
    }
}
