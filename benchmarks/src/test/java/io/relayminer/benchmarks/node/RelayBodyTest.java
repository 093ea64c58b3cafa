package io.relayminer.benchmarks.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import com.fasterxml.jackson.databind.ObjectMapper;

import org.junit.jupiter.api.Test;

class RelayBodyTest {

    @Test
    void everyBodyIsJsonOfTheWantedSizeAndUnlikeTheOthers() throws Exception {
        RelayBody body = new RelayBody(1000);
        String first = body.next();
        String second = body.next();
        assertEquals(1000, first.length());
        assertEquals(1000, second.length());
        assertNotEquals(first, second);
        assertEquals("eth_blockNumber", new ObjectMapper().readTree(first).path("method").asText());
    }
}
