package io.relayminer.core.wire;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;

import io.relayminer.core.wire.sdk.Header;
import io.relayminer.core.wire.sdk.POKTHTTPRequest;
import io.relayminer.core.wire.sdk.POKTHTTPResponse;

import java.util.List;
import java.util.Map;

/**
 * The HTTP messages inside relays.
 *
 * <p>A map from header name to values has one encoding only if its entries are written in the order
 * of their names, which these methods do: the hash of an encoded response is part of what the
 * supplier signs. Names are in canonical form ({@code Content-Type}); both the map key and the
 * {@code key} of the value carry them. Strings have to be valid UTF-8, on decoding too, and unknown
 * fields are kept.
 *
 * <p>All methods are pure and thread-safe.
 */
public final class HttpMessageCodec {

    private HttpMessageCodec() {}

    /**
     * Decodes a request. No bytes are an empty request, not an error.
     *
     * @throws MalformedMessageException if the bytes are not such a message or a string is not
     *     UTF-8
     * @throws MessageLimitException if a limit is exceeded
     */
    public static POKTHTTPRequest decodeRequest(ByteString bytes, WireLimits limits) {
        return parse(bytes, POKTHTTPRequest.getDefaultInstance(), limits);
    }

    /**
     * Decodes a response.
     *
     * @throws MalformedMessageException if the bytes are not such a message or a string is not
     *     UTF-8
     * @throws MessageLimitException if a limit is exceeded
     */
    public static POKTHTTPResponse decodeResponse(ByteString bytes, WireLimits limits) {
        return parse(bytes, POKTHTTPResponse.getDefaultInstance(), limits);
    }

    /**
     * A response from its parts.
     *
     * @param status HTTP status
     * @param headers values by name; names in canonical form, values as Java strings without
     *     unpaired surrogates (decode header bytes as ISO-8859-1)
     * @param body taken over without copying
     */
    public static POKTHTTPResponse response(
            int status, Map<String, List<String>> headers, ByteString body) {
        POKTHTTPResponse.Builder builder =
                POKTHTTPResponse.newBuilder().setStatusCode(status).setBodyBz(body);
        headers.forEach((name, values) -> builder.putHeader(name, header(name, values)));
        return builder.build();
    }

    /** A request from its parts; see {@link #response}. */
    public static POKTHTTPRequest request(
            String method, String url, Map<String, List<String>> headers, ByteString body) {
        POKTHTTPRequest.Builder builder =
                POKTHTTPRequest.newBuilder().setMethod(method).setUrl(url).setBodyBz(body);
        headers.forEach((name, values) -> builder.putHeader(name, header(name, values)));
        return builder.build();
    }

    /** The one encoding of a request. */
    public static ByteString encode(POKTHTTPRequest request) {
        return CanonicalForm.encodeToByteString(request);
    }

    /** The one encoding of a response. */
    public static ByteString encode(POKTHTTPResponse response) {
        return CanonicalForm.encodeToByteString(response);
    }

    /**
     * A header name in the form that gateways look it up by: the first letter and every letter
     * after a hyphen upper case, the rest lower case. A name with a character that header names
     * cannot have is returned unchanged.
     */
    public static String canonicalName(String name) {
        boolean upper = true;
        char[] chars = null;
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (!isTokenCharacter(c)) {
                return name;
            }
            char wanted = c;
            if (upper && c >= 'a' && c <= 'z') {
                wanted = (char) (c - ('a' - 'A'));
            } else if (!upper && c >= 'A' && c <= 'Z') {
                wanted = (char) (c + ('a' - 'A'));
            }
            if (wanted != c) {
                chars = chars == null ? name.toCharArray() : chars;
                chars[i] = wanted;
            }
            upper = c == '-';
        }
        return chars == null ? name : new String(chars);
    }

    private static boolean isTokenCharacter(char c) {
        return (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z')
                || (c >= '0' && c <= '9')
                || "!#$%&'*+-.^_`|~".indexOf(c) >= 0;
    }

    private static Header header(String name, List<String> values) {
        return Header.newBuilder().setKey(name).addAllValues(values).build();
    }

    @SuppressWarnings("unchecked")
    private static <M extends Message> M parse(ByteString bytes, M type, WireLimits limits) {
        return CanonicalForm.parse(
                bytes.toByteArray(), type, limits, (Parser<M>) type.getParserForType());
    }
}
