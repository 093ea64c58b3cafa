/** The built-in transports and backend clients on Vert.x. */
@org.jspecify.annotations.NullMarked
package io.relayminer.transport.vertx;
