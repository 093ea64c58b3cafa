package io.relayminer.core.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.URI;

class UrlAuthorityTest {

    @ParameterizedTest
    @CsvSource({
        "http://node:8545/x, '', node, 8545",
        "http://eth_node:8545/x?y=1, '', eth_node, 8545",
        "http://eth_node, '', eth_node, -1",
        "http://eth_node:/x, '', eth_node, -1",
        "ws://my_stack_eth-node.default:1, '', my_stack_eth-node.default, 1",
        "http://_svc._tcp.node:1, '', _svc._tcp.node, 1",
        "http://u:p%40+w@eth_node:1, u:p@+w, eth_node, 1",
        "http://u:p@node, u:p, node, -1",
        "http://[::1]:80, '', [::1], 80"
    })
    void hostsAreRead(URI url, String user, String host, int port) {
        UrlAuthority authority = UrlAuthority.of(url);
        assertEquals(new UrlAuthority(user, host, port), authority);
        assertEquals(host.contains("_"), authority.hasUnderscore());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http:///x",
                "mailto:secret",
                "http://secret@",
                "http://eth_node:secret",
                "http://eth_node:123456",
                "http://-secret_",
                "http://a:b:secret_"
            })
    void whatNamesNoHostIsRefusedWithoutBeingRepeated(URI url) {
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> UrlAuthority.of(url));
        assertFalse(e.getMessage().contains("secret"));
    }

    @Test
    void passwordsAreNotPrinted() {
        assertEquals(
                "eth_node:1",
                UrlAuthority.of(URI.create("http://user:pw@eth_node:1/x")).toString());
    }
}
