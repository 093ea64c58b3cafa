package io.relayminer.provider;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Optional;

class NearestNameTest {

    @Test
    void findsTheOneWithTheFewestEdits() {
        List<String> names = List.of("listen_addr", "listen", "pool_size");
        assertEquals(Optional.of("listen_addr"), NearestName.of("listen_adr", names));
        assertEquals(Optional.of("pool_size"), NearestName.of("pool_sise", names));
        assertEquals(Optional.of("listen"), NearestName.of("lsiten", names));
    }

    @Test
    void findsNothingAmongNamesThatAreAllDifferent() {
        assertEquals(Optional.empty(), NearestName.of("timeout", List.of("listen", "url")));
        assertEquals(Optional.empty(), NearestName.of("x", List.of()));
    }

    @Test
    void toleratesAThirdOfALongName() {
        assertEquals(
                Optional.of("abcdefgxxx"), NearestName.of("abcdefghij", List.of("abcdefgxxx")));
        assertEquals(Optional.empty(), NearestName.of("abcdefghij", List.of("abcdefxxxx")));
    }
}
