package io.relayminer.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The example of the module's README, compiled and run; the README must show exactly these lines.
 */
class ReadmeExampleTest {
    @Test
    void example() throws Exception {
        // example
        SecureRandom random = new SecureRandom();
        byte[] secret = new byte[32];
        random.nextBytes(secret);
        try (PrivateKey gateway = PrivateKey.of(secret);
                RingSigner signer = new RingSigner(gateway, random);
                RingVerifier verifier = RingVerifier.create()) {
            random.nextBytes(secret);
            PublicKey application = PrivateKey.of(secret).publicKey();
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(new byte[] {1, 2, 3});
            Ring ring = Ring.signing(application, List.of(gateway.publicKey()));
            byte[] signature = signer.sign(hash, ring).encoded();

            Ring expected = Ring.expected(application, List.of(gateway.publicKey()));
            switch (verifier.verify(hash, signature, expected)) {
                case RingVerdict.Accepted accepted -> System.out.println("signed by a member");
                case RingVerdict.Rejected(RingRejection reason) -> throw new AssertionError(reason);
            }
            assertTrue(gateway.publicKey().verify(hash, gateway.sign(hash)));
        }
        // end
    }

    @Test
    void theReadmeShowsTheExample() throws IOException {
        List<String> source =
                Files.readAllLines(
                        Path.of("src/test/java/io/relayminer/ring/ReadmeExampleTest.java"));
        String example =
                source.stream()
                        .dropWhile(line -> !line.equals("        // example"))
                        .skip(1)
                        .takeWhile(line -> !line.equals("        // end"))
                        .map(line -> line.isEmpty() ? line : line.substring(8))
                        .collect(Collectors.joining("\n"));
        assertTrue(example.lines().count() <= 20, "the example is short");
        String readme = Files.readString(Path.of("README.md"));
        int start = readme.indexOf("```java\n") + "```java\n".length();
        assertEquals(example, readme.substring(start, readme.indexOf("\n```", start)));
    }
}
