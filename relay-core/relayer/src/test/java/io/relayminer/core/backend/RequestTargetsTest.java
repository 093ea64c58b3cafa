package io.relayminer.core.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RequestTargetsTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            emptyValue = "",
            textBlock =
                    """
                    ''             | ''    | /                | ''
                    ''             | ''    | /v1/x            | /v1/x
                    ''             | ''    | /v1/x/           | /v1/x/
                    /ext/bc/C/rpc  | ''    | /                | /ext/bc/C/rpc
                    /ext/bc/C/rpc  | ''    | ''               | /ext/bc/C/rpc
                    /ext/bc/C/rpc  | ''    | /ext/bc/C/rpc    | /ext/bc/C/rpc
                    /ext/bc/C/rpc  | ''    | /ws              | /ext/bc/C/rpc/ws
                    /ext           | ''    | /extra/foo       | /ext/extra/foo
                    /ext/          | ''    | /foo             | /ext/foo
                    /api/          | ''    | /                | /api/
                    /api/          | ''    | ''               | /api/
                    /api/          | ''    | /api             | /api/
                    /api/          | ''    | /api/x           | /api/x
                    /api           | ''    | /api/            | /api/
                    /ignored       | /api/ | /                | /api/
                    /ignored/      | /api  | /                | /api
                    /              | ''    | /                | ''
                    /ignored       | /api/ | /foo             | /api/foo
                    ''             | /api  | /api/foo         | /api/foo
                    ''             | api   | /foo             | /api/foo
                    /              | ''    | /foo             | /foo
                    ''             | ''    | //               | /
                    /ext           | ''    | //               | /ext
                    ''             | ''    | //a//b           | /a//b
                    ''             | ''    | foo              | /foo
                    /ext           | ''    | foo              | /ext/foo
                    """)
    void pathsMerge(String endpoint, String base, String client, String expected) throws Exception {
        assertEquals(expected, target(endpoint, "", base, client));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            emptyValue = "",
            textBlock =
                    """
                    http://gw.example/            | ''
                    https://gw.example            | ''
                    https://gw.example?x=1        | ?x=1
                    https://gw.example:8080/v1?b=2&a=1 | /v1?b=2&a=1
                    http://[::1]:80/v1            | /v1
                    HTTP://u:p@gw/v1#frag         | /v1
                    mailto:someone                | ''
                    /v1?y=%20%2F&z=1&z=2          | /v1?y=%20%2F&z=1&z=2
                    /a%2Fb                        | /a%2Fb
                    /a b                          | /a%20b
                    /ü?q=ü                        | /%C3%BC?q=%C3%BC
                    /time/12:30                   | /time/12:30
                    /v1?q=%zz                     | /v1?q=%zz
                    /v1?                          | /v1
                    """,
            quoteCharacter = '\'',
            ignoreLeadingAndTrailingWhitespace = true)
    void urlsAreTakenApart(String url, String expected) throws Exception {
        assertEquals(expected, target("", "", "", url));
    }

    @Test
    void verticalBarSurvivesTheTable() throws Exception {
        assertEquals("/a%7Cb%7Bc%7D", target("", "", "", "/a|b{c}"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    /../admin           | /ext/admin
                    /a/../../admin      | /ext/admin
                    /ext/../admin       | /ext/admin
                    /%2e%2e/admin       | /ext/admin
                    /.%2E/admin         | /ext/admin
                    ../admin            | /ext/admin
                    /ext/%2E%2e/..      | /ext
                    /./a/./b            | /ext/a/b
                    /a/b/..             | /ext/a/
                    /a/...              | /ext/a/...
                    /.well-known/x      | /ext/.well-known/x
                    """)
    void clientCannotClimbOutOfTheEndpointsPath(String client, String expected) throws Exception {
        assertEquals(expected, target("/ext", "", "", client));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://%zz",
                "http://a b/",
                "/%zz",
                "/%4",
                "/a\rb",
                "/a\nHost: evil",
                "/a\u0000",
                "\u007f",
                ":80/x",
                "1http://x/",
                "ht tp://x/"
            })
    void unusableUrlsAreRefused(String url) {
        assertThrows(InvalidRequestException.class, () -> RequestTargets.ClientUrl.parse(url));
    }

    @ParameterizedTest
    @CsvSource({"'','',''", "key=1,'',?key=1", "'',a=b,?a=b", "key=1,a=b,?key=1&a=b"})
    void queriesAreJoinedEndpointFirst(String endpoint, String client, String expected)
            throws Exception {
        assertEquals(
                "/p" + expected,
                target("/p", endpoint, "", client.isEmpty() ? "/" : "/?" + client));
    }

    private static String target(String endpoint, String query, String base, String client)
            throws InvalidRequestException {
        return RequestTargets.join(endpoint, query, base, RequestTargets.ClientUrl.parse(client));
    }
}
