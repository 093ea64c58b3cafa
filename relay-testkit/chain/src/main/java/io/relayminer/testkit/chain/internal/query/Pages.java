package io.relayminer.testkit.chain.internal.query;

import com.google.protobuf.ByteString;

import io.grpc.Status;
import io.relayminer.core.wire.cosmos.query.PageRequest;
import io.relayminer.core.wire.cosmos.query.PageResponse;
import io.relayminer.testkit.chain.internal.state.StateReader;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/** Pagination as the Cosmos SDK does it: by key or by offset, 100 entries unless told otherwise. */
public final class Pages {
    private static final int DEFAULT_LIMIT = 100;

    private Pages() {}

    /** An entry and the key that a later page may begin with. */
    public record Entry<T>(ByteString key, T value) {}

    /** One page. */
    public record Page<T>(List<T> values, PageResponse response) {}

    /**
     * The asked-for page of all entries.
     *
     * @param entries all entries, ascending by key
     */
    public static <T> Page<T> of(List<Entry<T>> entries, PageRequest request)
            throws QueryException {
        if (!request.getKey().isEmpty() && request.getOffset() != 0) {
            throw new QueryException(
                    Status.Code.INVALID_ARGUMENT,
                    "invalid request, either offset or key is expected, got both");
        }
        boolean countTotal = request.getCountTotal() || request.getLimit() == 0;
        long limit = request.getLimit() == 0 ? DEFAULT_LIMIT : request.getLimit();
        List<Entry<T>> ordered = new ArrayList<>(entries);
        if (request.getReverse()) {
            Collections.reverse(ordered);
        }
        int from = 0;
        if (!request.getKey().isEmpty()) {
            countTotal = false;
            while (from < ordered.size() && isBefore(ordered.get(from).key(), request)) {
                from++;
            }
        } else {
            from = (int) Math.min(ordered.size(), request.getOffset());
        }
        int to = (int) Math.min(ordered.size(), from + Math.min(limit, Integer.MAX_VALUE / 2));
        PageResponse.Builder response = PageResponse.newBuilder();
        if (to < ordered.size()) {
            response.setNextKey(ordered.get(to).key());
        }
        if (countTotal) {
            response.setTotal(ordered.size());
        }
        return new Page<>(
                ordered.subList(from, to).stream().map(Entry::value).toList(), response.build());
    }

    /** All values under a prefix; page keys are what follows the prefix, with a slash. */
    static <T> List<Entry<T>> under(StateReader state, String prefix, Class<T> type) {
        List<Entry<T>> entries = new ArrayList<>();
        for (Map.Entry<String, Object> entry : state.scan(prefix)) {
            entries.add(
                    new Entry<>(
                            ByteString.copyFromUtf8(
                                    entry.getKey().substring(prefix.length()) + "/"),
                            type.cast(entry.getValue())));
        }
        return entries;
    }

    private static boolean isBefore(ByteString key, PageRequest request) {
        int order = ByteString.unsignedLexicographicalComparator().compare(key, request.getKey());
        return request.getReverse() ? order > 0 : order < 0;
    }
}
