package io.relayminer.core.miner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.relayminer.core.wire.shared.Params;
import io.relayminer.leader.LeaseSettings;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.Optional;

class TakeOverTimeTest {

    private static final LeaseSettings LEASE =
            new LeaseSettings(
                    Duration.ofSeconds(90), Duration.ofSeconds(10), Duration.ofSeconds(30));
    private static final LeaseSettings LEADER =
            new LeaseSettings(
                    Duration.ofSeconds(30), Duration.ofSeconds(10), Duration.ofSeconds(30));

    /** Windows of eight blocks. */
    private static final Params PARAMS =
            Params.newBuilder()
                    .setNumBlocksPerSession(6)
                    .setGracePeriodEndOffsetBlocks(1)
                    .setClaimWindowOpenOffsetBlocks(1)
                    .setClaimWindowCloseOffsetBlocks(8)
                    .setProofWindowOpenOffsetBlocks(0)
                    .setProofWindowCloseOffsetBlocks(8)
                    .build();

    @Test
    void aTakeOverThatMayOutlastAWindowIsWarnedOf() {
        TakeOverTime fair = TakeOverTime.of(LEASE, LEADER, Miner.Assignment.FAIR_SHARE);
        assertEquals(Duration.ofSeconds(120), fair.worst());
        assertEquals(Optional.empty(), fair.warning(PARAMS, Duration.ofSeconds(16)));
        String warning = fair.warning(PARAMS, Duration.ofSeconds(2)).orElseThrow();
        assertTrue(warning.contains("after 120 s") && warning.contains("for 16 s"), warning);
    }

    @Test
    void suppliersThatFollowTheLeaderWaitForANewOneFirst() {
        TakeOverTime led = TakeOverTime.of(LEASE, LEADER, Miner.Assignment.LEADER);
        assertEquals(Duration.ofSeconds(160), led.worst());
        assertTrue(led.warning(PARAMS, Duration.ofSeconds(16)).isPresent());
    }
}
