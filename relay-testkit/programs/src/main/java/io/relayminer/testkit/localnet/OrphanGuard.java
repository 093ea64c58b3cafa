package io.relayminer.testkit.localnet;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * Ends the processes that a localnet has started when the localnet itself is killed and cannot do
 * it any more.
 *
 * <p>The guard is a shell that reads process ids from its standard input. The pipe breaks when this
 * process ends, however it ends; what is on the list then gets {@code kill -9}. A process is taken
 * off the list as soon as it is known to be gone, because its id may be given to another. The shell
 * ignores the signals of a terminal, which go to it as well. Where there is no {@code /bin/sh}
 * there is no guard. Thread-safe.
 */
final class OrphanGuard implements AutoCloseable {

    private static final Path SHELL = Path.of("/bin/sh");
    private static final String SCRIPT =
            """
            trap '' INT TERM HUP
            list=
            while read -r sign pid; do
              rest=
              for p in $list; do
                [ "$p" = "$pid" ] || rest="$rest $p"
              done
              list=$rest
              [ "$sign" = + ] && list="$list $pid"
            done
            for p in $list; do
              kill -9 "$p" 2>/dev/null
            done
            """;

    private final @Nullable Process shell;
    private final @Nullable Writer list;

    private OrphanGuard(@Nullable Process shell) {
        this.shell = shell;
        this.list = shell == null ? null : shell.outputWriter(StandardCharsets.US_ASCII);
    }

    /** No guard at all. */
    static OrphanGuard none() {
        return new OrphanGuard(null);
    }

    /** A guard with nothing to guard. */
    static OrphanGuard start() {
        if (!Files.isExecutable(SHELL)) {
            return new OrphanGuard(null);
        }
        try {
            return new OrphanGuard(
                    new ProcessBuilder(SHELL.toString(), "-c", SCRIPT)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .redirectError(ProcessBuilder.Redirect.DISCARD)
                            .start());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot start " + SHELL, e);
        }
    }

    /** Puts a process on the list. */
    void watch(long pid) {
        write('+', pid);
    }

    /** Takes a process off the list; it is gone. */
    void forget(long pid) {
        write('-', pid);
    }

    private synchronized void write(char sign, long pid) {
        if (list == null) {
            return;
        }
        try {
            list.append(sign).append(' ').append(Long.toString(pid)).append('\n').flush();
        } catch (IOException guardIsGone) {
            // Somebody killed the shell. The processes are still ended in the usual way.
        }
    }

    /** Ends the guard, and what is still on its list. */
    @Override
    public synchronized void close() {
        if (list == null || shell == null) {
            return;
        }
        try {
            list.close();
        } catch (IOException guardIsGone) {
            return;
        }
        try {
            if (!shell.waitFor(10, TimeUnit.SECONDS)) {
                shell.destroyForcibly();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
