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
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.zip.GZIPInputStream;

/**
 * Makes the answer of a backend fit to be signed: decompressed, with canonical header names, and
 * without the headers that are about the connection it came over.
 *
 * <p>A body that is gzip is unpacked, whether the header says so or not, and its length corrected.
 * Bytes that only look like gzip are passed on as they are, header included. What was announced as
 * gzip, begins as gzip and cannot be unpacked to its end is no answer: it was cut short or damaged.
 * Nor is one that unpacks to more than the limit, which is found without holding more than that.
 */
final class ResponseDecoding {

    /** Names seen so far, bounded: backends send the same few over and over. */
    private static final Map<String, String> CANONICAL = new ConcurrentHashMap<>();

    private static final int MAX_CACHED_NAMES = 512;

    /** RFC 9110 §7.6.1, beside {@code Connection} and what that names. */
    private static final List<String> HOP_BY_HOP =
            List.of(
                    "Keep-Alive",
                    "Proxy-Authenticate",
                    "Proxy-Connection",
                    "Te",
                    "Trailer",
                    "Transfer-Encoding",
                    "Upgrade");

    private ResponseDecoding() {}

    /** A body that cannot be decompressed within the limit. */
    static final class UndecodableException extends Exception {
        private static final long serialVersionUID = 1L;

        UndecodableException(String message) {
            super(message, null, false, false);
        }
    }

    /**
     * The answer in a response.
     *
     * @throws UndecodableException if it is compressed, and unpacks to more than the limit or not
     *     at all
     */
    static BackendAnswer.Answered decode(
            BackendResult.Response response, long maxBytes, int retries)
            throws UndecodableException {
        NavigableMap<String, List<String>> headers =
                headers(response.headers(), response.trailers());
        byte[] body = response.body();
        if (beginsAsGzip(body)) {
            try {
                body = gunzip(body, maxBytes);
                headers.remove("Content-Encoding");
                headers.replace("Content-Length", List.of(Integer.toString(body.length)));
            } catch (IOException e) {
                if (isAnnouncedAsGzip(headers) && hasGzipHeader(response.body())) {
                    throw new UndecodableException(
                            "response announced as gzip cannot be decompressed: " + e.getMessage());
                }
            }
        }
        return new BackendAnswer.Answered(response.status(), headers, body, retries);
    }

    /** Headers and trailers under their canonical names, without those about the connection. */
    static NavigableMap<String, List<String>> headers(Headers head, Headers trailers) {
        NavigableMap<String, List<String>> headers = new TreeMap<>();
        head.forEach((name, value) -> put(headers, name, value));
        trailers.forEach((name, value) -> put(headers, name, value));
        List<String> connection = headers.remove("Connection");
        if (connection != null) {
            for (String value : connection) {
                for (String option : value.split(",", -1)) {
                    headers.remove(HttpMessageCodec.canonicalName(option.trim()));
                }
            }
        }
        HOP_BY_HOP.forEach(headers::remove);
        return headers;
    }

    private static void put(NavigableMap<String, List<String>> headers, String name, String value) {
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

    private static boolean beginsAsGzip(byte[] body) {
        return body.length >= 2 && body[0] == 0x1f && (body[1] & 0xff) == 0x8b;
    }

    /** RFC 1952 §2.3: the only method there is, and no reserved flag. */
    private static boolean hasGzipHeader(byte[] body) {
        return (body.length < 3 || body[2] == 8) && (body.length < 4 || (body[3] & 0xe0) == 0);
    }

    private static boolean isAnnouncedAsGzip(NavigableMap<String, List<String>> headers) {
        List<String> encoding = headers.get("Content-Encoding");
        return encoding != null
                && (encoding.getFirst().equalsIgnoreCase("gzip")
                        || encoding.getFirst().equalsIgnoreCase("x-gzip"));
    }

    private static byte[] gunzip(byte[] body, long maxBytes)
            throws IOException, UndecodableException {
        try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(body), 8192)) {
            ByteArrayOutputStream out =
                    new ByteArrayOutputStream((int) Math.min(maxBytes, body.length * 4L));
            byte[] chunk = new byte[8192];
            for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
                if (out.size() + (long) n > maxBytes) {
                    throw new UndecodableException(
                            "response decompresses to more than " + maxBytes + " bytes");
                }
                out.write(chunk, 0, n);
            }
            return out.toByteArray();
        }
    }
}
