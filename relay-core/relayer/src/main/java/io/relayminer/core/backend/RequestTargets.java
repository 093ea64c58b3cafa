package io.relayminer.core.backend;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.Locale;

/**
 * Computes the request target (path and query) of a backend request from the endpoint's URL, the
 * configured base path and the URL of the client's inner request.
 *
 * <p>The client's path is untrusted. Its dot segments, also percent-encoded ones, are resolved
 * before anything is joined, so it can never climb out of the endpoint's path. Apart from that it
 * is kept as it came: encoded bytes stay encoded, a trailing slash stays, only leading repeated
 * slashes collapse and characters that may not stand in a request line are percent-encoded.
 */
final class RequestTargets {

    private RequestTargets() {}

    /**
     * Path and query of an inner request's URL, checked and fit for a request line.
     *
     * @param path raw path without dot segments, may be empty or relative
     * @param query raw query without the question mark, may be empty
     */
    record ClientUrl(String path, String query) {

        /** Takes a URL apart; scheme and host are checked and dropped. */
        static ClientUrl parse(String url) throws InvalidRequestException {
            for (int i = 0; i < url.length(); i++) {
                char c = url.charAt(i);
                if (c < 0x20 || c == 0x7f) {
                    throw new InvalidRequestException("invalid request url: control character");
                }
            }
            int fragment = url.indexOf('#');
            String whole = fragment < 0 ? url : url.substring(0, fragment);
            int question = whole.indexOf('?');
            String query = question < 0 ? "" : whole.substring(question + 1);
            String path = pathOf(question < 0 ? whole : whole.substring(0, question));
            return new ClientUrl(resolveDots(encode(path, true)), encode(query, false));
        }
    }

    /**
     * The request target for one endpoint; {@code ""} stands for the root.
     *
     * @param endpointPath raw path of the endpoint URL
     * @param endpointQuery raw query of the endpoint URL, its parameters come first
     * @param basePath replaces the endpoint's path unless empty
     */
    static String join(
            String endpointPath, String endpointQuery, String basePath, ClientUrl client) {
        String path = merge(endpointPath, basePath, client.path());
        String query = joinQueries(endpointQuery, client.query());
        return query.isEmpty() ? path : path + "?" + query;
    }

    /** Path of an absolute or relative URL without query and fragment. */
    private static String pathOf(String url) throws InvalidRequestException {
        int colon = url.indexOf(':');
        int slash = url.indexOf('/');
        boolean hasScheme = colon > 0 && (slash < 0 || colon < slash);
        String rest = url;
        if (hasScheme) {
            requireScheme(url, colon);
            rest = url.substring(colon + 1);
            if (!rest.startsWith("/")) {
                return "";
            }
        } else if (colon == 0) {
            throw new InvalidRequestException("invalid request url: missing scheme");
        }
        if (hasScheme && rest.startsWith("//")) {
            int end = rest.indexOf('/', 2);
            requireAuthority(end < 0 ? rest.substring(2) : rest.substring(2, end));
            return end < 0 ? "" : rest.substring(end);
        }
        return rest;
    }

