package io.relayminer.testkit.chain;

import com.google.protobuf.ByteString;

import io.grpc.Status;
import io.relayminer.core.wire.cosmos.query.PageRequest;
import io.relayminer.core.wire.cosmos.query.PageResponse;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Pagination as the Cosmos SDK does it: by key or by offset, 100 entries unless told otherwise. */
final class Pages {
    private static final int DEFAULT_LIMIT = 100;

    private Pages() {}

    /** An entry and the key that a later page may begin with. */
    record Entry<T>(ByteString key, T value) {}

    /** One page. */
    record Page<T>(List<T> values, PageResponse response) {}

    /**
     * @param entries all entries, ascending by key
     */
    static <T> Page<T> of(List<Entry<T>> entries, PageRequest request) throws QueryException {
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

    private static boolean isBefore(ByteString key, PageRequest request) {
        int order = ByteString.unsignedLexicographicalComparator().compare(key, request.getKey());
        return request.getReverse() ? order > 0 : order < 0;
    }
}
