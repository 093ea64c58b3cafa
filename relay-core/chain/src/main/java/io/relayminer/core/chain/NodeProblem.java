package io.relayminer.core.chain;

/**
 * Why a node of the chain cannot be used as it is configured. Texts are for the operator: they name
 * addresses, never credentials.
 */
public sealed interface NodeProblem {

    /** What is wrong, and with which address. */
    String message();

    /**
     * The node does not answer.
     *
     * @param kind what of the node: {@code gRPC} or {@code CometBFT RPC}
     * @param address host and port
     * @param why in the words of whoever tried
     */
    record Silent(String kind, String address, String why) implements NodeProblem {
        @Override
        public String message() {
            return kind + " " + address + " does not answer: " + why;
        }
    }

    /**
     * The node belongs to another chain.
     *
     * @param address host and port
     * @param reported chain id that the node reports
     * @param configured chain id in the settings
     */
    record OtherChain(String address, String reported, String configured) implements NodeProblem {
        @Override
        public String message() {
            return "CometBFT RPC "
                    + address
                    + " is a node of chain \""
                    + reported
                    + "\", but the configured chain id is \""
                    + configured
                    + "\"";
        }
    }
}
