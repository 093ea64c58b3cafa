package io.relayminer.core.redis;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.relayminer.core.redis.RedisEndpoint.Cluster;
import io.relayminer.core.redis.RedisEndpoint.HostPort;
import io.relayminer.core.redis.RedisEndpoint.Sentinel;
import io.relayminer.core.redis.RedisEndpoint.Standalone;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.time.Duration;
import java.util.List;

class RedisEndpointTest {

    @Test
    void standaloneForms() {
        Standalone plain = (Standalone) RedisEndpoint.parse("redis://");
        assertEquals(new HostPort("localhost", 6379), plain.address());
        assertEquals(0, plain.database());
        assertFalse(plain.tls());
        Standalone full =
                (Standalone)
                        RedisEndpoint.parse(
                                "rediss://us%40er:p%2Fw+d@[::1]:7000/3?skip_verify=true&pool_size=9"
                                        + "&dial_timeout=2s&client_name=x");
        assertEquals(new HostPort("::1", 7000), full.address());
        assertEquals("us@er", full.credentials().user());
        assertEquals("p/w+d", full.credentials().password());
        assertEquals(3, full.database());
        assertTrue(full.tls());
        assertFalse(full.verifyPeer());
        assertEquals(Duration.ofSeconds(2), full.options().dialTimeout());
        assertEquals("x", full.options().clientName());
        assertFalse(full.toString().contains("p/w+d"));
        Standalone db = (Standalone) RedisEndpoint.parse("redis://h?db=5");
        assertEquals(5, db.database());
        assertEquals(new HostPort("h", 6379), db.address());
    }

    @Test
    void sentinelForm() {
        Sentinel s =
                (Sentinel)
                        RedisEndpoint.parse("redis-sentinel://:secret@h1:26379,h2/mymaster?db=2");
        assertEquals(List.of(new HostPort("h1", 26379), new HostPort("h2", 26379)), s.sentinels());
        assertEquals("mymaster", s.master());
        assertEquals("secret", s.credentials().password());
        assertEquals(2, s.database());
    }

    @Test
    void clusterForm() {
        Cluster c = (Cluster) RedisEndpoint.parse("redis-cluster://u:p@h1:6379,h2:6380");
        assertEquals(List.of(new HostPort("h1", 6379), new HostPort("h2", 6380)), c.seeds());
        assertEquals("u", c.credentials().user());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "localhost:6379",
                "http://h:1",
                "redis://h:x",
                "redis://h:0",
                "redis://h:70000",
                "redis://n1:6379,n2:6379",
                "redis://h/notanumber",
                "redis://h/-1",
                "redis://h?unknown=1",
                "redis://h?skip_verify=true",
                "redis://h?db",
                "redis://h?read_timeout=soon",
                "redis://[::1",
                "redis://u:%zz@h",
                "redis-sentinel://h1:1,h2:2",
                "redis-sentinel://h1,,h2/m",
                "redis-cluster://"
            })
    void refusesWhatItCannotUse(String url) {
        RedisStateException.InvalidUrl e =
                assertThrows(RedisStateException.InvalidUrl.class, () -> RedisEndpoint.parse(url));
        assertFalse(String.valueOf(e.getMessage()).isBlank());
    }

    @Test
    void errorsDoNotRepeatThePassword() {
        RedisStateException e =
                assertThrows(
                        RedisStateException.class,
                        () -> RedisEndpoint.parse("redis://u:hunter2@h:x"));
        assertFalse(String.valueOf(e.getMessage()).contains("hunter2"));
    }

    /** Characters of a password that end it, as a client of another make would read them. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "redis://:hunter2#hunter3@h:6379",
                "redis://:hunter2@hunter3@h:6379",
                "redis://:hunter2/hunter3@h:6379",
                "redis://:hunter2?hunter3@h:6379",
                "redis://:hunter2?hunter3=1@h:6379",
                "redis://h:6379/hunter2",
                "redis://hunter2:hunter3:h:6379",
                "hunter2",
                "rediss://:hunter2@h:70000",
                "redis-sentinel://:hunter2@h1,h2"
            })
    void aPasswordThatIsNotEncodedIsRefusedAndNotRepeated(String url) {
        RedisStateException e =
                assertThrows(RedisStateException.class, () -> RedisEndpoint.parse(url));
        String message = String.valueOf(e.getMessage());
        assertFalse(message.contains("hunter"), message);
        assertTrue(message.startsWith("redis.url cannot be used: "), message);
    }
}