    private static void requireScheme(String url, int end) throws InvalidRequestException {
        for (int i = 0; i < end; i++) {
            char c = url.charAt(i);
            boolean letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
            boolean later = i > 0 && ((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.');
            if (!letter && !later) {
                throw new InvalidRequestException("invalid request url: bad scheme");
            }
        }
    }

    private static void requireAuthority(String authority) throws InvalidRequestException {
        for (int i = 0; i < authority.length(); i++) {
            char c = authority.charAt(i);
            if (c == ' ' || c == '"' || c == '<' || c == '>' || c == '\\' || c == '%') {
                throw new InvalidRequestException("invalid request url: bad host");
            }
        }
    }

    /**
     * Checks percent-escapes (in paths only; a query is opaque) and encodes what must not stand in
     * a request line.
     */
    private static String encode(String raw, boolean path) throws InvalidRequestException {
        StringBuilder out = null;
        for (int i = 0; i < raw.length(); i++) {
            char c = raw.charAt(i);
            boolean keep = c > 0x20 && c < 0x7f && "\"<>\\^`{|}".indexOf(c) < 0;
            if (path && c == '%' && !isEscape(raw, i)) {
                throw new InvalidRequestException("invalid request url: bad percent-escape");
            }
            if (keep && out == null) {
                continue;
            }
            if (out == null) {
                out = new StringBuilder(raw.length() + 16).append(raw, 0, i);
            }
            if (keep) {
                out.append(c);
                continue;
            }
            int point = raw.codePointAt(i);
            for (byte b : Character.toString(point).getBytes(StandardCharsets.UTF_8)) {
                out.append(String.format(Locale.ROOT, "%%%02X", b & 0xff));
            }
            i += Character.charCount(point) - 1;
        }
        return out == null ? raw : out.toString();
    }

    private static boolean isEscape(String raw, int i) {
        return i + 2 < raw.length()
                && Character.digit(raw.charAt(i + 1), 16) >= 0
                && Character.digit(raw.charAt(i + 2), 16) >= 0;
    }

    /** Resolves "." and ".." segments as RFC 3986 §5.2.4 does; ".." at the top is dropped. */
    private static String resolveDots(String path) {
        if (!path.contains("/.") && !path.startsWith(".") && !path.contains("%2")) {
            return path;
        }
        boolean absolute = path.startsWith("/");
        String[] segments = path.split("/", -1);
        ArrayDeque<String> kept = new ArrayDeque<>();
        boolean changed = false;
        for (int i = absolute ? 1 : 0; i < segments.length; i++) {
            String decoded = segments[i].replace("%2e", ".").replace("%2E", ".");
            boolean last = i == segments.length - 1;
            if (decoded.equals(".")) {
                changed = true;
            } else if (decoded.equals("..")) {
                changed = true;
                kept.pollLast();
            } else {
                kept.addLast(segments[i]);
                continue;
            }
            if (last) {
                kept.addLast("");
            }
        }
        if (!changed) {
            return path;
        }
        StringBuilder out = new StringBuilder(path.length());
        for (Iterator<String> it = kept.iterator(); it.hasNext(); ) {
            if (absolute || !out.isEmpty()) {
                out.append('/');
            }
            out.append(it.next());
        }
        return out.toString();
    }

    /**
     * Joins the endpoint's path and the client's. The base path, if there is one, stands for the
     * endpoint's path; a client path that already begins with that prefix is not prefixed again.
     * Where the client adds nothing the path is called as it was configured, with or without a
     * slash at its end.
     */
    static String merge(String endpointPath, String basePath, String clientPath) {
        String configured = stripTrailingSlashes(basePath).isEmpty() ? endpointPath : basePath;
        String prefix = stripTrailingSlashes(configured);
        if (!prefix.isEmpty() && !prefix.startsWith("/")) {
            prefix = "/" + prefix;
        }
        String client = clientPath.equals("/") ? "" : rooted(clientPath);
        if (prefix.isEmpty()) {
            return client;
        }
        if (client.isEmpty() || client.equals("/") || client.equals(prefix)) {
            return configured.endsWith("/") ? prefix + "/" : prefix;
        }
        boolean prefixed =
                client.startsWith(prefix)
                        && (client.length() == prefix.length()
                                || client.charAt(prefix.length()) == '/');
        return prefixed ? client : prefix + client;
    }

    /** The path with exactly one leading slash; the empty path stays empty. */
    private static String rooted(String path) {
        if (path.isEmpty()) {
            return path;
        }
        int i = 0;
        while (i < path.length() && path.charAt(i) == '/') {
            i++;
        }
        return i == 1 ? path : "/" + path.substring(i);
    }

    private static String stripTrailingSlashes(String path) {
        int end = path.length();
        while (end > 0 && path.charAt(end - 1) == '/') {
            end--;
        }
        return path.substring(0, end);
    }

    private static String joinQueries(String first, String second) {
        if (first.isEmpty()) {
            return second;
        }
        return second.isEmpty() ? first : first + "&" + second;
    }
}
