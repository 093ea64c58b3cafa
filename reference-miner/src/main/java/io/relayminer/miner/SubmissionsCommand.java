package io.relayminer.miner;

import static io.relayminer.miner.RedisCommands.cut;

import io.relayminer.core.miner.store.SubmissionReport;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** What was submitted to the chain, and what the chain made of it. */
@Command(
        name = "submissions",
        description = "What was submitted and what became of it.",
        mixinStandardHelpOptions = true)
final class SubmissionsCommand extends LookCommand {

    @Option(names = "--supplier", defaultValue = "")
    private String supplier = "";

    @Option(names = "--service", defaultValue = "")
    private String service = "";

    @Option(names = "--app", defaultValue = "")
    private String application = "";

    @Option(names = "--session", defaultValue = "")
    private String session = "";

    @Option(names = "--session-end", defaultValue = "0")
    private long sessionEnd;

    @Option(names = "--failed-only")
    private boolean failedOnly;

    @Option(names = "--success-only")
    private boolean successOnly;

    @Option(names = "--json")
    private boolean json;

    @Option(names = "--limit", defaultValue = "50")
    private int limit;

    @Override
    void at(RedisCommands.Session s) {
        List<SubmissionReport> records = new ArrayList<>();
        String pattern =
                supplier.isEmpty()
                        ? s.keys().submissionPattern()
                        : s.keys().submissionPattern(supplier);
        for (String key : s.scan(pattern)) {
            byte[] stored = s.get(key);
            if (stored == null) {
                continue;
            }
            SubmissionReport r = SubmissionReport.decode(stored);
            boolean failed = outcome(r).startsWith("FAILED");
            if ((service.isEmpty() || service.equals(r.service()))
                    && (application.isEmpty() || application.equals(r.application()))
                    && (session.isEmpty() || session.equals(r.sessionId()))
                    && (sessionEnd == 0 || sessionEnd == r.sessionEnd())
                    && (!failedOnly || failed)
                    && (!successOnly || !failed)) {
                records.add(r);
            }
        }
        records.sort(
                Comparator.comparingLong(SubmissionReport::sessionStart)
                        .thenComparingLong(r -> r.claim().submitTimestamp())
                        .reversed());
        if (!json) {
            s.out()
                    .printf(
                            "%10s %-18s %-18s %-18s %8s %14s %-18s %s%n",
                            "END", "SERVICE", "CLAIM", "PROOF", "RELAYS", "CU", "SESSION",
                            "OUTCOME");
        }
        int shown = 0;
        for (SubmissionReport r : records) {
            if (limit > 0 && shown++ == limit) {
                break;
            }
            if (json) {
                s.out().println(new String(r.encode(), StandardCharsets.UTF_8));
            } else {
                s.out()
                        .printf(
                                "%10d %-18s %-18s %-18s %8d %14s %-18s %s%n",
                                r.sessionEnd(),
                                r.service(),
                                status(r.claim().success(), r.claim().outcome()),
                                r.proofRequired()
                                        ? status(r.proof().success(), r.proof().outcome())
                                        : "not required",
                                r.relays(),
                                Long.toUnsignedString(r.computeUnits()),
                                cut(r.sessionId()),
                                outcome(r));
            }
        }
    }

    private static String status(boolean success, String outcome) {
        return outcome.isEmpty() ? (success ? "sent" : "not sent") : outcome;
    }

    private static String outcome(SubmissionReport r) {
        if (!r.claim().success() && !r.claim().outcome().equals(SubmissionReport.FOUND)) {
            return "FAILED " + r.claim().errorReason();
        }
        if (r.claim().outcome().equals(SubmissionReport.MISSING)
                || r.proof().outcome().equals(SubmissionReport.MISSING)) {
            return "FAILED missing on chain";
        }
        return r.proofRequired() && r.proof().outcome().isEmpty() ? "open" : "ok";
    }
}
