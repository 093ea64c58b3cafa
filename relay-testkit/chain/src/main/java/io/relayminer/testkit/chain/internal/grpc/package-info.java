/**
 * The node's gRPC interface, its reflection, and the queries on transactions and on the node
 * itself.
 */
@org.jspecify.annotations.NullMarked
package io.relayminer.testkit.chain.internal.grpc;
