package io.relayminer.core.backend;

import io.relayminer.core.wire.HttpMessageCodec;
import io.relayminer.transport.BackendResult;
import io.relayminer.transport.Headers;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.zip.GZIPInputStream;

/**
 * Makes the answer of a backend fit to be signed: decompressed, with canonical header names.
 *
 * <p>A body is taken for gzip if the header says so or if it starts with the two magic bytes. One
 * that then does not decompress is passed on as it is, header included; one that decompresses to
 * more than the limit is an oversized response, found without holding more than the limit.
 */
final class ResponseDecoding {

    /** Names seen so far, bounded: backends send the same few over and over. */
    private static final Map<String, String> CANONICAL = new ConcurrentHashMap<>();

    private static final int MAX_CACHED_NAMES = 512;

    private ResponseDecoding() {}

    /** A body that decompresses beyond the limit. */
    static final class TooLargeException extends Exception {
        private static final long serialVersionUID = 1L;

        TooLargeException() {
            super("decompressed response too large", null, false, false);
        }
    }

    static BackendAnswer.Answered decode(
            BackendResult.Response response, long maxBytes, int retries) throws TooLargeException {
        SortedMap<String, List<String>> headers = headers(response.headers(), response.trailers());
        byte[] body = response.body();
        if (isGzip(headers, body)) {
            try {
                body = gunzip(body, maxBytes);
                headers.remove("Content-Encoding");
            } catch (IOException notGzip) {
                body = response.body();
            }
        }
        return new BackendAnswer.Answered(response.status(), headers, body, retries);
    }

    /** Headers and trailers under their canonical names, without those about the transfer. */
    static SortedMap<String, List<String>> headers(Headers head, Headers trailers) {
        SortedMap<String, List<String>> headers = new TreeMap<>();
        head.forEach((name, value) -> put(headers, name, value));
        trailers.forEach((name, value) -> put(headers, name, value));
        headers.remove("Transfer-Encoding");
        headers.remove("Trailer");
        return headers;
    }

    private static void put(SortedMap<String, List<String>> headers, String name, String value) {
        String canonical = CANONICAL.get(name);
        if (canonical == null) {
            canonical = HttpMessageCodec.canonicalName(name);
            if (CANONICAL.size() < MAX_CACHED_NAMES && name.length() <= 64) {
                CANONICAL.put(name, canonical);
            }
        }
        List<String> values = headers.get(canonical);
        if (values == null) {
            headers.put(canonical, List.of(value));
        } else {
            List<String> more = new ArrayList<>(values);
            more.add(value);
            headers.put(canonical, more);
        }
    }

    private static boolean isGzip(SortedMap<String, List<String>> headers, byte[] body) {
        if (body.length == 0) {
            return false;
        }
        if (body.length >= 2 && body[0] == 0x1f && (body[1] & 0xff) == 0x8b) {
            return true;
        }
        List<String> encoding = headers.get("Content-Encoding");
        return encoding != null && encoding.getFirst().equalsIgnoreCase("gzip");
    }

    private static byte[] gunzip(byte[] body, long maxBytes) throws IOException, TooLargeException {
        try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(body), 8192)) {
            ByteArrayOutputStream out =
                    new ByteArrayOutputStream((int) Math.min(maxBytes, body.length * 4L));
            byte[] chunk = new byte[8192];
            for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
                if (out.size() + (long) n > maxBytes) {
                    throw new TooLargeException();
                }
                out.write(chunk, 0, n);
            }
            return out.toByteArray();
        }
    }
}
