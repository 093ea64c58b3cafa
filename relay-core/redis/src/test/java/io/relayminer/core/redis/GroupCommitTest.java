package io.relayminer.core.redis;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.util.concurrent.atomic.AtomicInteger;

class GroupCommitTest {

    private final AtomicInteger writes = new AtomicInteger();
    private final GroupCommit commit = new GroupCommit(writes::incrementAndGet, 4);

    @Test
    void theFirstCommandIsWrittenAtOnce() {
        commit.buffered();
        assertEquals(1, writes.get());
    }

    @Test
    void commandsBehindAnOutstandingOneAreWrittenTogetherByItsAnswer() {
        commit.buffered();
        commit.buffered();
        commit.buffered();
        assertEquals(1, writes.get());
        commit.answered();
        assertEquals(2, writes.get());
        commit.answered();
        commit.answered();
        assertEquals(2, writes.get(), "nothing is left to write");
    }

    @Test
    void aLongBufferIsWrittenWithoutAnAnswer() {
        for (int i = 0; i < 5; i++) {
            commit.buffered();
        }
        assertEquals(2, writes.get());
    }

    @Test
    void anAnswerThatOvertakesTheCountDoesNotStrandTheNextCommand() {
        commit.answered();
        commit.buffered();
        commit.buffered();
        assertEquals(2, writes.get(), "the second command has nothing outstanding to wait for");
    }
}
