package io.relayminer.core.chain;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** What is to be known of the nodes of a chain before work begins. */
final class ChainCheck {

    private static final Logger LOG = LoggerFactory.getLogger(ChainCheck.class);

    private ChainCheck() {}

    /**
     * Looks at every configured node. One that does not answer is reported, once and by its
     * address, since it may still come; one of another chain ends the start.
     *
     * @param chain waited for until its time-out
     * @throws IllegalStateException if a node belongs to another chain than the configured one; the
     *     message names both
     */
    static void atStart(ChainClient chain) {
        List<String> others = new ArrayList<>();
        List<String> silent = new ArrayList<>();
        for (NodeProblem problem : chain.examineNodes().toCompletableFuture().join()) {
            switch (problem) {
                case NodeProblem.OtherChain other -> others.add(other.message());
                case NodeProblem.Silent missing -> silent.add(missing.message());
            }
        }
        if (!others.isEmpty()) {
            throw new IllegalStateException(
                    String.join("; ", others)
                            + ". Correct pocket_node.chain_id or pocket_node.query_node_rpc_url");
        }
        if (!silent.isEmpty()) {
            LOG.warn(
                    "a part of the chain is not reached yet: {}. Check pocket_node and, for gRPC,"
                            + " pocket_node.grpc_insecure",
                    silent.stream().collect(Collectors.joining("; ")));
        }
    }
}
